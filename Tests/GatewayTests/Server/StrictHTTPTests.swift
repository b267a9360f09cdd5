// SPDX-License-Identifier: Apache-2.0
// What RFC 9110 and 9112 ask of a server, over a real socket: nothing malformed starts a function.

import Contracts
import FunctionModel
import NIOCore
import Scheduler
import Testing

@testable import Gateway

@Suite struct StrictHTTPTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var status = 400
        var testDescription: String { name }

        init(_ name: String, _ request: String, _ status: Int = 400) {
            (self.name, self.request, self.status) = (name, request, status)
        }

        /// A POST with these fields and this body.
        init(_ name: String, fields: String, body: String = "", _ status: Int = 400) {
            let head = "POST /function/hello HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"
            self.init(name, head + body, status)
        }

        init(_ name: String, chunks: String, _ status: Int = 400) {
            self.init(name, fields: "Transfer-Encoding: chunked\r\n", body: chunks, status)
        }
    }

    static let bad = [
        Bad("two Host fields", "GET /function/hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Bad("no Host", "GET /function/hello HTTP/1.1\r\n\r\n"),
        Bad("Host with a space", "GET /function/hello HTTP/1.1\r\nHost: a b\r\n\r\n"),
        Bad("Host with a path", "GET /function/hello HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        Bad("Host with user", "GET /function/hello HTTP/1.1\r\nHost: u@h\r\n\r\n"),
        Bad("Host with a bad port", "GET /function/hello HTTP/1.1\r\nHost: h:x\r\n\r\n"),
        Bad("chunk size zz", chunks: "zz\r\nabc\r\n0\r\n\r\n"),
        Bad("chunk size -5", chunks: "-5\r\nabcde\r\n0\r\n\r\n"),
        Bad("chunk size 0x5", chunks: "0x5\r\nabcde\r\n0\r\n\r\n"),
        // Taken for zero, they would be the body's end.
        Bad("chunk size zz and nothing else", chunks: "zz\r\n\r\n"),
        Bad("chunk size -5 and nothing else", chunks: "-5\r\n\r\n"),
        Bad("chunk size 0x0", chunks: "0x0\r\n\r\n"),
        Bad("chunk size 3zz", chunks: "3zz\r\nabc\r\n0\r\n\r\n"),
        Bad("chunk size overflow", chunks: "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        Bad("chunk size empty", chunks: "\r\nabc\r\n0\r\n\r\n"),
        Bad("bare LF after a chunk size", chunks: "3\nabc\r\n0\r\n\r\n"),
        Bad("bare LF after a chunk", chunks: "3\r\nabc\n0\r\n\r\n"),
        Bad("chunk longer than its size", chunks: "3\r\nabcd\r\n0\r\n\r\n"),
        Bad("bare LF in a chunk extension", chunks: "3;a\n\r\nabc\r\n0\r\n\r\n"),
        Bad("control byte in a chunk extension", chunks: "3;a\u{1}\r\nabc\r\n0\r\n\r\n"),
        Bad("malformed trailer", chunks: "3\r\nabc\r\n0\r\nA B: c\r\n\r\n"),
        Bad("transfer coding xchunked", fields: "Transfer-Encoding: xchunked\r\n", body: "0\r\n\r\n", 501),
        Bad("gzip, chunked", fields: "Transfer-Encoding: gzip, chunked\r\n", body: "0\r\n\r\n", 501),
        Bad("chunked, gzip", fields: "Transfer-Encoding: chunked, gzip\r\n", body: "0\r\n\r\n"),
        Bad("chunked twice", fields: "Transfer-Encoding: chunked, chunked\r\n", body: "0\r\n\r\n"),
        Bad("both lengths", fields: "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", body: "0\r\n\r\n"),
        Bad("two lengths", fields: "Content-Length: 3\r\nContent-Length: 4\r\n", body: "abcd"),
        Bad("a list of lengths", fields: "Content-Length: 3, 3\r\n", body: "abc"),
        Bad("length +3", fields: "Content-Length: +3\r\n", body: "abc"),
        Bad("length overflow", fields: "Content-Length: 99999999999999999999\r\n"),
        Bad("chunked on 1.0", "POST /function/hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Bad("space before the colon", fields: "X-A : 1\r\n"),
        Bad("folded line", fields: "X-A: 1\r\n 2\r\n"),
        Bad("NUL in a value", fields: "X-A: a\u{0}b\r\n"),
        Bad("CR in a value", fields: "X-A: a\rb\r\n"),
        Bad("bare LF in the head", "GET /function/hello HTTP/1.1\nHost: h\n\n"),
        Bad("bare LF behind a field", "GET /function/hello HTTP/1.1\r\nHost: hh\nX-A: b\r\n\r\n"),
        Bad("empty field name", fields: ": a\r\n"),
        Bad("control byte in the target", "GET /function/hello\u{1} HTTP/1.1\r\nHost: h\r\n\r\n"),
        Bad("two spaces", "GET  /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"),
        Bad("HTTP/2.0 in the line", "GET /function/hello HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        Bad("lower-case version", "GET /function/hello http/1.1\r\nHost: h\r\n\r\n"),
        Bad("no version", "GET /function/hello\r\n\r\n"),
        Bad("CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 501),
        Bad(
            "long target",
            "GET /function/hello?\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\n\r\n",
            414
        ),
        Bad("long field", fields: "X-A: \(String(repeating: "a", count: 61_000))\r\n", 431),
        Bad(
            "long fields together",
            fields: (0..<9).map { "X-\($0): \(String(repeating: "a", count: 7_000))\r\n" }.joined(),
            431
        ),
    ]

    @Test("what breaks the protocol is refused with a problem body, and starts nothing", arguments: bad)
    func refused(_ bad: Bad) async throws {
        let invoker = FakeInvoker.makeEcho()
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.raw(bad.request)
            #expect(answer.status == bad.status)
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer["connection"] == "close")
            #expect(answer.isWhole)
            #expect(invoker.requests.count == 0)
            if bad.status == 414 || bad.status == 431 { #expect(answer.body.contains("Ki"), "names no size") }
        }
    }

    @Test("pieces of one byte each are the same request")
    func bytewise() async throws {
        try await TestGateway.run(.echo) { gateway in
            let request =
                "POST /function/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\nA \r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
            let pieces = request.utf8.map { String(decoding: [$0], as: UTF8.self) }
            let answer = WireAnswer(try await gateway.client.exchange(pieces))
            #expect(answer.status == 200)
            #expect(answer.body == "abc0123456789")
        }
    }

    @Test("a malformed request behind a good one is refused after the good one's answer")
    func pipelined() async throws {
        try await TestGateway.run(.ending(.ok, output: "x")) { gateway in
            let answer = try await gateway.client.raw(
                "GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\n"
            )
            #expect(answer.status == 200)
            #expect(WireAnswer(answer.rest).status == 400)
        }
    }

    @Test("a client that half-closes after its request gets the answer")
    func halfClose() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            do { try await Task.sleep(for: .milliseconds(300)) } catch { throw .cancelled }
            return .complete(
                ResponseHead(),
                output: ByteBuffer(string: "late"),
                FakeInvoker.record(function, request.id, .ok)
            )
        }
        try await TestGateway.run(invoker) { gateway in
            let request = "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
            let connection = try await gateway.client.open([request])
            connection.endSending()
            let answer = try await gateway.client.answer(connection)
            #expect(answer.status == 200)
            #expect(answer.body == "late")
        }
    }

    @Test("a client that half-closes in the middle of its body runs nothing")
    func brokenOff() async throws {
        let invoker = FakeInvoker.makeEcho()
        try await TestGateway.run(invoker) { gateway in
            let request = "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nabc"
            let connection = try await gateway.client.open([request])
            connection.endSending()
            _ = try await gateway.client.answer(connection)
            #expect(invoker.requests.count == 0)
        }
    }

    @Test("the host of a target in absolute form wins over Host")
    func absoluteForm() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.raw(
                "GET http://other.example:81/function/hello?q=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            )
            #expect(answer.status == 200)
            let variables = try #require(invoker.requests.first?.variableTexts)
            #expect(variables.contains("HTTP_HOST=other.example:81"))
            #expect(variables.contains("SERVER_NAME=other.example"))
            #expect(variables.contains("QUERY_STRING=q=1"))
            #expect(!variables.contains { $0.hasSuffix("_HOST=h") || $0.hasSuffix("_Host=h") })
        }
    }

    @Test(
        "every method that is a token reaches the function",
        arguments: ["GET", "PROPFIND", "QUERY", "BREW", "x-own", "M-SEARCH"]
    )
    func methods(_ method: String) async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.send(method, "/function/hello")
            #expect(answer.status == 200)
            #expect(invoker.requests.first?.variableTexts.contains("REQUEST_METHOD=\(method)") == true)
        }
    }

    @Test("OPTIONS * is answered by the gateway; a later version of HTTP/1 is served as 1.1")
    func serverWide() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let options = try await gateway.client.send("OPTIONS", "*")
            #expect(options.status == 204)
            #expect(options["allow"] != nil)
            let later = try await gateway.client.raw(
                "GET /function/hello HTTP/1.2\r\nHost: h\r\nConnection: close\r\n\r\n"
            )
            #expect(later.statusLine == "HTTP/1.1 200 OK")
            #expect(try await gateway.client.send("GET", "*").status == 400)
        }
    }

    @Test(
        "percent-encoded letters of a path choose as the letters do",
        arguments: ["/function/%68ello", "/function/hell%6F/x", "/%66unction/hello", "/own%2Droute"]
    )
    func encodedPath(_ path: String) async throws {
        let revision = try makeRevision("hello") { $0.routes = [try Route("/own-route")] }
        try await TestGateway.run(.ending(.ok), [revision]) { gateway in
            let answer = try await gateway.client.send("GET", path)
            #expect(answer.status == 200)
            let health = try await gateway.client.send("GET", "/%68ealthz")
            #expect(health.status == 200)
        }
    }

    @Test("fields between client and gateway are not passed on")
    func hopByHop() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let fields = [
                "Connection: X-Secret, upgrade", "X-Secret: a", "TE: trailers", "Upgrade: h2c",
                "Keep-Alive: timeout=5", "Proxy-Connection: close", "Proxy-Authorization: Basic eA==",
                "Trailer: X-T", "X-Kept: b",
            ]
            _ = try await gateway.client.send("GET", "/function/hello", headers: fields)
            let variables = try #require(invoker.requests.first?.variableTexts)
            #expect(variables.contains("HTTP_X_KEPT=b"))
            for name in [
                "X_SECRET", "TE", "UPGRADE", "KEEP_ALIVE", "PROXY_CONNECTION", "PROXY_AUTHORIZATION",
                "TRAILER",
                "CONNECTION",
            ] {
                let found = variables.filter {
                    $0.uppercased().hasPrefix("HTTP_\(name)=")
                }
                #expect(found.isEmpty, "\(found)")
            }
        }
    }

    @Test("a field's bytes past ASCII are the variable's bytes")
    func bytes() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let head = "GET /function/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Raw: "
            let value = Array(UInt8(0x80)...UInt8(0xff))
            _ = try await gateway.client.exchange(
                bytes: Array(head.utf8) + value + Array("\r\nX-Text: \u{e9}\r\n\r\n".utf8)
            )
            let request = try #require(invoker.requests.first)
            #expect(
                (try RequestVariables(request.head)).bytes == [
                    Array("HTTP_X_RAW=".utf8) + value, Array("Http_X_Raw=".utf8) + value,
                ]
            )
            #expect(request.variableTexts.contains("HTTP_X_TEXT=\u{e9}"))
        }
    }

    @Test("what the gateway does not serve is a problem with a body")
    func unknownPaths() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.limits.adminBodyBytesMax = 100 }) { gateway in
            for path in ["/system/nothing", "/v1/nothing", "/v1", "/ui/x", "/healthz/x"] {
                let headers = [TestGateway.authorization]
                let answer = try await gateway.client.send("GET", path, headers: headers)
                #expect(answer.status == 404, "\(path)")
                #expect(answer["content-type"] == "application/problem+json", "\(path)")
                #expect(answer.body.contains("unknown_path"), "\(path)")
            }
            let large = try await gateway.client.send(
                "POST",
                "/system/functions",
                headers: [TestGateway.authorization, "Content-Type: application/json"],
                body: "{\"service\":\"\(String(repeating: "a", count: 200))\"}"
            )
            #expect(large.status == 413)
            #expect(large["content-type"] == "application/problem+json")
            let root = try await gateway.client.send("GET", "/")
            #expect(root.status == 200)
            #expect(root["location"] == nil)
        }
    }
}
