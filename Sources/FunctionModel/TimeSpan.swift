// SPDX-License-Identifier: Apache-2.0
// Durations as Go writes them: `60s`, `1m30s`, `250ms`; a bare whole number is seconds (OpenFaaS).

/// A length of time that a user gave.
package struct TimeSpan: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let duration: Duration

    package init(_ duration: Duration) { self.duration = duration }

    /// A span of whole seconds.
    package static func seconds(_ count: Int) -> TimeSpan { TimeSpan(.seconds(count)) }

    /// Longest accepted span: a year, which keeps every sum in 64-bit nanoseconds.
    private static let secondsMax = 366.0 * 86400

    private static let units: [(suffix: String, seconds: Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("\u{B5}s", 1e-6), ("\u{3BC}s", 1e-6), ("ms", 1e-3), ("h", 3600),
        ("m", 60), ("s", 1),
        ("d", 86400),
    ]

    /// Parses a Go duration.
    ///
    /// - Throws: ``ModelError`` when a part lacks its unit, is negative, or the sum is over a year.
    package init(_ text: String, field: String) throws(ModelError) {
        let failure = ModelError(
            field: field,
            value: text,
            expected: "a duration such as 30s, 1m30s or 250ms"
        )
        var rest = Substring(text)
        var seconds = 0.0
        if let whole = Int(text) {
            seconds = Double(whole)
            rest = ""
        } else if text.isEmpty {
            throw failure
        }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            guard let number = Double(digits),
                let unit = Self.units.first(where: { rest.hasPrefix($0.suffix) })
            else { throw failure }
            seconds += number * unit.seconds
            rest = rest.dropFirst(unit.suffix.count)
        }
        guard seconds >= 0, seconds <= Self.secondsMax else { throw failure }
        duration = .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    package var nanoseconds: Int64 {
        let parts = duration.components
        return parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
    }

    package var description: String {
        var rest = nanoseconds
        guard rest > 0 else { return "0s" }
        if rest % 1_000_000_000 != 0 {
            if rest % 1_000_000 == 0 { return "\(rest / 1_000_000)ms" }
            return rest % 1000 == 0 ? "\(rest / 1000)us" : "\(rest)ns"
        }
        var text = ""
        for (suffix, unit) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", Int64(1_000_000_000))]
        where rest >= unit {
            text += "\(rest / unit)\(suffix)"
            rest %= unit
        }
        return text
    }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.duration < right.duration }
}

extension TimeSpan: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try (try? container.decode(String.self)) ?? String(container.decode(Int.self))
        self = try TimeSpan(text, field: decoder.codingPath.map(\.stringValue).joined(separator: "."))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
