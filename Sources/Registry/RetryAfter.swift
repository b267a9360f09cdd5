// SPDX-License-Identifier: Apache-2.0
// The Retry-After header (RFC 9110, section 10.2.3): seconds, or a date.

import Foundation

enum RetryAfter {
    /// How long the server asks to wait; nil when the header is absent or malformed.
    static func parse(_ text: String?, now: Date) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // A number of more than ten digits is an error or an attack; it still means "very long".
            return .seconds(Int64(text.prefix(10)) ?? 0)
        }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        guard let date = formatter.date(from: text) else { return nil }
        return .seconds(max(0, date.timeIntervalSince(now)))
    }
}
