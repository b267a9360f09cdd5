// SPDX-License-Identifier: Apache-2.0
// The small pure parts of the request path.

import Contracts
import HTTPTypes
import Testing

@testable import Gateway

@Suite struct PiecesTests {
    @Test(
        "a request target is split into path and query",
        arguments: [
            ("/a/b?x=1", "/a/b", "x=1"), ("/a?", "/a", ""), ("/", "/", nil), ("/a?x?y", "/a", "x?y"),
            ("/a#f", "/a", nil), ("/a?q#f", "/a", "q"), ("*", "*", nil),
            ("http://h:80/p?q", "/p", "q"), ("/%61%2Fb%c3%a9%7e?%61", "/a%2Fb%c3%a9~", "%61"),
            ("HTTPS://h", "/", nil), ("http://h", "/", nil),
        ] as [(String, String, String?)]
    ) func target(_ text: String, _ path: String, _ query: String?) throws {
        let target = try #require(RequestTarget(text))
        #expect(target.path == path)
        #expect(target.query.map(String.init) == query)
    }

    @Test("other targets are refused", arguments: ["", "a", "ftp://h/x", "host:443"])
    func badTarget(_ text: String) { #expect(RequestTarget(text) == nil) }

    @Test(
        "percent-decoding takes pairs of digits only",
        arguments: [
            ("a%20b", "a b"), ("%41%61", "Aa"), ("100%", "100%"), ("%4", "%4"), ("%zz", "%zz"),
            ("%C3%a9", "é"),
            ("%00", nil), ("%ff", nil), ("+", "+"), ("", ""),
        ] as [(String, String?)]
    ) func decoding(_ text: String, _ expected: String?) {
        #expect(PercentDecoding.decode(text[...]) == expected)
    }

    @Test(
        "a call id is taken when it is a sane token, else made",
        arguments: [
            ("abc-123_X.y:z=+", true), ("", false), ("a b", false), ("a/b", false), ("a\"b", false),
            (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
            ("é", false),
        ]
    )
    func callID(_ given: String, _ isTaken: Bool) {
        var random = SystemRandomNumberGenerator()
        let chosen = CallID.choose(given, using: &random)
        #expect((chosen == given) == isTaken)
    }

    @Test("a made call id is a random UUID of version 4")
    func madeID() {
        #expect(CallID.make(0, 0) == "00000000-0000-4000-8000-000000000000")
        #expect(CallID.make(.max, .max) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(CallID.make(0x0123_4567_89ab_cdef, 0) == "01234567-89ab-4def-8000-000000000000")
    }

    @Test(
        "seconds have six decimals",
        arguments: [
            (0, "0.000000"), (12.5, "0.012500"), (1000, "1.000000"), (0.001, "0.000001"), (-1, "0.000000"),
            (59_999.9999, "60.000000"), (.infinity, "0.000000"), (.nan, "0.000000"),
        ] as [(Double, String)]
    ) func seconds(_ milliseconds: Double, _ expected: String) {
        #expect(Decimal.seconds(milliseconds: milliseconds) == expected)
    }

    @Test(
        "dates are written in the form of HTTP",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ]
    ) func dates(_ seconds: Int, _ expected: String) {
        #expect(HTTPDate.text(unixSeconds: seconds) == expected)
        let cache = HTTPDate()
        #expect(cache.text(at: seconds) == expected)
        #expect(cache.text(at: seconds) == expected)
    }

    @Test(
        "a body is taken in the cheapest way its head allows",
        arguments: [
            ([:], .none), ([.contentLength: "0"], .none), ([.contentLength: "65536"], .whole(bytes: 65536)),
            ([.contentLength: "65537"], .stream), ([.contentLength: "1000001"], .tooLarge),
            ([.contentLength: "x"], .malformed), ([.contentLength: "-1"], .malformed),
            ([.transferEncoding: "chunked"], .stream),
            ([.transferEncoding: "chunked", .contentLength: "9"], .stream),
        ] as [(HTTPFields, BodyPlan)]
    ) func body(_ fields: HTTPFields, _ plan: BodyPlan) {
        #expect(BodyPlan(fields, bytesMax: 1_000_000) == plan)
    }

    @Test("JSON text escapes what JSON must")
    func json() {
        #expect(
            JSONText.object([("a\"", .string("b\\\n\u{1}é")), ("n", .integer(-1))])
                == "{\"a\\\"\":\"b\\\\\\n\\u0001é\",\"n\":-1}"
        )
    }

    @Test("a problem says everything in a fixed order")
    func problem() {
        var problem = Problem(500, .exitCode, "it ended")
        problem.exitCode = 3
        #expect(
            problem.json(callID: "c") == """
                {"type":"urn:mayfly:problem:exit_code","title":"Exit code","status":500,\
                "code":"exit_code","detail":"it ended","exit_code":3,"call_id":"c"}

                """
        )
    }
}
