// SPDX-License-Identifier: Apache-2.0
// Expressions: what is accepted, what is refused and why, and when they are due, through the clock's changes.

import Foundation
import FunctionModel
import Testing

@testable import Schedules

@Suite struct CronExpressionTests {
    /// The next `count` due times after `start`, as wall times of the zone.
    private func due(_ text: String, _ zone: String, after start: String, count: Int) throws -> [String] {
        let expression = try CronExpression(text, field: "cron")
        let zone = try #require(TimeZone(identifier: zone))
        var date = try #require(Self.date(start, zone))
        var found: [String] = []
        for _ in 0..<count {
            guard let next = expression.next(after: date, in: zone, phase: date) else { break }
            found.append(Self.text(next, zone))
            date = next
        }
        return found
    }

    private static func formatter(_ zone: TimeZone) -> DateFormatter {
        let formatter = DateFormatter()
        formatter.calendar = Calendar(identifier: .gregorian)
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = zone
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss xx"
        return formatter
    }

    /// Wall time with offset, or in UTC without one.
    private static func date(_ text: String, _ zone: TimeZone) -> Date? {
        formatter(zone).date(from: text.split(separator: " ").count == 3 ? text : text + " +0000")
    }

    private static func text(_ date: Date, _ zone: TimeZone) -> String {
        formatter(zone).string(from: date).replacingOccurrences(of: " +0000", with: "")
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var expression: String
        var after: String
        var due: [String]
        var testDescription: String { expression }

        init(_ expression: String, _ after: String, _ due: [String]) {
            self.expression = expression
            self.after = after
            self.due = due
        }
    }

    private static let inUTC: [Row] = [
        Row("*/5 * * * *", "2026-01-01 00:00:01", ["2026-01-01 00:05:00", "2026-01-01 00:10:00"]),
        Row(
            "10-40/15 3 * * *",
            "2026-01-01 00:00:00",
            [
                "2026-01-01 03:10:00", "2026-01-01 03:25:00", "2026-01-01 03:40:00", "2026-01-02 03:10:00",
            ]
        ),
        Row("5/20 * * * *", "2026-01-01 00:00:00", ["2026-01-01 00:05:00", "2026-01-01 00:25:00"]),
        Row("30 */2 * * * *", "2026-01-01 00:00:00", ["2026-01-01 00:00:30", "2026-01-01 00:02:30"]),
        Row("0 12 * jan,DEC mon", "2026-01-27 00:00:00", ["2026-12-07 12:00:00"]),
        Row("0 0 * * 7", "2026-03-02 00:00:00", ["2026-03-08 00:00:00"]),
        Row("0 0 * * sat-sun", "2026-03-02 00:00:00", ["2026-03-07 00:00:00", "2026-03-08 00:00:00"]),
        Row(
            "0 0 ? * 5-7",
            "2026-03-02 00:00:00",
            [
                "2026-03-06 00:00:00", "2026-03-07 00:00:00", "2026-03-08 00:00:00", "2026-03-13 00:00:00",
            ]
        ),
        Row("0 0 L * *", "2026-01-31 00:00:00", ["2026-02-28 00:00:00", "2026-03-31 00:00:00"]),
        Row("0 0 15,L * ?", "2028-02-01 00:00:00", ["2028-02-15 00:00:00", "2028-02-29 00:00:00"]),
        // Both day fields restricted: either matches.
        Row(
            "0 0 13 * FRI",
            "2026-03-01 00:00:00",
            [
                "2026-03-06 00:00:00", "2026-03-13 00:00:00", "2026-03-20 00:00:00", "2026-03-27 00:00:00",
                "2026-04-03 00:00:00", "2026-04-10 00:00:00", "2026-04-13 00:00:00",
            ]
        ),
        // A leading star is no restriction, steps or not: both must match.
        Row("0 0 */2 * MON", "2026-03-01 00:00:00", ["2026-03-09 00:00:00", "2026-03-23 00:00:00"]),
        Row("0 0 29 2 *", "2026-01-01 00:00:00", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        Row("0 0 29 2 *", "2096-02-29 00:00:00", ["2104-02-29 00:00:00"]),
        Row("0 0 31 * *", "2026-01-31 00:00:00", ["2026-03-31 00:00:00", "2026-05-31 00:00:00"]),
        Row("59 23 31 12 *", "2026-12-31 23:58:59", ["2026-12-31 23:59:00", "2027-12-31 23:59:00"]),
        Row("@yearly", "2026-01-01 00:00:00", ["2027-01-01 00:00:00"]),
        Row("@annually", "2026-01-01 00:00:00", ["2027-01-01 00:00:00"]),
        Row("@monthly", "2026-01-15 00:00:00", ["2026-02-01 00:00:00"]),
        Row("@weekly", "2026-03-02 00:00:00", ["2026-03-08 00:00:00"]),
        Row("@daily", "2026-01-01 00:00:00", ["2026-01-02 00:00:00"]),
        Row("@Midnight", "2026-01-01 00:00:00", ["2026-01-02 00:00:00"]),
        Row("@hourly", "2026-01-01 00:00:00", ["2026-01-01 01:00:00"]),
        Row("@every 90s", "2026-01-01 00:00:00", ["2026-01-01 00:01:30", "2026-01-01 00:03:00"]),
        Row("@every 1h30m", "2026-01-01 00:00:00", ["2026-01-01 01:30:00"]),
        Row("CRON_TZ=Europe/Berlin 0 12 1 7 *", "2026-01-01 00:00:00", ["2026-07-01 10:00:00"]),
        Row("TZ=America/New_York 0 12 1 1 *", "2026-01-01 00:00:00", ["2026-01-01 17:00:00"]),
    ]

    @Test("due times follow the expression", arguments: inUTC)
    func dueTimes(_ row: Row) throws {
        #expect(try due(row.expression, "UTC", after: row.after, count: row.due.count) == row.due)
    }

    @Test("a fixed time in the gap of spring is due once, right after it, and as usual the day after")
    func fixedInGap() throws {
        let times = try due("30 2 * * *", "Europe/Berlin", after: "2026-03-28 02:00:00 +0100", count: 3)
        #expect(
            times == ["2026-03-28 02:30:00 +0100", "2026-03-29 03:00:00 +0200", "2026-03-30 02:30:00 +0200"]
        )
    }

    @Test("several fixed times in one gap are due once together")
    func severalInGap() throws {
        let times = try due("0,20,40 2 * * *", "Europe/Berlin", after: "2026-03-29 01:00:00 +0100", count: 2)
        #expect(times == ["2026-03-29 03:00:00 +0200", "2026-03-30 02:00:00 +0200"])
    }

    @Test("a fixed time in the doubled hour of autumn is due once, in the first pass")
    func fixedInFold() throws {
        let times = try due("30 2 * * *", "Europe/Berlin", after: "2026-10-24 03:00:00 +0200", count: 2)
        #expect(times == ["2026-10-25 02:30:00 +0200", "2026-10-26 02:30:00 +0100"])
    }

    @Test("a start in the second pass does not repeat what was due in the first")
    func startInSecondPass() throws {
        let times = try due("30 2 * * *", "Europe/Berlin", after: "2026-10-25 02:10:00 +0100", count: 1)
        #expect(times == ["2026-10-26 02:30:00 +0100"])
    }

    @Test("a wildcard job follows the clock: nothing in the gap, both passes of the doubled hour")
    func wildcards() throws {
        let spring = try due("30 * * * *", "Europe/Berlin", after: "2026-03-29 01:00:00 +0100", count: 3)
        #expect(
            spring == ["2026-03-29 01:30:00 +0100", "2026-03-29 03:30:00 +0200", "2026-03-29 04:30:00 +0200"]
        )
        let autumn = try due("*/30 2 * * *", "Europe/Berlin", after: "2026-10-25 01:00:00 +0200", count: 5)
        #expect(
            autumn == [
                "2026-10-25 02:00:00 +0200", "2026-10-25 02:30:00 +0200", "2026-10-25 02:00:00 +0100",
                "2026-10-25 02:30:00 +0100", "2026-10-26 02:00:00 +0100",
            ]
        )
    }

    @Test("clocks that change by half an hour, or at midnight, are followed too")
    func otherZones() throws {
        let lordHowe = try due(
            "15 2 * * *",
            "Australia/Lord_Howe",
            after: "2026-10-03 03:00:00 +1030",
            count: 1
        )
        #expect(lordHowe == ["2026-10-04 02:30:00 +1100"])
        let santiago = try due("0 0 * * *", "America/Santiago", after: "2026-09-05 12:00:00 -0400", count: 1)
        #expect(santiago == ["2026-09-06 01:00:00 -0300"])
    }

    @Test(
        "a year of a daily job has 365 due times, each on its own day, in every zone",
        arguments: [
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
            "Africa/Casablanca",
        ]
    )
    func yearOfDays(_ zone: String) throws {
        let times = try due("30 2 * * *", zone, after: "2026-01-01 12:00:00 +0000", count: 365)
        #expect(Set(times.map { $0.prefix(10) }).count == 365)
    }

    @Test("a year of quarters of an hour has as many due times, through both changes")
    func yearOfQuarters() throws {
        let expression = try CronExpression("*/15 * * * *", field: "cron")
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        let start = Date(timeIntervalSince1970: 1_767_225_600)
        var date = start
        for _ in 0..<(365 * 96) {
            guard let next = expression.next(after: date, in: zone, phase: start) else { break }
            date = next
        }
        #expect(date.timeIntervalSince(start) == 365 * 86_400)
    }

    private static let refused: [(String, String)] = [
        ("", "it has 0 fields"), ("* * * *", "it has 4 fields"), ("* * * * * * *", "it has 7 fields"),
        ("60 * * * *", "minute: 60 is outside 0 to 59"), ("* 24 * * *", "hour: 24 is outside 0 to 23"),
        ("* * 0 * *", "day-of-month: 0 is outside 1 to 31"), ("* * * 13 *", "month: 13 is outside 1 to 12"),
        ("* * * * 8", "day-of-week: 8 is outside 0 to 7"), ("61 * * * * *", "second: 61 is outside 0 to 59"),
        ("*/0 * * * *", "minute: the step '0' is not a number above zero"),
        ("*/x * * * *", "minute: the step 'x'"), ("1/2/3 * * * *", "minute: '1/2/3' has more than one step"),
        ("5-1 * * * *", "minute: the range '5-1' runs backwards"),
        ("1,,2 * * * *", "minute: '1,,2' has an empty part"),
        ("a * * * *", "minute: 'a' is not a number"),
        ("* * * FOO *", "month: 'FOO' is not a number or a name"),
        ("-1 * * * *", "minute: '' is not a number"), ("L * * * *", "minute: 'L' is not a number"),
        ("0 0 30 2 *", "the months have no such day-of-month"), ("0 0 31 4,6 *", "no such day-of-month"),
        ("@reboot", "'@reboot' is not known"), ("@every", "@every needs one duration"),
        ("@every 10ms", "@every needs at least one second"), ("@every -5s", "@every needs one duration"),
        ("CRON_TZ=Mars/Olympus * * * * *", "'Mars/Olympus' is not a known time zone"),
        (String(repeating: "1,", count: 600) + "1 * * * *", "longer than"),
        ("99999999999999999999 * * * *", "minute: '99999999999999999999' is not a number"),
    ]

    @Test("what cannot be is refused with the field and the reason", arguments: refused)
    func refusals(_ text: String, _ reason: String) throws {
        #expect {
            _ = try CronExpression(text, field: "schedules[0].cron")
        } throws: { error in
            guard let error = error as? ModelError else { return false }
            return error.field == "schedules[0].cron" && error.expected.contains(reason)
        }
    }
}
