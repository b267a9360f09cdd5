// SPDX-License-Identifier: Apache-2.0
// Bodies that do not come: their own time limit, and what they must not hold.

import Contracts
import FunctionModel
import NIOCore
import Scheduler
import Synchronization
import Testing

@testable import Gateway

@Suite struct StalledBodyTests {
    private static let long =
        "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabcde"

    @Test(
        "a body that stalls before the function starts ends with 408, and starts nothing",
        arguments: [
            "Content-Length: 10\r\n\r\nabcde", "Content-Length: 1000000\r\n\r\nabcde",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        ]
    )
    func beforeStart(_ tail: String) async throws {
        let invoker = FakeInvoker.makeEcho()
        try await TestGateway.run(invoker, nil, { $0.limits.bodyTimeout = .milliseconds(300) }) { gateway in
            let answer = try await gateway.client.raw("POST /function/hello HTTP/1.1\r\nHost: h\r\n" + tail)
            #expect(answer.status == 408)
            #expect(answer["connection"] == "close")
            #expect(answer.body.contains("\"code\":\"request_timeout\""))
            #expect(invoker.requests.count == 0)
            let id = try #require(answer["x-call-id"])
            #expect(invoker.unadmitted.withLock { $0[id] } == .stalled)
            let metrics = try await gateway.client.send("GET", "/metrics")
            #expect(metrics.body.contains("code=\"408\"} 1"))
        }
    }

    @Test("a body that stalls while the function runs stops it, with 408")
    func whileRunning() async throws {
        let body = String(repeating: "a", count: BodyPlan.wholeBytesMax + 10)
        let head = "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"
        try await TestGateway.run(.echo, nil, { $0.limits.bodyTimeout = .milliseconds(300) }) { gateway in
            let answer = try await gateway.client.raw(head + body)
            #expect(answer.status == 408)
            #expect(answer["connection"] == "close")
        }
    }

    @Test("a chunk that breaks the protocol while the function runs stops it, with 400")
    func malformedWhileRunning() async throws {
        let size = BodyPlan.wholeBytesMax + 10
        let head = "POST /function/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = String(size, radix: 16) + "\r\n" + String(repeating: "a", count: size) + "\r\n"
        let invoker = FakeInvoker.makeEcho()
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.raw(head + chunk + "zz\r\n")
            #expect(answer.status == 400)
            #expect(answer["connection"] == "close")
        }
    }

    @Test("a chunk that breaks the protocol stops a function that does not read, too")
    func malformedUnread() async throws {
        let size = BodyPlan.wholeBytesMax + 10
        let head = "POST /function/hello HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = String(size, radix: 16) + "\r\n" + String(repeating: "a", count: size) + "\r\n"
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            await withCheckedContinuation { continuation in
                request.bodyMonitor?.onFailure { _ in continuation.resume() }
            }
            let record = FakeInvoker.record(function, request.id, .cancelled)
            return .complete(ResponseHead(), output: ByteBuffer(), record)
        }
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.raw(head + chunk + "zz\r\n")
            #expect(answer.status == 400)
            #expect(answer["connection"] == "close")
        }
    }

    @Test("uploads that stall hold no place of the function")
    func noPlaces() async throws {
        let invoker = FakeInvoker.makeEcho()
        try await TestGateway.run(invoker) { gateway in
            var stalled: [WireConnection] = []
            for _ in 0..<16 { stalled.append(try await gateway.client.open([Self.long])) }
            let answer = try await gateway.client.send("GET", "/function/hello")
            #expect(answer.status == 200)
            #expect(invoker.requests.count == 1)
            for connection in stalled { connection.close() }
        }
    }

    @Test("a head that does not come whole ends with 408")
    func head() async throws {
        try await TestGateway.run(.echo, nil, { $0.limits.headTimeout = .milliseconds(300) }) { gateway in
            let answer = try await gateway.client.raw("GET /function/hello HTTP/1.1\r\nHost:")
            #expect(answer.status == 408)
            #expect(answer["content-type"] == "application/problem+json")
        }
    }
}
