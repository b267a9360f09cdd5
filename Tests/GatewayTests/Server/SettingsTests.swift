// SPDX-License-Identifier: Apache-2.0
// Settings of the gateway that only connections show.

import FunctionModel
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
            let few = (0..<4).map { "X-\($0): a" }
            let served = try await gateway.client.send("GET", "/healthz", headers: few)
            #expect(served.status == 200)
            let many = (0..<20).map { "X-\($0): a" }
            let refused = try await gateway.client.send("GET", "/healthz", headers: many)
            #expect(refused.status == 431)
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
