// SPDX-License-Identifier: Apache-2.0
// Requests whose end two servers may see in different places, each with a second request hidden in it.

/// One request of the corpus.
struct SmugglingCase: Sendable {
    var name: String
    var request: String

    /// What every case tries to have answered.
    static let hidden = "GET /function/mark HTTP/1.1\r\nHost: h\r\nX-Mark: HIDDEN\r\n\r\n"

    /// A POST with these fields and this body.
    init(_ name: String, _ fields: String..., body: String, line: String = "POST /function/mark HTTP/1.1") {
        self.name = name
        request =
            line + "\r\nHost: h\r\nX-Mark: CASE\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }
}

extension SmugglingCase {
    private static let chunked = "Transfer-Encoding: chunked"
    /// A chunked body's end, then the hidden request.
    private static let ended = "0\r\n\r\n" + hidden
    private static let endedLength = "Content-Length: \(ended.utf8.count)"
    private static let hiddenLength = "Content-Length: \(hidden.utf8.count)"
    private static let chunk = String(hidden.utf8.count, radix: 16) + "\r\n" + hidden + "\r\n0\r\n\r\n"

    static let all = lengths + codings + chunks + trailers + methods + unread + hops

    /// Lengths that are read in two ways.
    private static let lengths = [
        SmugglingCase("length and chunked, the length wins", endedLength, chunked, body: ended),
        SmugglingCase("chunked and a short length", chunked, "Content-Length: 4", body: chunk),
        SmugglingCase("two lengths, the first is zero", "Content-Length: 0", hiddenLength, body: hidden),
        SmugglingCase("two lengths, the last is zero", hiddenLength, "Content-Length: 0", body: hidden),
        SmugglingCase("a list of lengths", "Content-Length: 0, \(hidden.utf8.count)", body: hidden),
        SmugglingCase("a length with a sign", "Content-Length: +\(hidden.utf8.count)", body: hidden),
        SmugglingCase("a negative length", "Content-Length: -1", body: hidden),
        SmugglingCase("a length with zeros", "Content-Length: 000\(hidden.utf8.count)", body: hidden),
        SmugglingCase("a hexadecimal length", "Content-Length: 0x10", body: hidden),
        SmugglingCase("a length of 2^64", "Content-Length: 18446744073709551616", body: hidden),
        SmugglingCase(
            "a length with a vertical tab",
            "Content-Length: \u{B}\(hidden.utf8.count)",
            body: hidden
        ),
        SmugglingCase(
            "a space behind the length's name",
            "Content-Length : \(hidden.utf8.count)",
            body: hidden
        ),
        SmugglingCase(
            "a tab behind the length's name",
            "Content-Length\t: \(hidden.utf8.count)",
            body: hidden
        ),
        SmugglingCase(
            "an underscore in the length's name",
            "Content_Length: \(hidden.utf8.count)",
            body: hidden
        ),
        SmugglingCase("a folded length", "Content-Length:\r\n \(hidden.utf8.count)", body: hidden),
        SmugglingCase(
            "a length behind a bare LF",
            "X-A: b\nContent-Length: \(hidden.utf8.count)",
            body: hidden
        ),
        SmugglingCase(
            "a length behind a bare CR",
            "X-A: b\rContent-Length: \(hidden.utf8.count)",
            body: hidden
        ),
    ]

    /// Codings that one server takes for chunked and another does not.
    private static let codings =
        [
            "Transfer-Encoding : chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding:\tchunked",
            "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: \u{B}chunked", "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: CHUNKED", "Transfer-Encoding: chun\rked",
            "Transfer_Encoding: chunked", " Transfer-Encoding: chunked", "X-A: b\nTransfer-Encoding: chunked",
            "X-A: b\rTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding: ,chunked",
            "Transfer-Encoding: chunked\u{0}", "Transfer-Encoding: chunked\r\nTransfer-encoding: cow",
            "Transfer-Encoding: gzip, chunked", "Transfer-Encoding:", "Transfer-Encoding: chunked ,",
        ].flatMap { field in
            [
                SmugglingCase("'\(field)' with the length of all", field, endedLength, body: ended),
                SmugglingCase("'\(field)' with a short length", field, "Content-Length: 4", body: chunk),
            ]
        }

    /// Sizes and ends of chunks.
    private static let chunks = [
        "0x0\r\n\r\n", "+0\r\n\r\n", "-0\r\n\r\n", "0\n\n", "0 \r\n\r\n", "0;a\n\r\n\r\n", "0\r\n\n",
        "0\r\r\n\r\n",
        "00000000000000000000\r\n\r\n", "10000000000000000\r\n\r\n", "1\r\nAB\r\n0\r\n\r\n",
        "1\r\nA\n0\r\n\r\n",
        "1\r\nA0\r\n\r\n", "0_1\r\nA\r\n0\r\n\r\n", "1;\r\r\nA\r\n0\r\n\r\n", "\r\n0\r\n\r\n", "0\r\n",
    ].map { SmugglingCase("chunks \($0.debugDescription)", chunked, body: $0 + hidden) }

    /// Fields behind the body, and a version that has no chunks.
    private static let trailers = [
        SmugglingCase("a length as trailer", chunked, body: "0\r\n\(hiddenLength)\r\n\r\n" + hidden),
        SmugglingCase("a coding as trailer", chunked, body: "0\r\n\(chunked)\r\n\r\n" + ended),
        SmugglingCase("a trailer with a bare LF", chunked, body: "0\r\nX-A: b\n\r\n" + hidden),
        SmugglingCase("chunked on 1.0", chunked, body: ended, line: "POST /function/mark HTTP/1.0"),
        SmugglingCase(
            "both on a kept 1.0",
            "Connection: keep-alive",
            chunked,
            endedLength,
            body: ended,
            line: "POST /function/mark HTTP/1.0"
        ),
        SmugglingCase("a version too many", body: hidden, line: "GET /function/mark HTTP/1.1 HTTP/1.1"),
        SmugglingCase("no version", body: hidden, line: "GET /function/mark"),
        SmugglingCase("lines before the request", body: hidden, line: "\r\n\r\nGET /function/mark HTTP/1.1"),
        SmugglingCase(
            "line breaks in the target",
            body: "",
            line: "GET /function/mark/%0d%0aX:%20y HTTP/1.1"
        ),
        SmugglingCase(
            "another host in the target",
            body: hidden,
            line: "GET http://o/function/mark HTTP/1.1"
        ),
    ]

    /// Methods whose bodies some servers do not read.
    private static let methods = ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PUT"].flatMap { method in
        let line = "\(method) /function/mark HTTP/1.1"
        return [
            SmugglingCase("\(method) with a length", hiddenLength, body: hidden, line: line),
            SmugglingCase("\(method) with chunks", chunked, body: chunk, line: line),
        ]
    }

    /// Answers that need no body: what is left of the request must not begin the next one.
    private static let unread = [
        "/nothing", "/function/nobody", "/healthz", "/metrics", "/system/functions", "/v1/run",
    ].flatMap { path in
        let line = "POST \(path) HTTP/1.1"
        return [
            SmugglingCase("a length at \(path)", hiddenLength, body: hidden, line: line),
            SmugglingCase("chunks at \(path)", chunked, body: chunk, line: line),
            SmugglingCase(
                "more than is there at \(path)",
                "Content-Length: 999999999",
                body: hidden,
                line: line
            ),
        ]
    }

    /// Fields about the connection.
    private static let hops = [
        SmugglingCase("an expectation", "Expect: 100-continue", hiddenLength, body: hidden),
        SmugglingCase("two expectations", "Expect: 100-continue, a", hiddenLength, body: hidden),
        SmugglingCase(
            "the length as a hop's field",
            "Connection: Content-Length",
            hiddenLength,
            body: hidden
        ),
        SmugglingCase("the coding as a hop's field", "Connection: Transfer-Encoding", chunked, body: chunk),
        SmugglingCase(
            "an upgrade to HTTP/2",
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
            body: hidden
        ),
        SmugglingCase("an upgrade", "Connection: Upgrade", "Upgrade: websocket", hiddenLength, body: hidden),
        SmugglingCase("two hosts", "Host: other", hiddenLength, body: hidden),
    ]
}
