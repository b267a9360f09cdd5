// SPDX-License-Identifier: Apache-2.0
// Signatures of webhooks: the vectors of the standards and of the senders' documentation, and what must be refused.

import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite("A webhook's signature")
struct WebhookCheckTests {
    private static func fields(_ pairs: [(String, String)]) throws -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in pairs {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return fields
    }

    private static func code(_ text: String, key: String) -> String {
        var mac = WebhookMAC(key: Array(key.utf8))
        mac.update(Array(text.utf8))
        return mac.finish()
    }

    /// The verdict on a request: nil when it is signed well.
    private static func refusal(
        _ scheme: WebhookScheme,
        _ pairs: [(String, String)],
        body: String,
        key: String,
        now: Int = 1_700_000_000
    ) throws -> WebhookCheck.Refusal? {
        let head = try fields(pairs)
        do throws(WebhookCheck.Refusal) {
            let check = try WebhookCheck(scheme, head, now: now)
            return check.isValid(ByteBuffer(string: body), key: Array(key.utf8)) ? nil : .wrong
        } catch {
            return error
        }
    }

    @Test(
        "is computed as RFC 4231 says, with short keys, long ones and long texts",
        arguments: [
            // Test cases 1, 2 and 6.
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
    ) func vectors(_ key: [UInt8], _ text: String, _ code: String) {
        var mac = WebhookMAC(key: key)
        mac.update(Array(text.utf8))
        #expect(mac.finish() == code)
    }

    /// The example of GitHub's documentation, "Validating webhook deliveries".
    private static let gitHubKey = "It's a Secret to Everybody"
    private static let gitHubCode = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    @Test("of GitHub is that of its documentation's example")
    func gitHub() throws {
        let good = [("X-Hub-Signature-256", "sha256=" + Self.gitHubCode)]
        #expect(try Self.refusal(.github, good, body: "Hello, World!", key: Self.gitHubKey) == nil)
        #expect(try Self.refusal(.github, good, body: "Hello, World?", key: Self.gitHubKey) == .wrong)
        #expect(try Self.refusal(.github, good, body: "Hello, World!", key: "another") == .wrong)
    }

    @Test(
        "is refused when the field is missing, twice there, or of another form",
        arguments: [
            ([], WebhookCheck.Refusal.missing(field: "X-Hub-Signature-256")),
            ([("X-Hub-Signature", "sha1=7571")], .missing(field: "X-Hub-Signature-256")),
            ([("X-Hub-Signature-256", gitHubCode)], .malformed(field: "X-Hub-Signature-256")),
            ([("X-Hub-Signature-256", "sha256=7571")], .malformed(field: "X-Hub-Signature-256")),
            ([("X-Hub-Signature-256", "sha256=")], .malformed(field: "X-Hub-Signature-256")),
            (
                [
                    ("X-Hub-Signature-256", "sha256=" + gitHubCode),
                    ("X-Hub-Signature-256", "sha256=" + gitHubCode),
                ], .malformed(field: "X-Hub-Signature-256")
            ),
            (
                [("X-Hub-Signature-256", "sha256=" + String(repeating: "g", count: 64))],
                .malformed(field: "X-Hub-Signature-256")
            ),
        ] as [([(String, String)], WebhookCheck.Refusal)]
    ) func forms(_ pairs: [(String, String)], _ refusal: WebhookCheck.Refusal) throws {
        #expect(try Self.refusal(.github, pairs, body: "Hello, World!", key: Self.gitHubKey) == refusal)
    }

    @Test("in X-Signature is plain or with sha256= in front, in either case of letters")
    func hex() throws {
        let code = Self.code("body", key: "k")
        for text in [code, code.uppercased(), "sha256=" + code] {
            #expect(try Self.refusal(.hex, [("X-Signature", text)], body: "body", key: "k") == nil)
        }
        #expect(try Self.refusal(.hex, [("X-Signature", code)], body: "", key: "k") == .wrong)
        let empty = Self.code("", key: "k")
        #expect(try Self.refusal(.hex, [("X-Signature", empty)], body: "", key: "k") == nil)
    }

    @Test("of Stripe covers its time, and one of several codes is enough while keys change")
    func stripe() throws {
        let noon = 1_700_000_000
        let body = #"{"id":"evt_1","object":"event"}"#
        let code = Self.code("\(noon).\(body)", key: "whsec_a")
        let other = Self.code("\(noon).\(body)", key: "whsec_b")
        func refusal(_ text: String, _ key: String = "whsec_a", at now: Int = noon) throws
            -> WebhookCheck.Refusal?
        {
            try Self.refusal(.stripe, [("Stripe-Signature", text)], body: body, key: key, now: now)
        }
        #expect(try refusal("t=\(noon),v1=\(code)") == nil)
        #expect(try refusal("t=\(noon),v1=\(other),v1=\(code)") == nil)
        #expect(try refusal("t=\(noon),v1=\(other),v1=\(code)", "whsec_b") == nil)
        #expect(try refusal("t=\(noon),v1=\(code),v0=\(other)", "whsec_b") == .wrong)
        // The window: five minutes in both directions.
        #expect(try refusal("t=\(noon),v1=\(code)", at: noon + 300) == nil)
        #expect(try refusal("t=\(noon),v1=\(code)", at: noon + 301) == .expired)
        #expect(try refusal("t=\(noon),v1=\(code)", at: noon - 301) == .expired)
        // A recorded code under a new time.
        #expect(try refusal("t=\(noon + 1),v1=\(code)") == .wrong)
    }

    @Test(
        "of Stripe is refused in any other form",
        arguments: [
            "", "t=1700000000", "v1=aa", "t=1700000000,v1=aa", "t=,v1=\(zeroes)", "t=-5,v1=\(zeroes)",
            "t=1700000000;v1=\(zeroes)", "t=1700000000,t=1700000001,v1=\(zeroes)",
            "t=99999999999999999999,v1=\(zeroes)", "t=0x6553f100,v1=\(zeroes)", "t=1700000000,v0=\(zeroes)",
            "t=1700000000" + String(repeating: ",v1=\(zeroes)", count: 17),
        ]
    ) func stripeForms(_ text: String) throws {
        let found = try Self.refusal(.stripe, [("Stripe-Signature", text)], body: "b", key: "k")
        #expect(found == .malformed(field: "Stripe-Signature"))
    }

    private static let zeroes = String(repeating: "0", count: 64)
}
