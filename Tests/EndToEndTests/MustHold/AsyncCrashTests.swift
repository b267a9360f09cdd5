// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments while asynchronous calls are accepted, run, tried again and delivered.

import Foundation
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct AsyncCrashTests {
        /// From the environment: some kills in every run, a hundred where there is time.
        private static let kills =
            ProcessInfo.processInfo.environment["MAYFLY_TEST_KILLS"].flatMap { Int($0) } ?? 6
        private static let callsMax = 1000

        /// The answers of the callers.
        private final class Accepted: Sendable {
            private let all = Mutex<Set<String>>([])
            private let next = Atomic<Int>(0)
            var ids: Set<String> { all.withLock { $0 } }
            func add(_ id: String) { _ = all.withLock { $0.insert(id) } }
            /// Nil when there were enough.
            func take() -> Int? {
                let number = next.add(1, ordering: .relaxed).oldValue
                return number < AsyncCrashTests.callsMax ? number : nil
            }
        }

        @Test(
            "after kill -9 at random moments every accepted call ends in exactly one final state, and is delivered"
        )
        func survives() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("callback_allow: [127.0.0.1]\n", to: "config.yaml")
            let arguments = ["--config", folder.url.appendingPathComponent("config.yaml").path]
            let data = folder.url.appendingPathComponent("data").path
            let port = try await Self.freePort()
            let accepted = Accepted()
            for kill in 0..<Self.kills {
                let gateway = try await Self.start(data, arguments, port)
                if kill == 0 { try await Self.deploy(gateway) }
                try await Self.load(gateway, accepted) {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 50...1500)))
                    gateway.signal(SIGKILL)
                    _ = await gateway.ended()
                }
            }
            let last = try await Self.start(data, arguments, port)
            let calls = try await Self.settled(last, accepted.ids)
            let states = Dictionary(grouping: calls, by: \.state).mapValues(\.count)
            Figures.tell("\(Self.kills) kills, \(accepted.ids.count) calls accepted, ended as \(states)")
            #expect(accepted.ids.count > Self.kills)
            // Each id is there once.
            #expect(Set(calls.map(\.id)).count == calls.count)
            #expect(accepted.ids.isSubset(of: calls.map(\.id)))
            #expect(states.keys.sorted().allSatisfy { $0 == "succeeded" || $0 == "failed" })
            // A call fails when its number says so, and by nothing else.
            for call in calls { #expect((call.state == "failed") == call.id.hasSuffix("-bad"), "\(call)") }
            #expect(calls.filter { $0.callbackState != "delivered" }.isEmpty)
            #expect(calls.contains { $0.losses ?? 0 > 0 }, "no kill met a running call")
            await last.stop()
        }

        private static func start(_ data: String, _ arguments: [String], _ port: Int) async throws
            -> GatewayUnderTest
        {
            // The same port each time: callbacks that are under way name it.
            try await GatewayUnderTest(
                dataFolder: data,
                arguments: arguments + ["--listen", "127.0.0.1:\(port)"]
            )
        }

        private static func deploy(_ gateway: GatewayUnderTest) async throws {
            let worker = try await Fixtures.shell(
                "/bin/busybox usleep 20000; exit $QUERY_STRING\n",
                name: "worker"
            )
            let receiver = try await Fixtures.shell("exit 0\n", name: "receiver")
            defer {
                worker.remove()
                receiver.remove()
            }
            try await gateway.require(
                "deploy",
                worker.url.path,
                "--async-attempts",
                "3",
                "--async-min-wait",
                "50ms",
                "--async-max-wait",
                "200ms"
            )
            try await gateway.require("deploy", receiver.url.path)
        }

        /// Callers go on until the gateway is gone or there were enough calls.
        private static func load(
            _ gateway: GatewayUnderTest,
            _ accepted: Accepted,
            _ body: () async throws -> Void
        ) async throws {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<8 {
                    tasks.addTask {
                        while let number = accepted.take() {
                            let isBad = number % 10 == 0
                            let id = "call-\(number)" + (isBad ? "-bad" : "")
                            // The gateway is gone: nothing was promised.
                            guard
                                let answer = try? await gateway.call(
                                    "/async-function/worker?\(isBad ? 1 : 0)",
                                    method: "POST",
                                    body: Data("body of \(id)".utf8),
                                    headers: [
                                        "X-Call-Id": id,
                                        "X-Callback-Url": gateway.address + "/function/receiver",
                                    ]
                                )
                            else { return }
                            if answer.status == 202 { accepted.add(id) }
                            // Calls of one round must not use up those of all.
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
                try await body()
                tasks.cancelAll()
            }
        }

        /// All calls, once each is final and delivered.
        private static func settled(_ gateway: GatewayUnderTest, _ ids: Set<String>) async throws
            -> [QueuedCallState]
        {
            let deadline = ContinuousClock.now + .seconds(Patience.seconds(120))
            var calls: [QueuedCallState] = []
            repeat {
                try await Task.sleep(for: .milliseconds(500))
                let text = try await gateway.require("queue", "list", "--limit", "10000", "--output", "json")
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                calls = try decoder.decode([QueuedCallState].self, from: Data(text.utf8))
                let isOpen = calls.contains { call in
                    ["queued", "running", "waiting"].contains(call.state) || call.callbackState == "pending"
                }
                if !isOpen { break }
            } while ContinuousClock.now < deadline
            return calls
        }

        private static func freePort() async throws -> Int {
            let text = try await Command.require(
                "python3",
                "-c",
                "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
            )
            guard let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw HarnessError("no port: \(text)")
            }
            return port
        }
    }
}
