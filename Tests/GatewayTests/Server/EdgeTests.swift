// SPDX-License-Identifier: Apache-2.0
// Connections: routing, keep-alive, lost clients, limits, and starting twice.

import Contracts
import FunctionModel
import HTTPTypes
import Logging
import NIOCore
import Scheduler
import Synchronization
import Testing

@testable import Gateway

@Suite struct EdgeTests {
    @Test("a function's own routes lead to it, by path, method and host")
    func routes() async throws {
        let functions = [
            try makeRevision("a") { $0.routes = [try Route("GET /hello"), try Route("/api/*")] },
            try makeRevision("b") { $0.routes = [try Route("b.example.com/*")] },
        ]
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            .complete(
                ResponseHead(),
                output: ByteBuffer(string: function.text),
                FakeInvoker.record(function, request.id, .ok)
            )
        }
        try await TestGateway.run(invoker, functions) { gateway in
            #expect(try await gateway.client.send("GET", "/hello?x=1").body == "a")
            #expect(try await gateway.client.send("PUT", "/api/x").body == "a")
            #expect(try await gateway.client.send("POST", "/hello").status == 405)
            let host = try await gateway.client.raw(
                "GET /system/functions HTTP/1.1\r\nHost: B.Example.com:80\r\nConnection: close\r\n\r\n"
            )
            #expect(host.body == "b")
            let scripts = invoker.requests.map { request in
                request.variableTexts.filter { $0.hasPrefix("SCRIPT_NAME") || $0.hasPrefix("PATH_INFO") }
            }
            #expect(
                scripts == [
                    ["SCRIPT_NAME=/hello", "PATH_INFO="], ["SCRIPT_NAME=/api", "PATH_INFO=/x"],
                    ["SCRIPT_NAME=", "PATH_INFO=/system/functions"],
                ]
            )
        }
    }

    @Test(
        "any method reaches the function",
        arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]
    )
    func methods(_ method: String) async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.send(method, "/function/hello")
            #expect(answer.status == 200)
            #expect(invoker.requests.first?.variableTexts.contains("REQUEST_METHOD=\(method)") == true)
        }
    }

    @Test("one connection carries many requests, pipelined ones too")
    func keepAlive() async throws {
        try await TestGateway.run(.ending(.ok, output: "x")) { gateway in
            let request = "GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"
            let last = "GET /function/hello HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n"
            var answer = try await gateway.client.raw(request + request + last)
            for _ in 0..<2 {
                #expect(answer.status == 200)
                #expect(answer["connection"] == nil)
                answer = WireAnswer(answer.rest)
            }
            #expect(answer.status == 200)
            #expect(answer["connection"] == "close")
            #expect(answer.rest.isEmpty)
        }
    }

    @Test("an HTTP/1.0 client gets an answer it understands, and the end of the connection")
    func http10() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            .streaming(
                ResponseHead(),
                FakeOutput(["a", "b"], FakeInvoker.record(function, request.id, .ok))
            )
        }
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.raw("GET /function/hello HTTP/1.0\r\n\r\n")
            #expect(answer.statusLine == "HTTP/1.0 200 OK")
            #expect(answer["transfer-encoding"] == nil)
            #expect(answer.body == "ab")
            #expect(invoker.requests.first?.variableTexts.contains("SERVER_PROTOCOL=HTTP/1.0") == true)
        }
    }

    @Test("a client that leaves cancels its invocation")
    func disconnect() async throws {
        let (cancellations, source) = AsyncStream<Void>.makeStream()
        let (starts, started) = AsyncStream<Void>.makeStream()
        let invoker = FakeInvoker { (_, _) throws(InvocationRefusal) in
            started.yield()
            do {
                // Never so long, unless the client's end went unseen: then there is no cancellation to come.
                try await Task.sleep(for: .seconds(20))
                source.finish()
            } catch {
                source.yield()
            }
            throw .cancelled
        }
        try await TestGateway.run(invoker) { gateway in
            let connection = try await gateway.client.open(["GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"]
            )
            for await _ in starts { break }
            connection.close()
            var iterator = cancellations.makeAsyncIterator()
            #expect(await iterator.next() != nil)
        }
    }

    @Test("a client that leaves while output comes stops the function")
    func disconnectWhileStreaming() async throws {
        let (cancellations, source) = AsyncStream<Void>.makeStream()
        let (starts, started) = AsyncStream<Void>.makeStream()
        let record = FakeInvoker.record(try FunctionName("hello"), "endless", .cancelled)
        let invoker = FakeInvoker { (_, _) throws(InvocationRefusal) in
            started.yield()
            return .streaming(ResponseHead(), EndlessOutput(record, whenStopped: source))
        }
        try await TestGateway.run(invoker) { gateway in
            let connection = try await gateway.client.open(["GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"]
            )
            for await _ in starts { break }
            connection.close()
            var iterator = cancellations.makeAsyncIterator()
            #expect(await iterator.next() != nil)
        }
    }

    @Test("header fields past the limit are refused as such")
    func headerLimit() async throws {
        try await TestGateway.run { gateway in
            let large = "X-Large: " + String(repeating: "a", count: 200_000)
            let answer = try await gateway.client.raw(
                "GET /function/hello HTTP/1.1\r\nHost: h\r\n\(large)\r\n\r\n"
            )
            #expect(answer.status == 431)
            let many = (0..<1000).map { "X-\($0): 1\r\n" }.joined()
            let second = try await gateway.client.raw("GET / HTTP/1.1\r\nHost: h\r\n\(many)\r\n")
            #expect(second.status == 431)
        }
    }

    @Test(
        "what is no HTTP is answered 400 and closed",
        arguments: [
            "GARBAGE\r\n\r\n", "GET /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
            "GET /function/hello HTTP/1.1\r\nBad Header: x\r\n\r\n",
            "GET /function/hello/%00 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        ]
    )
    func malformed(_ request: String) async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.raw(request)
            #expect(answer.status == 400)
            #expect(invoker.requests.isEmpty)
        }
    }

    @Test("the gateway's own paths say what they are")
    func ownPaths() async throws {
        try await TestGateway.run { gateway in
            #expect(try await gateway.client.send("GET", "/healthz").body == "OK\n")
            #expect(try await gateway.client.send("GET", "/readyz").status == 200)
            let root = try await gateway.client.send("GET", "/")
            #expect(root.status == 200)
            #expect(root.body.contains("/function/NAME"))
            #expect(try await gateway.client.send("GET", "/ui/").status == 404)
            #expect(try await gateway.client.send("GET", "/async-function/hello").status == 405)
            #expect(try await gateway.client.send("GET", "/function").status == 404)
        }
    }

    @Test("a port in use is reported as such")
    func portInUse() async throws {
        try await TestGateway.run { gateway in
            await #expect(throws: GatewayError.addressInUse(host: "127.0.0.1", port: gateway.client.port)) {
                try await TestGateway.run(.ending(.ok), nil, { $0.port = gateway.client.port }) { _ in }
            }
        }
    }

    @Test("an address that is not this host's is reported as such")
    func foreignAddress() async throws {
        await #expect(throws: GatewayError.self) {
            try await TestGateway.run(.ending(.ok), nil, { $0.host = "192.0.2.1" }) { _ in }
        }
    }
}

/// Output without an end, until it is cancelled.
final class EndlessOutput: OutputStream {
    private let isCancelled = Atomic<Bool>(false)
    private let source: AsyncStream<Void>.Continuation
    private let record: Invocation

    init(_ record: Invocation, whenStopped source: AsyncStream<Void>.Continuation) {
        self.record = record
        self.source = source
    }

    /// A client can be gone before the first byte is asked for: dropping the output stops the function, too.
    deinit { source.yield() }

    func next() async -> ByteBuffer? {
        if isCancelled.load(ordering: .relaxed) { return nil }
        return ByteBuffer(repeating: 0x61, count: 65536)
    }

    var trailers: HTTPFields { HTTPFields() }
    func ending() async -> Invocation {
        record
    }

    func cancel() {
        isCancelled.store(true, ordering: .relaxed)
        source.yield()
    }
}
