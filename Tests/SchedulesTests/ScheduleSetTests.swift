// SPDX-License-Identifier: Apache-2.0
// Schedules of a configuration, and what is refused before anything is built or stored.

import FunctionModel
import Testing

@testable import Schedules

@Suite struct ScheduleSetTests {
    @Test("OpenFaaS's annotations are schedules too, several separated by semicolons")
    func annotations() throws {
        var configuration = FunctionConfiguration()
        configuration.annotations = ["topic": "cron-function", "schedule": "*/5 * * * *; @hourly ;"]
        let set = try ScheduleSet(configuration)
        #expect(set.schedules.map(\.configuration.cron) == ["*/5 * * * *", "@hourly"])
        configuration.annotations["topic"] = "other"
        #expect(try ScheduleSet(configuration).schedules.isEmpty)
    }

    @Test("an annotation that repeats a schedule, in whatever form, makes one run at each due time")
    func repeated() throws {
        var configuration = FunctionConfiguration()
        configuration.schedules = [ScheduleConfiguration(cron: "*/5  * * * *")]
        configuration.annotations = [
            "topic": "cron-function", "schedule": "*/5 * * * *; CRON_TZ=UTC */5 * * * *; @hourly; @hourly",
        ]
        #expect(
            try ScheduleSet(configuration).schedules.map(\.configuration.cron) == ["*/5  * * * *", "@hourly"]
        )
        // The same expression in another zone is due at other times.
        configuration.schedules[0].timezone = "Asia/Tokyo"
        #expect(try ScheduleSet(configuration).schedules.count == 3)
    }

    @Test("a time zone that the expression overrides is refused at the deploy")
    func ignoredZone() throws {
        var configuration = FunctionConfiguration()
        configuration.schedules = [ScheduleConfiguration(cron: "CRON_TZ=Asia/Tokyo 0 12 * * *")]
        try configuration.validateWithSchedules()
        configuration.schedules[0].timezone = "Europe/Berlin"
        #expect {
            try configuration.validateWithSchedules()
        } throws: { ($0 as? ModelError)?.field == "schedules[0].timezone" }
    }

    @Test("an unknown time zone is refused with its field")
    func zone() throws {
        var configuration = FunctionConfiguration()
        configuration.schedules = [ScheduleConfiguration(cron: "* * * * *")]
        configuration.schedules[0].timezone = "Europe/Atlantis"
        #expect {
            _ = try ScheduleSet(configuration)
        } throws: { ($0 as? ModelError)?.field == "schedules[0].timezone" }
    }

    @Test("more schedules than one function may have are refused")
    func tooMany() throws {
        var configuration = FunctionConfiguration()
        configuration.schedules = Array(
            repeating: ScheduleConfiguration(cron: "@daily"),
            count: ScheduleSet.countMax
        )
        _ = try ScheduleSet(configuration)
        configuration.schedules.append(ScheduleConfiguration(cron: "@daily"))
        #expect(throws: ModelError.self) { _ = try ScheduleSet(configuration) }
    }
}

@Suite struct ConfigurationCheckTests {
    @Test("a schedule that never fires is refused before anything is stored")
    func schedule() throws {
        var configuration = FunctionConfiguration()
        configuration.schedules = [ScheduleConfiguration(cron: "0 0 30 2 *")]
        #expect {
            try configuration.validateWithSchedules()
        } throws: { error in
            guard let model = error as? ModelError else { return false }
            return model.field == "schedules[0].cron" && model.expected.contains("no such day-of-month")
        }
    }
}
