// SPDX-License-Identifier: Apache-2.0
// Schedules fire into the same path as HTTP, once per due time.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct ScheduleTests {
        @Test("a schedule of every second fires once a second, with its input, recorded as a schedule's")
        func firesEverySecond() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "/bin/busybox cat >&2",
                    name: "second",
                    configuration: "schedules: [{cron: \"* * * * * *\", input: \"from the schedule\"}]"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let records = try await gateway.invocations("second", atLeast: 4)
                #expect(records.allSatisfy { $0.trigger == "schedule" && $0.outcome == "ok" })
                let seconds = records.map { String($0.startedAt.prefix(19)) }
                #expect(Set(seconds).count == seconds.count, "\(seconds)")
                #expect(try await gateway.require("logs", "second").contains("from the schedule"))
                let table = try await gateway.require("schedules")
                #expect(table.contains("second"))
            }
        }

        @Test("a schedule of every minute fires at the full minute")
        func firesEveryMinute() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("tick"))
                let deadline = ContinuousClock.now + .seconds(75)
                var records: [InvocationRecord] = []
                while records.isEmpty, ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(500))
                    records = try await gateway.invocations("tick", atLeast: 0)
                }
                let record = try #require(records.first)
                #expect(record.trigger == "schedule")
                #expect(record.outcome == "ok")
                // `2026-01-01T00:00:00…`: the seconds of the full minute, or the next one on a busy machine.
                let second = record.startedAt.dropFirst(17).prefix(2)
                #expect(["00", "01", "02"].contains(second), "\(record.startedAt)")
            }
        }
    }
}
