// SPDX-License-Identifier: Apache-2.0
// kill -9 under load: nothing is left within two seconds, and a restart goes on as before.

import Foundation
import GRDB
import Testing

extension EndToEnd {
    @Suite struct CrashTests {
        @Test("after kill -9 under load nothing is left within 2 s, and a restart finds everything")
        func survivesKill() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            for name in ["fresh", "echo", "tick"] {
                try await first.require("deploy", Fixtures.function(name))
            }
            let functions = try await Self.names(first)
            let schedules = try await Self.schedules(first)
            #expect(functions == ["echo", "fresh", "tick"])
            #expect(schedules.count == 1)

            var view: HostView?
            _ = try await first.underLoad("/function/fresh", atOnce: 16) { tally in
                try await tally.reached(100)
                let before = HostView(gateway: first.processID)
                view = before
                // What is looked for afterwards is seen while it is there.
                #expect(before.remains(dataFolder: data).contains { $0.hasPrefix("cgroup ") })
                #expect(before.remains(dataFolder: data).contains { $0.hasPrefix("network namespace ") })
                #expect(before.remains(dataFolder: data).contains { $0.hasPrefix("process ") })
                first.signal(SIGKILL)
                _ = await first.ended()
            }
            let left = try #require(view)
            Figures.tell("before kill -9: \(left.figures)")
            #expect(left.processes.count > 1)
            #expect(try await left.remains(dataFolder: data, within: .seconds(2)) == [])
            try await Self.checkIntegrity(data)

            let second = try await GatewayUnderTest(dataFolder: data)
            #expect(try await Self.names(second) == functions)
            #expect(try await Self.schedules(second) == schedules)
            let answer = try await second.call("/function/fresh")
            #expect(answer.status == 200)
            #expect(answer.lines.first == "absent")
            await second.stop()
        }

        @Test(
            "a call that runs at a kill -9 is recorded as lost by the next gateway, and a finished one is not"
        )
        func recordsLost() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await first.require("deploy", Fixtures.function("fail"))
            #expect(try await first.call("/function/fail").status == 200)
            _ = try await first.invocations("fail", atLeast: 1)
            let address = first.address + "/function/fail?sleep=60"
            async let call = Command.run(
                "/usr/bin/curl",
                ["-sS", "-m", "60", "-H", "X-Call-Id: under-way", address]
            )
            while try await first.require("ps", "-q").isEmpty {}
            first.signal(SIGKILL)
            _ = await first.ended()
            #expect(try await call.code != 0)

            let second = try await GatewayUnderTest(dataFolder: data)
            let records = try await second.invocations("fail", atLeast: 2)
            #expect(records.map(\.outcome).sorted() == ["lost", "ok"])
            #expect(records.first { $0.outcome == "lost" }?.id == "under-way")
            await second.stop()
        }

        /// Opens the store as any SQLite program could.
        private static func checkIntegrity(_ data: String) async throws {
            let database = try DatabaseQueue(path: data + "/mayfly.sqlite")
            let answer = try await database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
            #expect(answer == ["ok"])
            try database.close()
        }

        private static func names(_ gateway: GatewayUnderTest) async throws -> [String] {
            struct Function: Decodable { var name: String }
            let text = try await gateway.require("list", "--output", "json")
            return try JSONDecoder().decode([Function].self, from: Data(text.utf8)).map(\.name).sorted()
        }

        private static func schedules(_ gateway: GatewayUnderTest) async throws -> [String] {
            struct Schedule: Decodable {
                var function: String
                var cron: String
            }
            let text = try await gateway.require("schedules", "--output", "json")
            return try JSONDecoder().decode([Schedule].self, from: Data(text.utf8))
                .map { "\($0.function) \($0.cron)" }
        }
    }
}
