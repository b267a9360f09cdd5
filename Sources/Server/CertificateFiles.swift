// SPDX-License-Identifier: Apache-2.0
// Reads PEM files for TLS, and makes the gateway's own certificate. GatewayProcess and CertificateKeeper drive it.

import Foundation
import FunctionModel
import Glibc
import OCI
import Sandbox
import TLS

/// The files of ``TLSSettings``, as bytes.
struct CertificateFiles: Sendable {
    var pairs: [TLSPair]
    var clientRoots: PEMFile?

    /// Changes whenever a byte of any file does.
    var digest: String {
        var hash = SHA256()
        for file in pairs.flatMap({ [$0.certificate, $0.key] }) + (clientRoots.map { [$0] } ?? []) {
            hash.update(Array("\(file.bytes.count):".utf8))
            hash.update(file.bytes)
        }
        return hash.finish().description
    }

    /// Reads every file; blocks.
    ///
    /// - Parameters:
    ///   - settings: their paths.
    ///   - open: opens one for reading; the caller's user, or the warden.
    /// - Throws: ``TLSError`` with the file's path.
    init(_ settings: TLSSettings, open: (String) -> OpenedFile = CertificateFiles.open) throws(TLSError) {
        pairs = []
        for pair in settings.pairs {
            pairs.append(
                TLSPair(
                    certificate: try Self.read(pair.certificate, open),
                    key: try Self.read(pair.key, open)
                )
            )
        }
        clientRoots = try settings.clientRoots.map { path throws(TLSError) in try Self.read(path, open) }
    }

    /// The files that the warden opens for a gateway that has given up root.
    ///
    /// None of the data folder: its user could replace one there by a link to any file of root's.
    static func pinned(_ settings: TLSSettings, outside directory: String) -> [String] {
        settings.paths.filter { path in
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath().path
            return folder != directory && !folder.hasPrefix(directory + "/")
        }
    }

    /// Opens a file as the warden does where there is one, else as this process's user.
    static func opener(_ warden: Warden?) -> @Sendable (String) -> OpenedFile {
        { path in
            do throws(SandboxError) {
                if let descriptor = try warden?.openFile(path) { return .descriptor(descriptor) }
                return open(path)
            } catch {
                if case .system(_, let number) = error { return .failed(reason: systemMessage(number)) }
                return .failed(reason: error.description)
            }
        }
    }

    /// A descriptor, or why there is none.
    enum OpenedFile {
        case descriptor(Int32)
        case failed(reason: String)
    }

    /// Opens a file as this process's user; a pipe or device blocks nothing.
    static func open(_ path: String) -> OpenedFile {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        return descriptor >= 0 ? .descriptor(descriptor) : .failed(reason: systemMessage(errno))
    }

    private static func read(_ path: String, _ open: (String) -> OpenedFile) throws(TLSError) -> PEMFile {
        let descriptor: Int32
        switch open(path) {
        case .descriptor(let opened): descriptor = opened
        case .failed(let reason): throw .unreadable(path: path, reason: reason)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= PEMFile.bytesMax {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, reason: systemMessage(errno)) }
            if count == 0 { return PEMFile(path: path, bytes: bytes) }
            bytes += piece[..<count]
        }
        throw .tooLarge(path: path, bytesMax: PEMFile.bytesMax)
    }
}

/// The certificate that a gateway makes for itself, in `DATA/tls`.
enum OwnCertificate {
    /// How long before its end one is replaced, at a start.
    static let renewalSeconds: Int64 = 30 * 24 * 60 * 60

    /// Where it lies.
    static func settings(in dataDirectory: String, clientRoots: String? = nil) -> TLSSettings {
        var settings = TLSSettings()
        settings.clientRoots = clientRoots
        let folder = dataDirectory + "/tls"
        settings.pairs = [.init(certificate: folder + "/self-signed.crt", key: folder + "/self-signed.key")]
        return settings
    }

    /// Makes certificate and key, mode 0600, unless there are such that are valid for a while.
    ///
    /// Blocks for some milliseconds.
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA.
    ///   - host: the address of the listener; in the certificate unless it is every address.
    /// - Throws: ``TLSError``.
    static func prepare(in dataDirectory: String, host: String) throws(TLSError) {
        let pair = settings(in: dataDirectory).pairs[0]
        if isUsable(settings(in: dataDirectory)) { return }
        var names = ["localhost"]
        var addresses = ["127.0.0.1", "::1"]
        let machine = ProcessInfo.processInfo.hostName
        for name in [host, machine] where !["0.0.0.0", "::"].contains(name) {
            if isAddress(name) {
                if !addresses.contains(name) { addresses.append(name) }
            } else if !names.contains(name), isName(name) {
                names.append(name)
            }
        }
        let made = try SelfSignedCertificate(names: names, addresses: addresses)
        try DurableFile.write(made.key, to: pair.key, creating: 1)
        try DurableFile.write(made.certificate, to: pair.certificate, creating: 1)
    }

    private static func isUsable(_ settings: TLSSettings) -> Bool {
        guard let files = try? CertificateFiles(settings),
            let server = try? TLSServer(files.pairs, protocols: [])
        else { return false }
        let now = Int64(Date.now.timeIntervalSince1970)
        return server.warnings(nowSeconds: now + renewalSeconds).isEmpty
    }

    private static func isAddress(_ text: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }

    /// What OpenSSL's text form of a name carries without quoting.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
