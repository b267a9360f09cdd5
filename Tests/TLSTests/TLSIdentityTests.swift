// SPDX-License-Identifier: Apache-2.0
// Certificates and keys that are wrong: the error says which file and why.

import Glibc
import Testing

@testable import TLS

@Suite struct TLSIdentityTests {
    private func load(_ certificate: PEMFile, _ key: PEMFile) -> TLSError? {
        do throws(TLSError) {
            _ = try TLSServer([TLSPair(certificate: certificate, key: key)], protocols: [])
            return nil
        } catch { return error }
    }

    private func file(_ path: String, _ text: String) -> PEMFile {
        PEMFile(path: path, bytes: Array(text.utf8))
    }

    @Test("the key of another certificate is refused with both names")
    func mismatch() throws {
        let (a, b) = (try TestCertificate.pair("a"), try TestCertificate.pair("b"))
        let error = load(a.certificate, b.key)
        #expect(error == .mismatch(certificate: "/a.crt", key: "/b.key"))
    }

    @Test("files that are empty, cut off or exchanged are refused by name")
    func wrongFiles() throws {
        let pair = try TestCertificate.pair("a")
        #expect(load(file("/e", ""), pair.key) == .noCertificate(path: "/e"))
        #expect(load(file("/t", "no PEM"), pair.key) == .noCertificate(path: "/t"))
        #expect(load(pair.key, pair.certificate) == .noCertificate(path: "/a.key"))
        let noKey = load(pair.certificate, pair.certificate)
        #expect(noKey == .badKey(path: "/a.crt", reason: "there is none in PEM form"))
        var half = pair.certificate
        half.bytes = Array(half.bytes.prefix(half.bytes.count / 2))
        guard case .badCertificate("/a.crt", _) = load(half, pair.key) else {
            Issue.record("half a certificate was accepted")
            return
        }
        var damaged = pair.certificate
        damaged.bytes[60] = damaged.bytes[60] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        damaged.bytes[61] = UInt8(ascii: "!")
        guard case .badCertificate("/a.crt", _) = load(damaged, pair.key) else {
            Issue.record("a damaged certificate was accepted")
            return
        }
        let huge = PEMFile(path: "/h", bytes: [UInt8](repeating: 10, count: PEMFile.bytesMax + 1))
        #expect(load(huge, pair.key) == .tooLarge(path: "/h", bytesMax: PEMFile.bytesMax))
    }

    @Test("a key with a passphrase is refused without asking for it")
    func encryptedKey() throws {
        // Of `openssl genpkey -algorithm ED25519 -aes128 -pass pass:x`.
        let text = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhyXACfAwr5lQICCAAw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEJOlQHV0hdnn13KDbzn56mMEQPRs
            9HJO3CoUNUzHxEwMTv74KCxcKCbGecWNPEdaTD5va3AL+qErpm70tMJkgLqsesks
            6qjNVfmh2YamUW5ZAcE=
            -----END ENCRYPTED PRIVATE KEY-----
            """
        let pair = try TestCertificate.pair("a")
        let error = load(pair.certificate, file("/k", text))
        #expect(error == .badKey(path: "/k", reason: "it is encrypted; store it without passphrase"))
    }

    @Test("dates that clients refuse are a warning, and the certificate is used")
    func dates() throws {
        func warnings(_ from: Int64, _ until: Int64) throws -> [TLSWarning] {
            let pair = try TestCertificate.pair("a", from: from, until: until)
            let server = try TLSServer([pair], protocols: [])
            return server.warnings(nowSeconds: now())
        }
        #expect(try warnings(-60, 3600) == [])
        guard case .expired("/a.crt", let until)? = try warnings(-3600, -60).first,
            case .notYetValid("/a.crt", let from)? = try warnings(3600, 7200).first
        else {
            Issue.record("no warning")
            return
        }
        #expect(abs(until - now() + 60) < 30 && abs(from - now() - 3600) < 30)
        let text = TLSWarning.expired(path: "/a.crt", seconds: 0).description
        #expect(text == "the certificate in /a.crt expired on 1970-01-01: clients refuse it")
    }

    @Test("a reload that fails leaves the old certificate")
    func failedReload() throws {
        let server = try TestCertificate.server(["a.example"])
        let (b, c) = (try TestCertificate.pair("b.example"), try TestCertificate.pair("c.example"))
        #expect(throws: TLSError.mismatch(certificate: "/b.example.crt", key: "/c.example.key")) {
            try server.reload([TLSPair(certificate: b.certificate, key: c.key)])
        }
        func shown() throws -> String {
            let pair = try TestPair(server)
            defer { pair.finish() }
            pair.exchange()
            return pair.client.serverName
        }
        #expect(try shown() == "a.example")
        let before = try TestPair(server)
        defer { before.finish() }
        before.exchange()
        try server.reload([b])
        #expect(try shown() == "b.example")
        // A connection that was open stays open.
        #expect(before.client.write([1]))
        before.exchange()
        #expect(before.recorder.received == [1])
    }
}

private func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
}
