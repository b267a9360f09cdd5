// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments while asynchronous calls are accepted, run, tried again and delivered.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct AsyncCrashTests {
        /// From the environment: some kills in every run, a hundred where there is time.
        private static let kills =
            ProcessInfo.processInfo.environment["MAYFLY_TEST_KILLS"].flatMap { Int($0) } ?? 6
        private static let callsMax = 1000

        /// Eight callers in a program of their own, since the tests' own client is not made for answers that break off.
        ///
        /// Each id is printed after its 202.
        private static let callers = """
            import http.client, sys, threading
            port, first, count = map(int, sys.argv[1:])
            numbers, lock = iter(range(first, first + count)), threading.Lock()
            def call():
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    name = f"call-{number}" + ("-bad" if number % 10 == 0 else "")
                    fields = {"X-Call-Id": name, "X-Callback-Url": f"http://127.0.0.1:{port}/function/receiver"}
                    try:
                        path = f"/async-function/worker?{int(number % 10 == 0)}"
                        connection.request("POST", path, "body of " + name, fields)
                        answer = connection.getresponse()
                        answer.read()
                    except (OSError, http.client.HTTPException):
                        return
                    with lock:
                        if answer.status == 202:
                            print(name, flush=True)
            threads = [threading.Thread(target=call) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """

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
            var accepted: Set<String> = []
            for kill in 0..<Self.kills {
                let gateway = try await Self.start(data, arguments, port)
                if kill == 0 { try await Self.deploy(gateway) }
                let count = Self.callsMax / Self.kills
                async let callers = Command.run(
                    "/usr/bin/env",
                    ["python3", "-c", Self.callers, "\(port)", "\(kill * count)", "\(count)"]
                )
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...1500)))
                gateway.signal(SIGKILL)
                _ = await gateway.ended()
                accepted.formUnion(try await callers.text.split(separator: "\n").map(String.init))
            }
            let last = try await Self.start(data, arguments, port)
            let calls = try await Self.settled(last)
            let states = Dictionary(grouping: calls, by: \.state).mapValues(\.count)
            Figures.tell("\(Self.kills) kills, \(accepted.count) calls accepted, ended as \(states)")
            #expect(accepted.count > Self.kills)
            // Each id is there once.
            #expect(Set(calls.map(\.id)).count == calls.count)
            #expect(accepted.isSubset(of: calls.map(\.id)))
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

        /// All calls, once each is final and delivered.
        private static func settled(_ gateway: GatewayUnderTest) async throws
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
