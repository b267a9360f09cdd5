// SPDX-License-Identifier: Apache-2.0
// RFC 3339 times without a formatter: one is made for every invocation. FunctionCommand and cron use it.

import FoundationEssentials

/// Times as RFC 3339 writes them, in UTC.
enum InternetTime {
    /// For example `2026-03-01T12:00:00.250Z`.
    ///
    /// Source: RFC 3339 section 5.6; the calendar by shifting the year to begin in March.
    static func text(_ date: Date) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded(.down))
        let (days, inDay) = floorDivision(milliseconds, 86_400_000)
        let (era, dayOfEra) = floorDivision(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let seconds = inDay / 1000
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(seconds / 3600, 2)
            + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2) + "."
            + padded(inDay % 1000, 3)
            + "Z"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func floorDivision(_ number: Int, _ by: Int) -> (quotient: Int, remainder: Int) {
        let remainder = number % by
        return remainder < 0 ? (number / by - 1, remainder + by) : (number / by, remainder)
    }
}
