// SPDX-License-Identifier: Apache-2.0
// Answers of an authority that are read, and those that are refused; signatures; settings.

import COpenSSL
import Foundation
import HTTPClient
import Testing

@testable import ACME

@Suite struct MessageTests {
    private static func reader() throws -> ACMEReader {
        let url = try #require(URL(string: "https://ca.example/directory"))
        return ACMEReader(origin: try #require(Origin(url)))
    }

    private static func address(_ path: String) -> String { "https://ca.example/\(path)" }

    private static func order(_ change: [String: String] = [:], authorizations: [String] = [address("a")])
        -> [UInt8]
    {
        let list = authorizations.map { "\"\($0)\"" }.joined(separator: ",")
        let status = change["status"] ?? "pending"
        let finalize = change["finalize"] ?? address("f")
        return Array(
            "{\"status\":\"\(status)\",\"authorizations\":[\(list)],\"finalize\":\"\(finalize)\"}".utf8
        )
    }

    @Test("an order is read with its addresses")
    func reads() throws {
        let order = try Self.reader().order(Self.order())
        #expect(order.status == .pending && order.finalize.absoluteString == Self.address("f"))
        #expect(order.authorizations.map(\.absoluteString) == [Self.address("a")])
    }

    @Test(
        "addresses of other servers are not asked",
        arguments: [
            "http://ca.example/f", "https://ca.example:444/f", "https://evil.example/f",
            "https://169.254.169.254/f", "https://ca.example.evil.example/f",
        ]
    )
    func foreign(address: String) throws {
        let reader = try Self.reader()
        #expect(throws: ACMEError.self) { try reader.order(Self.order(["finalize": address])) }
        do throws(ACMEError) { _ = try reader.address(address) } catch {
            guard case .foreignAddress = error else { return #expect(Bool(false), "\(error)") }
        }
    }

    @Test("what is no address, no order and no status of one is malformed")
    func malformed() throws {
        let reader = try Self.reader()
        let long = Self.address(String(repeating: "a", count: 4096))
        for bytes in [
            Array("[]".utf8), [], Array(String(repeating: "[", count: 60_000).utf8),
            Self.order(["status": "unknown"]), Self.order(["finalize": "file:///etc/passwd"]),
            Self.order(["finalize": long]), Self.order(authorizations: []),
            Self.order(authorizations: Array(repeating: Self.address("a"), count: 5)),
        ] {
            do throws(ACMEError) {
                _ = try reader.order(bytes)
                Issue.record("read: \(String(decoding: bytes.prefix(80), as: UTF8.self))")
            } catch {
                guard case .malformed = error else { return #expect(Bool(false), "\(error)") }
            }
        }
    }

    @Test("an authorization is of the name that was ordered, and its tokens are safe in a path")
    func authorizations() throws {
        let reader = try Self.reader()
        func body(_ name: String, _ token: String) -> [UInt8] {
            let challenge =
                "{\"type\":\"http-01\",\"url\":\"\(Self.address("c"))\",\"token\":\"\(token)\",\"status\":\"pending\"}"
            let other = "{\"type\":\"dns-01\",\"url\":\"https://evil.example/\",\"token\":\"/\"}"
            let identifier = "{\"type\":\"dns\",\"value\":\"\(name)\"}"
            return Array(
                "{\"status\":\"pending\",\"identifier\":\(identifier),\"challenges\":[\(other),\(challenge)]}"
                    .utf8
            )
        }
        let good = try reader.authorization(body("A.example", "Ab-_9"), for: "a.example")
        #expect(good.challenges.map(\.token) == ["Ab-_9"])
        #expect(throws: ACMEError.self) { try reader.authorization(body("b.example", "t"), for: "a.example") }
        for token in ["", "../x", "a b", "a\\r\\nX: y", "a/b", String(repeating: "a", count: 300)] {
            #expect(throws: ACMEError.self, "\(token)") {
                try reader.authorization(body("a.example", token), for: "a.example")
            }
        }
    }

    @Test("what an authority says of a failure is one bounded line")
    func problems() throws {
        let detail = "a\\n\\u001b[31mb" + String(repeating: "x", count: 1000)
        let text = "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"\(detail)\"}"
        let problem = try Self.reader().problem(Array(text.utf8))
        #expect(problem.kind == "rateLimited")
        #expect(problem.text.hasPrefix("a  [31mb") && problem.text.count == 300)
        #expect(try Self.reader().problem([0xff]).text == "it gives no reason")
    }

    @Test("a refused nonce is followed by another one, not without end; other refusals are kept apart")
    func exchanges() {
        func problem(_ kind: String) -> ACMEProblem {
            ACMEProblem(type: "urn:ietf:params:acme:error:" + kind, detail: "d")
        }
        var state = ExchangeState()
        for _ in 1..<ExchangeState.noncesMax {
            let next = state.answered(status: 400, problem: problem("badNonce"), retryAfterSeconds: nil)
            #expect(next == .again)
        }
        let last = state.answered(status: 400, problem: problem("badNonce"), retryAfterSeconds: nil)
        #expect(last == .failed(.nonces))
        var other = ExchangeState()
        let steps = [
            other.answered(status: 201, problem: ACMEProblem(), retryAfterSeconds: nil),
            other.answered(status: 302, problem: ACMEProblem(), retryAfterSeconds: nil),
            other.answered(status: 429, problem: problem("rateLimited"), retryAfterSeconds: 60),
            other.answered(status: 503, problem: ACMEProblem(), retryAfterSeconds: 9),
            other.answered(status: 400, problem: problem("accountDoesNotExist"), retryAfterSeconds: nil),
            other.answered(status: 403, problem: problem("unauthorized"), retryAfterSeconds: nil),
        ]
        #expect(
            steps == [
                .accepted, .failed(.malformed(what: "a redirect (302)")),
                .failed(.rateLimited(detail: "d", retryAfterSeconds: 60)),
                .failed(.rateLimited(detail: "it gives no reason", retryAfterSeconds: 9)),
                .failed(.unknownAccount),
                .failed(.refused(status: 403, type: "unauthorized", detail: "d", retryAfterSeconds: nil)),
            ]
        )
    }

    @Test("a signature has both numbers in 32 bytes, and the key that was stored makes ones that fit")
    func signatures() throws {
        let key = try AccountKey()
        let same = try AccountKey(pem: try key.pem())
        #expect(same.x == key.x && same.y == key.y)
        // One in 128 has a number with a leading zero.
        for number in 0..<600 {
            let text = Array("\(number)".utf8)
            let signature = try same.signature(of: text)
            #expect(signature.count == 64)
            #expect(Self.verifies(signature, text, key), "\(number)")
        }
        #expect(throws: ACMEError.self) { try AccountKey(pem: Array("nothing".utf8)) }
    }

    private static func verifies(_ signature: [UInt8], _ text: [UInt8], _ key: AccountKey) -> Bool {
        guard let pem = try? key.pem(), let bio = BIO_new_mem_buf(pem, Int32(pem.count)) else { return false }
        defer { BIO_free(bio) }
        guard let pair = PEM_read_bio_PrivateKey(bio, nil, nil, nil), let made = ECDSA_SIG_new(),
            let context = EVP_MD_CTX_new()
        else { return false }
        defer {
            EVP_PKEY_free(pair)
            ECDSA_SIG_free(made)
            EVP_MD_CTX_free(context)
        }
        let first = BN_bin2bn(signature, 32, nil)
        let second = BN_bin2bn(Array(signature[32...]), 32, nil)
        ECDSA_SIG_set0(made, first, second)
        var encoded = [UInt8](repeating: 0, count: Int(i2d_ECDSA_SIG(made, nil)))
        encoded.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            _ = i2d_ECDSA_SIG(made, &place)
        }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, pair) == 1
            && EVP_DigestVerify(context, encoded, encoded.count, text, text.count) == 1
    }

    @Test("a request names its address and nonce, and who signs it")
    func requests() throws {
        let jose = JOSE(key: try AccountKey())
        let url = try #require(URL(string: Self.address("order")))
        func head(_ signer: JOSE.Signer, _ payload: Data?) throws -> (head: String, payload: String) {
            let request = try jose.request(payload, to: url, nonce: "n0", by: signer)
            let parts = try JSONDecoder().decode([String: String].self, from: request)
            func text(_ name: String) throws -> String {
                let plain = try #require(parts[name]).replacing("-", with: "+").replacing("_", with: "/")
                let padded = plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)
                return String(decoding: try #require(Data(base64Encoded: padded)), as: UTF8.self)
            }
            return (try text("protected"), try text("payload"))
        }
        let known = try head(.account(Self.address("me")), nil)
        #expect(
            known.head
                == "{\"alg\":\"ES256\",\"kid\":\"https://ca.example/me\",\"nonce\":\"n0\","
                + "\"url\":\"https://ca.example/order\"}"
        )
        #expect(known.payload == "")
        let new = try head(.key, Data("{}".utf8))
        #expect(
            new.head.contains("\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":") && !new.head.contains("kid")
        )
        #expect(new.payload == "{}")
    }

    @Test(
        "settings that no authority could serve are refused",
        arguments: [
            (["a.example"], nil), (["A.Example."], nil), (["*.a.example"], "wildcards"),
            (["localhost"], "no domain name"), (["10.0.0.1"], "no domain name"), (["a..b"], "no domain name"),
            (["-a.example"], "no domain name"), (["a.example", "A.example"], "named twice"),
            (["a.example/x"], "no domain name"), (["a.exa,mple"], "no domain name"),
            ((0..<100).map { "\($0).example" }, "99 names"),
        ] as [([String], String?)]
    )
    func names(domains: [String], reason: String?) {
        var settings = ACMESettings()
        settings.agreesToTerms = true
        settings.setDomains(domains)
        if let reason {
            #expect(settings.mistake?.contains(reason) == true, "\(settings.mistake ?? "")")
        } else {
            #expect(settings.mistake == nil && settings.domains == ["a.example"])
        }
    }

    @Test("an authority needs names, https, and agreement to its terms")
    func settings() {
        var settings = ACMESettings()
        #expect(settings.mistake == nil)
        settings.email = "a@b.example"
        #expect(settings.mistake?.contains("need a name") == true)
        settings.setDomains(["a.example"])
        #expect(settings.mistake?.contains("terms") == true)
        settings.agreesToTerms = true
        #expect(settings.mistake == nil)
        settings.email = "a@b.example,c@d.example"
        #expect(settings.mistake?.contains("e-mail") == true)
        settings.email = ""
        for (address, isGood) in [
            ("http://ca.example/directory", false), ("http://127.0.0.1:1/d", true),
            ("ftp://ca.example/", false),
            ("https://ca.example/d", true), ("https://ca.example/ä", false), ("", false),
        ] {
            settings.authority = address
            #expect((settings.mistake == nil) == isGood, "\(address)")
        }
    }
}
