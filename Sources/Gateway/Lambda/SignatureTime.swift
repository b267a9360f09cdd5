// SPDX-License-Identifier: Apache-2.0
// The time of a signed request: X-Amz-Date, else Date. SignatureV4 asks it.

import HTTPTypes

/// A moment, and the field that names it.
struct SignatureTime: Hashable, Sendable {
    /// `YYYYMMDDTHHMMSSZ`.
    let text: String
    /// Unix time.
    let seconds: Int
    /// The field's name in lower case.
    let field: String

    /// Reads a request's fields; X-Amz-Date takes precedence.
    ///
    /// - Throws: ``LambdaError`` when neither field has a time.
    init(_ fields: HTTPFields) throws(LambdaError) {
        let isOwn = fields[.amazonDate] != nil
        guard let value = fields[.amazonDate] ?? fields[.date],
            let seconds = isOwn ? Self.basic(value) : Self.internet(value)
        else { throw .incomplete("the request needs a time in 'X-Amz-Date' or 'Date'") }
        self.seconds = seconds
        text = isOwn ? value : Self.text(unixSeconds: seconds)
        field = isOwn ? "x-amz-date" : "date"
    }

    /// `20150830T123600Z` (ISO 8601, basic form).
    private static func basic(_ value: String) -> Int? {
        let bytes = Array(value.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let day = number(bytes[0..<8]), let time = number(bytes[9..<15])
        else { return nil }
        return seconds(
            (day / 10000, day / 100 % 100, day % 100),
            (time / 10000, time / 100 % 100, time % 100)
        )
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7), or with a zone of zero.
    private static func internet(_ value: String) -> Int? {
        let words = value.split(separator: " ")
        guard words.count == 6, ["GMT", "+0000", "-0000"].contains(words[5]),
            let day = number(words[1].utf8), let month = months.firstIndex(of: String(words[2])),
            let year = number(words[3].utf8), year < 10000
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { number($0.utf8) }
        guard time.count == 3 else { return nil }
        return seconds((year, month + 1, day), (time[0], time[1], time[2]))
    }

    /// A number of at most eight digits.
    private static func number(_ bytes: some Collection<UInt8>) -> Int? {
        guard (1...8).contains(bytes.count), bytes.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return bytes.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    private static func seconds(_ day: (Int, Int, Int), _ time: (Int, Int, Int)) -> Int? {
        guard (1970...9999).contains(day.0), (1...12).contains(day.1), (1...31).contains(day.2), time.0 < 24,
            time.1 < 60, time.2 < 61
        else { return nil }
        // Years begin in March here, so that the leap day comes last and months follow one formula.
        let year = day.1 <= 2 ? day.0 - 1 : day.0
        let month = (day.1 + 9) % 12
        let days =
            year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day.2 - 1 - 719_468
        return days * 86400 + time.0 * 3600 + time.1 * 60 + time.2
    }

    /// A moment in the basic form.
    static func text(unixSeconds: Int) -> String {
        // `Sun, 06 Nov 1994 08:49:37 GMT`, whose parts have fixed places.
        let parts = HTTPDate.text(unixSeconds: unixSeconds).split(separator: " ")
        let month = (months.firstIndex(of: String(parts[2])) ?? 0) + 1
        return "\(parts[3])\(month < 10 ? "0" : "")\(month)\(parts[1])T"
            + parts[4].filter { $0 != ":" } + "Z"
    }
}
