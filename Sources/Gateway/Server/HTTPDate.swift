// SPDX-License-Identifier: Apache-2.0
// The Date header, written by hand and kept for a second. Edge drives it on every answer.

import FoundationEssentials
import Synchronization

/// Dates in the fixed form of RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
final class HTTPDate: Sendable {
    private struct Cached: Sendable {
        var second: Int
        var text: String
    }

    private let cached = Mutex(Cached(second: 0, text: HTTPDate.text(unixSeconds: 0)))

    /// The text of a moment; formats only when the second has changed.
    func text(at unixSeconds: Int) -> String {
        cached.withLock {
            if $0.second != unixSeconds {
                $0 = Cached(second: unixSeconds, text: Self.text(unixSeconds: unixSeconds))
            }
            return $0.text
        }
    }

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(unixSeconds: Int) -> String {
        let days = unixSeconds / 86400
        let second = unixSeconds % 86400
        let (year, month, day) = civil(days: days)
        return "\(weekdays[days % 7]), \(two(day)) \(months[month - 1]) \(year) "
            + "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) GMT"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

    /// Days since 1970 as year, month and day of the Gregorian calendar.
    ///
    /// Years begin in March here, so that the leap day comes last and months follow one formula.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

/// A moment of the wall clock.
struct WallTime: Hashable, Sendable {
    var seconds: Int
    var nanoseconds: Int

    static func now() -> WallTime {
        let nanoseconds = Int((Date().timeIntervalSince1970 * 1e9).rounded())
        return WallTime(seconds: nanoseconds / 1_000_000_000, nanoseconds: nanoseconds % 1_000_000_000)
    }

    var unixNanoseconds: Int64 { Int64(seconds) * 1_000_000_000 + Int64(nanoseconds) }

    var date: Date { Date(timeIntervalSince1970: Double(unixNanoseconds) / 1e9) }

    func elapsedSeconds(until later: WallTime) -> Double {
        Double(later.unixNanoseconds - unixNanoseconds) / 1e9
    }
}
