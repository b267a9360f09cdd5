// SPDX-License-Identifier: Apache-2.0
// An authority that lies, stalls or floods: each attempt ends with a clear error after a bounded number of requests, and
// the certificate in use stays.

import Foundation
import Logging
import Synchronization
import TLS
import Testing

@testable import ACME

/// What is shown at the moment.
private final class Shown: ChallengeResponder {
    let kinds = [ChallengeKind.http]
    let answers = Mutex<[String: String]>([:])
    let most = Mutex(0)

    func publish(_ answer: ChallengeAnswer) throws(ACMEError) {
        let count = answers.withLock { answers in
            answers[answer.token] = answer.keyAuthorization
            return answers.count
        }
        most.withLock { $0 = max($0, count) }
    }

    func withdraw(_ answer: ChallengeAnswer) { answers.withLock { $0[answer.token] = nil } }
}

@Suite struct HostileAuthorityTests {
    private static let now: Int64 = 1_800_000_000

    private static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/mayfly-acme-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// One attempt; its error, and what the authority was asked.
    private static func attempt(
        exchangeTime: Duration = .seconds(20),
        _ script: @escaping FakeAuthority.Script
    ) async throws -> (error: ACMEError?, paths: [String]) {
        let authority = try FakeAuthority(script)
        defer { authority.stop() }
        var error: ACMEError?
        let shown = Shown()
        try await withFolder { folder in
            let issuer = CertificateIssuer(
                client: try ACMEClient(authority.directory, roots: nil, exchangeTime: exchangeTime),
                files: ACMEFiles(dataDirectory: folder, authority: authority.directory),
                responder: shown,
                email: "",
                sleep: { _ in }
            )
            do throws(ACMEError) {
                _ = try await issuer.issue("a.example", by: .http, nowSeconds: now)
            } catch let failure {
                error = failure
            }
        }
        #expect(shown.answers.withLock { $0.isEmpty }, "a challenge is still answered")
        return (error, authority.paths)
    }

    @Test(
        "answers that are too large are not kept",
        arguments: ["/directory", "/order", "/authz", "/certificate"]
    )
    func floods(path: String) async throws {
        let flood = String(repeating: "x", count: ACMEClient.chainBytesMax + 1)
        let (error, _) = try await Self.attempt { asked, count, base in
            if asked == path { return .init(body: flood) }
            if asked == "/order/1" {
                return .init(body: FakeAuthority.order(count == 0 ? "ready" : "valid", base))
            }
            return nil
        }
        guard case .tooLarge = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }

    @Test(
        "an authority that never decides is asked a bounded number of times",
        arguments: ["/authz", "/order/1"]
    )
    func undecided(path: String) async throws {
        let (error, paths) = try await Self.attempt { asked, _, base in
            if asked == "/authz" {
                return .init(body: FakeAuthority.authorization(path == asked ? "pending" : "valid", base))
            }
            return asked == "/order/1" ? .init(body: FakeAuthority.order("processing", base)) : nil
        }
        guard case .unfinished = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(paths.count < OrderState.questionsMax + 10)
        if path == "/authz" { #expect(paths.count { $0 == "/challenge" } == 1) }
    }

    @Test("a nonce that is refused is replaced, and endless refusals are given up")
    func nonces() async throws {
        let refusal = "{\"type\":\"urn:ietf:params:acme:error:badNonce\"}"
        let (error, paths) = try await Self.attempt { path, _, _ in
            path == "/account" ? .init(status: 400, body: refusal) : nil
        }
        #expect(error == .nonces)
        #expect(paths.count { $0 == "/account" } == ExchangeState.noncesMax)
        let (later, _) = try await Self.attempt { path, count, _ in
            path == "/account" && count < 3 ? .init(status: 400, body: refusal) : nil
        }
        #expect(later != .nonces)
        let (without, _) = try await Self.attempt { path, _, _ in
            ["/nonce", "/directory"].contains(path) ? .init(fields: ["Replay-Nonce": "no nonce"]) : nil
        }
        guard case .malformed = without else { return #expect(Bool(false), "\(String(describing: without))") }
    }

    @Test("redirects and addresses of other servers are not followed")
    func elsewhere() async throws {
        let other = try FakeAuthority()
        defer { other.stop() }
        let place = other.base
        let (redirect, _) = try await Self.attempt { path, _, _ in
            path == "/order" ? .init(status: 307, fields: ["Location": place + "/order"]) : nil
        }
        #expect(redirect == .malformed(what: "a redirect (307)"))
        let (order, _) = try await Self.attempt { path, _, base in
            path == "/order"
                ? .init(
                    status: 201,
                    fields: ["Location": base + "/order/1"],
                    body: FakeAuthority.order("pending", place)
                ) : nil
        }
        #expect(order == .foreignAddress(place))
        let (account, _) = try await Self.attempt { path, _, _ in
            path == "/account" ? .init(status: 201, fields: ["Location": place + "/account/1"]) : nil
        }
        #expect(account == .foreignAddress(place))
        #expect(other.paths == [])
    }

    @Test("an answer that comes byte by byte ends in time")
    func slow() async throws {
        let clock = ContinuousClock.now
        let (error, _) = try await Self.attempt(exchangeTime: .milliseconds(500)) { path, _, _ in
            path == "/order" ? .init(isEndless: true) : nil
        }
        #expect(error == .unreachable(reason: "its answer was not complete in time"))
        #expect(ContinuousClock.now - clock < .seconds(15))
    }

    @Test("a certificate for another key is not used, and the one in use stays")
    func wrongKey() async throws {
        let other = try SelfSignedCertificate(names: ["a.example"], addresses: [])
        let text = String(decoding: other.certificate, as: UTF8.self)
        let authority = try FakeAuthority { path, count, base in
            switch path {
            case "/order/1": .init(body: FakeAuthority.order(count == 0 ? "ready" : "valid", base))
            case "/certificate": .init(body: text)
            default: nil
            }
        }
        defer { authority.stop() }
        try await Self.withFolder { folder in
            let files = ACMEFiles(dataDirectory: folder, authority: authority.directory)
            let old = try SelfSignedCertificate(names: ["a.example"], addresses: [], validUntil: 10)
            let pair = TLSPair(
                certificate: PEMFile(path: "old", bytes: old.certificate),
                key: PEMFile(path: "old", bytes: old.key)
            )
            try files.store(pair, for: "a.example")
            let before = FileManager.default.contents(atPath: files.certificatePath("a.example"))
            try await Self.look(authority, folder)
            #expect(FileManager.default.contents(atPath: files.certificatePath("a.example")) == before)
            #expect(files.attempts("a.example").reason.contains("does not belong"))
            #expect(files.attempts("a.example").count == 1)
            // The pause survives the process.
            let count = authority.paths.count
            try await Self.look(authority, folder)
            #expect(authority.paths.count == count)
        }
    }

    /// One look of a renewal that has read the folder anew.
    private static func look(
        _ authority: FakeAuthority,
        _ folder: String,
        email: String = "",
        isAsked: Bool = false
    ) async throws {
        var settings = ACMESettings()
        settings.email = email
        settings.setDomains(["a.example"])
        let renewal = try CertificateRenewal(
            settings,
            authority: authority.directory,
            dataDirectory: folder,
            responder: Shown(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            sleep: { _ in },
            nowSeconds: { now },
            onIssued: { Issue.record("a certificate was taken") }
        )
        if isAsked { renewal.request() }
        await renewal.look()
    }

    @Test(
        "an authority that asks for a pause is not asked again before its end, by no operator and no restart"
    )
    func limited() async throws {
        let refusal = "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many\"}"
        let authority = try FakeAuthority { path, _, _ in
            path == "/order" ? .init(status: 429, fields: ["Retry-After": "7200"], body: refusal) : nil
        }
        defer { authority.stop() }
        try await Self.withFolder { folder in
            for _ in 0..<3 { try await Self.look(authority, folder, isAsked: true) }
            #expect(authority.paths.count { $0 == "/order" } == 1)
            let files = ACMEFiles(dataDirectory: folder, authority: authority.directory)
            #expect(files.attempts("a.example").nextSeconds == Self.now + 7200)
        }
    }

    @Test("an account that the authority forgot is made again")
    func forgotten() async throws {
        let refusal = "{\"type\":\"urn:ietf:params:acme:error:accountDoesNotExist\"}"
        let authority = try FakeAuthority { path, count, _ in
            path == "/order" && count == 0 ? .init(status: 400, body: refusal) : nil
        }
        defer { authority.stop() }
        try await Self.withFolder { folder in
            for _ in 0..<2 { try await Self.look(authority, folder, isAsked: true) }
            #expect(authority.paths.count { $0 == "/account" } == 2)
            let files = ACMEFiles(dataDirectory: folder, authority: authority.directory)
            #expect(try files.account().address == authority.base + "/account/1")
        }
    }

    @Test("the account has the operator's address, and none without one")
    func email() async throws {
        for (email, expected) in [
            ("a@b.example", "{\"contact\":[\"mailto:a@b.example\"],\"termsOfServiceAgreed\":true}"),
            ("", "{\"termsOfServiceAgreed\":true}"),
        ] {
            let authority = try FakeAuthority()
            defer { authority.stop() }
            try await Self.withFolder { folder in
                try await Self.look(authority, folder, email: email)
                #expect(authority.payloads("/account") == [expected])
                let order = "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.example\"}]}"
                #expect(authority.payloads("/order") == [order])
            }
        }
    }

    @Test("keys and certificates are for their owner only")
    func modes() async throws {
        let authority = try FakeAuthority()
        defer { authority.stop() }
        try await Self.withFolder { folder in
            try await Self.look(authority, folder)
            let walker = FileManager.default.enumerator(atPath: folder + "/tls")
            var files: [String] = []
            while let name = walker?.nextObject() as? String {
                let path = folder + "/tls/" + name
                let found = try FileManager.default.attributesOfItem(atPath: path)
                let isFolder = found[.type] as? FileAttributeType == .typeDirectory
                let mode = (found[.posixPermissions] as? NSNumber)?.intValue
                #expect(mode == (isFolder ? 0o700 : 0o600), "\(name)")
                if !isFolder { files.append(name) }
            }
            #expect(files.contains { $0.hasSuffix("account.key") })
        }
    }

    @Test("an account's key that cannot be read is named with its file, and not replaced")
    func brokenKey() async throws {
        let authority = try FakeAuthority()
        defer { authority.stop() }
        try await Self.withFolder { folder in
            try await Self.look(authority, folder)
            let walker = FileManager.default.enumerator(atPath: folder + "/tls")
            let names = (walker?.allObjects ?? []).compactMap { $0 as? String }
            let path = folder + "/tls/" + (try #require(names.first { $0.hasSuffix("account.key") }))
            try "nothing".write(toFile: path, atomically: false, encoding: .utf8)
            let files = ACMEFiles(dataDirectory: folder, authority: authority.directory)
            do throws(ACMEError) {
                _ = try files.account()
                Issue.record("it was read")
            } catch { #expect(error.description.hasPrefix("\(path) cannot be used")) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "nothing")
        }
    }

    @Test("a chain is refused for another name, another key, or dates that are over")
    func checks() throws {
        func check(_ made: SelfSignedCertificate, _ key: [UInt8]) -> ACMEError? {
            let now = Int64(Date.now.timeIntervalSince1970)
            do throws(ACMEError) {
                _ = try CertificateIssuer.check(made.certificate, key, "a.example", nowSeconds: now)
                return nil
            } catch { return error }
        }
        let good = try SelfSignedCertificate(names: ["a.example"], addresses: [])
        #expect(check(good, good.key) == nil)
        let foreign = try SelfSignedCertificate(names: ["b.example"], addresses: [])
        #expect(check(foreign, foreign.key) == .wrongCertificate(reason: "it is for another name"))
        let past = try SelfSignedCertificate(names: ["a.example"], addresses: [], validUntil: -10)
        #expect(check(past, past.key) == .wrongCertificate(reason: "it has expired"))
        guard case .wrongCertificate(let reason) = check(good, foreign.key) else {
            return #expect(Bool(false))
        }
        #expect(reason.contains("does not belong"))
    }
}
