// SPDX-License-Identifier: Apache-2.0
// Bodies in both directions, over a real socket.

import Contracts
import FunctionModel
import NIOCore
import Scheduler
import Synchronization
import Testing

@testable import Gateway

@Suite struct BodyTests {
    @Test("a body arrives byte for byte, whole or streamed", arguments: [0, 1, 65536, 65537, 3_000_000])
    func sizes(_ size: Int) async throws {
        try await TestGateway.run(.echo) { gateway in
            let body = String(repeating: "0123456789", count: size / 10 + 1).prefix(size)
            let answer = try await gateway.client.send("POST", "/function/hello", body: String(body))
            #expect(answer.status == 200)
            #expect(answer.body == body)
        }
    }

    @Test("a chunked body arrives whole")
    func chunked() async throws {
        try await TestGateway.run(.echo) { gateway in
            let answer = try await gateway.client.raw(
                "POST /function/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            #expect(answer.status == 200)
            #expect(answer.body == "abcde")
        }
    }

    @Test("a body longer than the limit is refused by its length, before anything runs")
    func tooLargeByLength() async throws {
        let revision = try makeRevision("hello") { $0.limits.body = ByteCount(bytes: 1000) }
        let invoker = FakeInvoker.echo
        try await TestGateway.run(invoker, [revision]) { gateway in
            let before = invoker.requests.count
            let answer = try await gateway.client.send(
                "POST",
                "/function/hello",
                body: String(repeating: "a", count: 1001)
            )
            #expect(answer.status == 413)
            #expect(answer.body.contains("body_too_large"))
            #expect(invoker.requests.filter { $0.id == answer["x-call-id"] }.isEmpty)
            #expect(before <= invoker.requests.count)
            let fits = try await gateway.client.send(
                "POST",
                "/function/hello",
                body: String(repeating: "a", count: 1000)
            )
            #expect(fits.status == 200)
        }
    }

    @Test("a chunked body longer than the limit is refused while it comes")
    func tooLargeStreaming() async throws {
        let revision = try makeRevision("hello") { $0.limits.body = ByteCount(bytes: 4) }
        try await TestGateway.run(.echo, [revision]) { gateway in
            let answer = try await gateway.client.raw(
                "POST /function/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            #expect(answer.status == 413)
            #expect(answer["connection"] == "close")
        }
    }

    @Test("a client that waits for 100-continue gets it, or gets the final answer at once")
    func expectContinue() async throws {
        let revision = try makeRevision("hello") { $0.limits.body = ByteCount(bytes: 10) }
        try await TestGateway.run(.echo, [revision]) { gateway in
            let head =
                "POST /function/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\n"
            let first = try await gateway.client.raw(head + "Content-Length: 3\r\n\r\nabc")
            #expect(first.statusLine == "HTTP/1.1 100 Continue")
            let large = try await gateway.client.raw(head + "Content-Length: 11\r\n\r\n")
            #expect(large.status == 413)
        }
    }

    @Test("a function that leaves a long body unread still gets its answer through")
    func unread() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            if case .stream(let produce) = request.body {
                do { try await produce { _ in false } } catch { throw .cancelled }
            }
            return .complete(
                ResponseHead(),
                output: ByteBuffer(string: "early"),
                FakeInvoker.record(function, request.id, .ok)
            )
        }
        try await TestGateway.run(invoker) { gateway in
            let body = String(repeating: "a", count: 10_000_000)
            let answer = try await gateway.client.raw(
                "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                    + body
            )
            #expect(answer.status == 200)
            #expect(answer.body == "early")
            #expect(answer["connection"] == "close")
        }
    }

    @Test("a streamed body that was read whole leaves the connection open for the next request")
    func keepsOpen() async throws {
        try await TestGateway.run(.echo) { gateway in
            let body = String(repeating: "a", count: 100_000)
            let first = "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + body
            let second = "GET /function/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            let answer = try await gateway.client.raw(first + second)
            #expect(answer.body == body)
            #expect(answer["connection"] == nil)
            #expect(WireAnswer(answer.rest).status == 200)
        }
    }

    @Test("long output is sent in chunks, with trailers at its end")
    func streaming() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            .streaming(
                ResponseHead(),
                FakeOutput(["one ", "two"], FakeInvoker.record(function, request.id, .ok))
            )
        }
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.send("GET", "/function/hello")
            #expect(answer.status == 200)
            #expect(answer["transfer-encoding"] == "chunked")
            #expect(answer["trailer"] == "X-Exit-Code, X-Duration-Seconds")
            #expect(answer.body == "one two")
            #expect(answer.isWhole)
            #expect(answer.trailers == ["x-exit-code": "0", "x-duration-seconds": "0.012500"])
        }
    }

    @Test("output that breaks off is seen to have broken off", arguments: [Outcome.exit, .timeout, .signal])
    func brokenStream(_ outcome: Outcome) async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            .streaming(
                ResponseHead(),
                FakeOutput(["one "], FakeInvoker.record(function, request.id, outcome))
            )
        }
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.send("GET", "/function/hello")
            #expect(answer.status == 200)
            #expect(answer.body == "one ")
            #expect(!answer.isWhole)
            #expect(answer.trailers.isEmpty)
        }
    }

    @Test("HEAD runs the function and gets its head only, also with long output")
    func head() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            let record = FakeInvoker.record(function, request.id, .ok)
            return request.id == "short"
                ? .complete(ResponseHead(), output: ByteBuffer(string: "12345"), record)
                : .streaming(ResponseHead(), FakeOutput(["123", "4567"], record))
        }
        try await TestGateway.run(invoker) { gateway in
            for (id, length) in [("short", "5"), ("long", "7")] {
                let bytes = try await gateway.client.exchange([
                    "HEAD /function/hello HTTP/1.1\r\nHost: h\r\nX-Call-Id: \(id)\r\nConnection: close\r\n\r\n"
                ])
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(text.lowercased().contains("content-length: \(length)\r\n"))
                #expect(text.hasSuffix("\r\n\r\n"))
            }
        }
    }

    @Test(
        "a client that asks for events gets its output at once",
        arguments: [
            ("text/event-stream", true), ("application/x-ndjson", true), ("*/*", false),
        ]
    )
    func wantsStream(_ accept: String, _ wanted: Bool) async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            _ = try await gateway.client.send("GET", "/function/hello", headers: ["Accept: \(accept)"])
            #expect(invoker.requests.map(\.wantsStream) == [wanted])
        }
    }
}
