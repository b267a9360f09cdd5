// SPDX-License-Identifier: Apache-2.0
// Times and sizes in the form of tables.

import Foundation
import FunctionModel

/// Texts for tables.
enum Moment {
    /// Local time without fractions, for example `2026-01-31 12:00:05`.
    static func text(_ date: Date?, zone: TimeZone = .current) -> String {
        guard let date else { return "" }
        let style = Date.VerbatimFormatStyle(
            format:
                "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
            timeZone: zone,
            calendar: Calendar(identifier: .gregorian)
        )
        return date.formatted(style)
    }

    /// The same with its distance from UTC, for example `2026-01-31 12:00:05 +01:00`, or `UTC`.
    static func marked(_ date: Date?, zone: TimeZone = .current) -> String {
        guard let date else { return "" }
        let minutes = zone.secondsFromGMT(for: date) / 60
        guard minutes != 0 else { return text(date, zone: zone) + " UTC" }
        let (hours, rest) = abs(minutes).quotientAndRemainder(dividingBy: 60)
        let digits = [hours, rest].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        return text(date, zone: zone) + (minutes < 0 ? " -" : " +") + digits
    }

    /// A duration: seconds from 10 s on, whole milliseconds from 10 ms on, tenths below.
    static func text(milliseconds: Double) -> String {
        if milliseconds >= 10_000 { return "\(Int((milliseconds / 1000).rounded())) s" }
        if milliseconds >= 10 { return "\(Int(milliseconds.rounded())) ms" }
        return "\((milliseconds * 10).rounded() / 10) ms"
    }

    /// A size in the largest unit that leaves it at least 1.
    static func text(bytes: Int) -> String {
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= factor {
            return "\((Double(bytes) / Double(factor) * 10).rounded() / 10) \(unit)"
        }
        return "\(bytes) B"
    }
}
