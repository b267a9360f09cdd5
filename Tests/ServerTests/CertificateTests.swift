// SPDX-License-Identifier: Apache-2.0
// Files of certificates: when they are loaded again, what is wrong with them, and the gateway's own.

import Foundation
import Logging
import TLS
import Testing

@testable import Server

@Suite struct CertificateTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("files are loaded when they change or an operator asks, and a failure to read is said once")
    func watch() {
        var state = CertificateWatchState(loaded: "a")
        let first = [state.read("a", isAsked: false), state.read("b", isAsked: false)]
        #expect(first == [.nothing, .load])
        let again = [state.read("b", isAsked: false), state.read("b", isAsked: true)]
        #expect(again == [.nothing, .load])
        let failures = [
            state.failed("gone", isAsked: false), state.failed("gone", isAsked: false),
            state.failed("gone", isAsked: true), state.failed("denied", isAsked: false),
        ]
        #expect(failures == [.report, .nothing, .report, .report])
        let back = [state.read("b", isAsked: false), state.failed("denied", isAsked: false)]
        #expect(back == [.nothing, .report])
    }

    @Test("settings that contradict each other are refused")
    func settings() {
        var both = TLSSettings()
        both.isSelfSigned = true
        both.pairs = [.init(certificate: "/c", key: "/k")]
        #expect(both.mistake == "a self-signed certificate and one from a file exclude each other")
        var clients = TLSSettings()
        clients.clientRoots = "/r"
        #expect(clients.mistake == "certificates of clients need a certificate of the gateway")
        var redirect = TLSSettings()
        redirect.redirect = ListenAddress()
        #expect(redirect.mistake == "a redirect to HTTPS needs a certificate of the gateway")
        #expect(TLSSettings().mistake == nil)
    }

    private func with(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/mayfly-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("the gateway's own certificate is made once, and its key is for its owner only")
    func own() throws {
        try with { folder in
            try OwnCertificate.prepare(in: folder, host: "0.0.0.0")
            let settings = OwnCertificate.settings(in: folder)
            let key = settings.pairs[0].key
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
            let first = try CertificateFiles(settings).digest
            try OwnCertificate.prepare(in: folder, host: "0.0.0.0")
            #expect(try CertificateFiles(settings).digest == first)
            // A key that does not fit any more is replaced together with its certificate.
            try "x".write(toFile: key, atomically: false, encoding: .utf8)
            try OwnCertificate.prepare(in: folder, host: "example.org")
            #expect(try CertificateFiles(settings).digest != first)
        }
    }

    @Test("what cannot be read is named with its reason")
    func unreadable() throws {
        try with { folder in
            var settings = TLSSettings()
            settings.pairs = [.init(certificate: folder + "/none", key: folder)]
            #expect(throws: TLSError.unreadable(path: folder + "/none", reason: "no such file or directory"))
            {
                try CertificateFiles(settings)
            }
            settings.pairs[0].certificate = folder
            #expect(throws: TLSError.unreadable(path: folder, reason: "is a directory")) {
                try CertificateFiles(settings)
            }
        }
    }

    @Test("files of the data folder are not opened by the warden")
    func pinned() {
        var settings = TLSSettings()
        settings.pairs = [
            .init(certificate: "/data/x/c", key: "/etc/k"), .init(certificate: "/database/c", key: "/data/k"),
        ]
        #expect(CertificateFiles.pinned(settings, outside: "/data") == ["/etc/k", "/database/c"])
    }

    @Test("changed files are loaded, and files that do not belong together leave the old ones")
    func keeper() throws {
        try with { folder in
            try OwnCertificate.prepare(in: folder, host: "a.example")
            let settings = OwnCertificate.settings(in: folder)
            let files = try CertificateFiles(settings)
            let server = try TLSServer(files.pairs, protocols: [])
            let keeper = CertificateKeeper(
                server,
                { settings },
                loaded: files,
                open: CertificateFiles.opener(nil),
                logger: logger
            )
            #expect(server.generation == 0)
            keeper.look(isAsked: false)
            #expect(server.generation == 0)
            keeper.look(isAsked: true)
            #expect(server.generation == 1)
            let other = try SelfSignedCertificate(names: ["b.example"], addresses: [])
            try Data(other.certificate).write(to: URL(fileURLWithPath: settings.pairs[0].certificate))
            keeper.look(isAsked: false)
            #expect(server.generation == 1)
            try Data(other.key).write(to: URL(fileURLWithPath: settings.pairs[0].key))
            keeper.look(isAsked: false)
            #expect(server.generation == 2)
        }
    }
}
