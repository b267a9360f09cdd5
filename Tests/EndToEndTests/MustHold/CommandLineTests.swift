// SPDX-License-Identifier: Apache-2.0
// The command line against a real gateway: names that are not there, logs, failures, times.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct CommandLineTests {
        @Test("names that are not there are errors, and what can be done is done")
        func names() async throws {
            try await GatewayUnderTest.with { gateway in
                let echo = try await Fixtures.function("echo")
                for name in ["a", "b", "gone"] { try await gateway.require("deploy", echo, "--name", name) }
                #expect(try await gateway.call("/function/gone").status == 200)
                let removed = try await gateway.faasctl("remove", "a", "missing", "b", "gone")
                #expect(removed.code == 1)
                #expect(
                    removed.error.contains("removed b") && removed.error.contains("'missing'"),
                    "\(removed.error)"
                )
                #expect(try await gateway.require("list", "--quiet").isEmpty)
                for words in [["invocations", "nosuch"], ["logs", "nosuch"], ["logs", "-f", "nosuch"]] {
                    let result = try await gateway.faasctl(words)
                    #expect(
                        result.code == 1 && result.error.contains("'nosuch'"),
                        "\(words): \(result.error)"
                    )
                }
                // A removed function's history stays.
                #expect(try await gateway.require("invocations", "gone").contains("gone"))
                let moved = try await Command.run(
                    Fixtures.faasctl,
                    ["--gateway", gateway.address, "-o", "json", "list"],
                    environment: ["MAYFLY_DATA_DIR": gateway.dataFolder]
                )
                #expect(moved.code == 0 && moved.text == "[]\n", "\(moved.error)")
            }
        }

        @Test(
            "a failing call shows what the function said last to administrators, whose id the log takes back"
        )
        func failures() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "for i in $(/bin/busybox seq 1 40); do echo line-$i >&2; done; exit 3\n",
                    name: "failing",
                    configuration: "annotations: {topic: cron-function, schedule: \"0 0 1 1 *\"}"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let shown = try await gateway.faasctl("invoke", "failing")
                #expect(shown.code == 1)
                #expect(
                    shown.error.contains("line-40\n") && !shown.error.contains("line-1\n"),
                    "\(shown.error)"
                )
                #expect(shown.error.hasSuffix("exit code 3\n"), "\(shown.error)")
                let hidden = try await Command.run(
                    Fixtures.faasctl,
                    ["invoke", "failing"],
                    environment: ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": "/nowhere"]
                )
                #expect(hidden.code == 1 && !hidden.error.contains("line-40"), "\(hidden.error)")
                let log = try await gateway.require("logs", "failing", "--tail", "1")
                let id = try #require(log.split(separator: " ").dropFirst(2).first)
                let lines = try await gateway.require("logs", "failing", "--invocation", String(id))
                #expect(lines.split(separator: "\n").count == 40, "\(id): \(lines)")
                let unknown = try await gateway.faasctl("logs", "failing", "--invocation", "nosuch")
                #expect(unknown.code == 1 && unknown.error.contains("nosuch"))
                let schedules = try await Command.run(
                    Fixtures.faasctl,
                    ["schedules"],
                    environment: [
                        "FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder,
                        "TZ": "Asia/Tokyo",
                    ]
                )
                // One due time, shown in the reader's own zone and marked with it.
                #expect(schedules.text.split(separator: "\n").count == 2, "\(schedules.text)")
                #expect(schedules.text.contains("-01-01 09:00:00 +09:00"), "\(schedules.text)")
            }
        }
    }
}
