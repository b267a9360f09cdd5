// SPDX-License-Identifier: Apache-2.0
// RFC 3339 times without a formatter: one is made for every invocation. FunctionCommand and cron use it.

import FoundationEssentials
import Schedules

/// Times as RFC 3339 writes them, in UTC.
enum InternetTime {
    /// For example `2026-03-01T12:00:00.250Z`.
    ///
    /// Source: RFC 3339 section 5.6.
    static func text(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded())
        let (days, inDay) = CivilDay.divided(milliseconds, by: 86_400_000)
        let day = CivilDay(daysSince1970: days)
        let seconds = inDay / 1000
        return padded(day.year, 4) + "-" + padded(day.month, 2) + "-" + padded(day.day, 2) + "T"
            + padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
            + "."
            + padded(inDay % 1000, 3) + "Z"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
