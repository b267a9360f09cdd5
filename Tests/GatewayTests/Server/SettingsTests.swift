// SPDX-License-Identifier: Apache-2.0
// Settings of the gateway that only connections show.

import FunctionModel
import NIOCore
import Scheduler
import Testing

@testable import Gateway

@Suite struct SettingsTests {
    @Test("a connection without traffic is closed after the idle timeout")
    func idleTimeout() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.limits.idleTimeout = .milliseconds(200) }) {
            gateway in
            // The client asks for no end: only the gateway can close, and the default is longer than the test waits.
            let answer = try await gateway.client.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(answer.status == 200)
        }
    }

    @Test("a request with more fields than the most is refused")
    func headerCount() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.limits.headerCountMax = 8 }) { gateway in
            // The client sends two of its own.
            for (count, status) in [(6, 200), (7, 431), (20, 431)] {
                let fields = (0..<count).map { "X-\($0): a" }
                let answer = try await gateway.client.send("GET", "/healthz", headers: fields)
                #expect(answer.status == status, "\(count)")
            }
        }
    }

    @Test("as many connections as the most are served at once, and further ones when one of those ends")
    func connections() async throws {
        let request = "GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"
        for countMax in [1, 2] {
            let invoker = FakeInvoker.ending(.ok)
            try await TestGateway.run(invoker, nil, { $0.limits.connectionsMax = countMax }) { gateway in
                // They ask for no end: each connection stays open behind its answer.
                var open: [WireConnection] = []
                for _ in 0..<countMax { open.append(try await gateway.client.open([request])) }
                try await Self.expect(countMax, of: invoker)
                for _ in 0..<8 { open.append(try await gateway.client.open([request])) }
                try await Self.expect(countMax, of: invoker)
                for served in countMax + 1...countMax + 3 {
                    open.removeFirst().close()
                    try await Self.expect(served, of: invoker)
                }
            }
        }
    }

    @Test("where there are as many connections as the most, the longest idle ones make room, and no busy one")
    func room() async throws {
        let request = "GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n"
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, nil, { $0.limits.connectionsMax = 3 }) { gateway in
            let silent = try await gateway.client.open([])
            let partial = try await gateway.client.open(["GET /function/hello HTTP/1.1\r\n"])
            let idle = try await gateway.client.open([request])
            try await Self.expect(1, of: invoker)
            // All three are too young to be closed for it.
            let late = try await gateway.client.open([request])
            try await Self.expect(1, of: invoker)
            // The oldest one makes room, whatever it has not sent.
            for _ in 0..<500 where invoker.requests.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
            #expect(invoker.requests.count == 2)
            #expect(try await gateway.client.answer(silent).bytes.isEmpty)
            for connection in [partial, idle, late] { connection.close() }
        }
    }

    @Test(
        "of connections those that have been idle for the longest time are chosen, and no young or busy one"
    )
    func oldest() {
        let now = NIODeadline.uptimeNanoseconds(100_000_000_000)
        let ages: [(id: String, since: NIODeadline?)] = [
            ("young", now - .seconds(4)), ("busy", nil), ("old", now - .seconds(30)),
            ("older", now - .seconds(60)),
            ("just", now - IdleConnections.idleMin),
        ]
        #expect(IdleConnections.oldest(ages, now: now, atMost: 2) == ["older", "old"])
        #expect(IdleConnections.oldest(ages, now: now, atMost: 9) == ["older", "old", "just"])
        #expect(IdleConnections.oldest([ages[0], ages[1]], now: now, atMost: 9).isEmpty)
    }

    @Test("connections expire after the idle time, busy ones never; the next look is when another one can")
    func expired() {
        let now = NIODeadline.uptimeNanoseconds(100_000_000_000)
        let ages: [(id: String, since: NIODeadline?)] = [
            ("young", now - .seconds(4)), ("busy", nil), ("old", now - .seconds(30)),
            ("just", now - .seconds(10)),
        ]
        let look = IdleConnections.expired(ages, now: now, after: .seconds(10))
        #expect(look.ids == ["old", "just"] && look.next == now + .seconds(6))
        let busy = IdleConnections.expired([ages[1]], now: now, after: .seconds(10))
        #expect(busy.ids.isEmpty && busy.next == now + .seconds(10))
        let none = IdleConnections.expired([ages[2]], now: now, after: .seconds(10))
        #expect(none.ids == ["old"] && none.next == nil)
    }

    /// Waits until so many calls came, and sees that no more come.
    private static func expect(_ count: Int, of invoker: FakeInvoker) async throws {
        for _ in 0..<200 where invoker.requests.count < count {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await Task.sleep(for: .milliseconds(200))
        #expect(invoker.requests.count == count)
    }

    @Test("uploads and bodies of the admin API of exactly the most are taken, one byte more is not")
    func bodies() async throws {
        let change: (inout GatewayConfiguration) -> Void = {
            $0.limits.adminBodyBytesMax = 100
            $0.limits.uploadBytesMax = 200
        }
        try await TestGateway.run(.ending(.ok), nil, change) { gateway in
            for (path, max, extra) in [
                ("/system/functions", 100, 0), ("/system/functions", 100, 1), ("/v1/images", 200, 0),
                ("/v1/images", 200, 1),
            ] {
                let answer = try await gateway.client.send(
                    "POST",
                    path,
                    headers: [TestGateway.authorization, "Content-Type: application/json"],
                    body: String(repeating: "a", count: max + extra)
                )
                // What is taken is no JSON and no archive.
                #expect(answer.status == (extra == 0 ? 400 : 413), "\(path) \(extra): \(answer.body)")
            }
        }
    }

    @Test("a function with stream: true gets its output sent at once, whatever the client accepts")
    func stream() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, [try makeRevision("hello") { $0.stream = true }]) { gateway in
            _ = try await gateway.client.send("GET", "/function/hello")
            #expect(invoker.requests.map(\.wantsStream) == [true])
        }
    }
}
