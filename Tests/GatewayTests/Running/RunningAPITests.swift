// SPDX-License-Identifier: Apache-2.0
// What runs now, over HTTP.

import Foundation
import FunctionModel
import Scheduler
import Synchronization
import Testing

@testable import Gateway

/// One call and one attached container that never end.
final class FakeRunning: RunningWork {
    let requests = Mutex<[EndRequest]>([])

    func list(of function: FunctionName?) async -> [RunningContainer] {
        if let function, function.text != "hello" { return [] }
        let usage = RunningContainer.Usage(memoryBytes: 5000, cpuMilliseconds: 2.5, processCount: 3)
        var call = RunningContainer(
            kind: .call,
            id: "call-1",
            function: try? FunctionName("hello"),
            image: "hello:1",
            container: "7-2",
            startedAt: Date(timeIntervalSinceNow: -2),
            isStopping: true,
            usage: usage
        )
        let first = call
        (call.kind, call.function, call.isStopping, call.usage) = (.container, nil, false, nil)
        return [first, call]
    }

    func end(_ name: String, _ request: EndRequest) async -> EndReply {
        if name == "call" { return .ambiguous(2) }
        guard name == "call-1" else { return .unknown }
        requests.withLock { $0.append(request) }
        return .done(name, hasEnded: request != .signal(10))
    }
}

@Suite("What runs now")
struct RunningAPITests {
    private static let fields = [TestGateway.authorization]

    @Test("is listed with its age, state and usage, as far as they are known")
    func list() async throws {
        try await TestGateway.run(running: FakeRunning()) { gateway in
            let answer = try await gateway.client.send("GET", "/v1/running", headers: Self.fields)
            let json = try JSONSerialization.jsonObject(with: Data(answer.bytes))
            let all = try #require(json as? [[String: Any]])
            #expect(
                all.count == 2 && all[0]["function"] as? String == "hello"
                    && all[0]["kind"] as? String == "call"
            )
            #expect(all[0]["cpu_ms"] as? Double == 2.5 && all[0]["memory_bytes"] as? Int == 5000)
            #expect(all[0]["state"] as? String == "stopping" && all[1]["state"] as? String == "running")
            #expect((all[0]["age_ms"] as? Double ?? 0) >= 2000 && all[0]["processes"] as? Int == 3)
            #expect(
                all[1]["function"] == nil && all[1]["cpu_ms"] == nil
                    && all[1]["container"] as? String == "7-2"
            )
            #expect(try await gateway.client.send("GET", "/v1/running").status == 401)
            let other = try await gateway.client.send(
                "GET",
                "/v1/running?function=other",
                headers: Self.fields
            )
            #expect(other.body == "[]")
        }
    }

    @Test("is stopped or signalled by its id, and by no other")
    func ends() async throws {
        let running = FakeRunning()
        try await TestGateway.run(running: running) { gateway in
            func post(_ path: String) async throws -> WireAnswer {
                try await gateway.client.send("POST", "/v1/running/" + path, headers: Self.fields)
            }
            let stopped = try await post("call-1/stop")
            #expect(stopped.status == 200 && stopped.body == #"{"ended":true,"id":"call-1"}"#)
            #expect(try await post("call-1/stop?grace=3s&signal=2").status == 200)
            #expect(try await post("call-1/kill").status == 200)
            let sent = try await post("call-1/kill?signal=10")
            #expect(sent.status == 200 && sent.body.contains(#""ended":false"#))
            let expected: [EndRequest] = [
                .stop(signal: nil, grace: nil), .stop(signal: 2, grace: .seconds(3)), .signal(9), .signal(10),
            ]
            #expect(running.requests.withLock { $0 } == expected)
            for wrong in ["0", "65", "-1", "TERM", ""] {
                #expect(try await post("call-1/kill?signal=\(wrong)").status == 400, "\(wrong)")
                #expect(try await post("call-1/stop?signal=\(wrong)").status == 400, "\(wrong)")
            }
            for wrong in ["", "-1s", "2h", "soon"] {
                #expect(try await post("call-1/stop?grace=\(wrong)").status == 400, "\(wrong)")
            }
            let unknown = try await post("other/stop")
            #expect(unknown.status == 404 && unknown.body.contains("unknown_call"))
            #expect(try await post("call/kill").status == 409)
            #expect(running.requests.withLock { $0.count } == 4)
        }
    }
}
