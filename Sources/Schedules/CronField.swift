// SPDX-License-Identifier: Apache-2.0
// One field of a cron expression. CronExpression's parser makes them.

import FunctionModel

/// A set of numbers from 0 to 63, and how it was written.
struct CronField: Hashable, Sendable {
    /// Bit n represents the number n.
    private(set) var bits: UInt64 = 0
    /// Written with a leading `*` or `?`: the field does not restrict (Vixie cron's rule).
    private(set) var isUnrestricted = false
    /// `L`, in the day of the month only.
    private(set) var hasLastDay = false

    func contains(_ number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }

    /// The smallest member that is not below `number`; nil when there is none.
    func first(from number: Int) -> Int? {
        guard number < 64 else { return nil }
        let rest = bits & ~((1 << UInt64(max(0, number))) - 1)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// What a field may hold.
    struct Kind: Sendable {
        var name: String
        var range: ClosedRange<Int>
        /// Upper-case three-letter names for the numbers from the range's start.
        var names: [String] = []

        static let second = Kind(name: "second", range: 0...59)
        static let minute = Kind(name: "minute", range: 0...59)
        static let hour = Kind(name: "hour", range: 0...23)
        static let dayOfMonth = Kind(name: "day-of-month", range: 1...31)
        static let month = Kind(
            name: "month",
            range: 1...12,
            names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        )
        /// 7 is Sunday too.
        static let dayOfWeek = Kind(
            name: "day-of-week",
            range: 0...7,
            names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        )
    }

    /// Why a field was refused, as a phrase that begins with the field's name.
    struct Failure: Error, Hashable {
        var text: String
    }

    /// Everything within the range.
    static func all(_ kind: Kind) -> CronField {
        var field = CronField()
        field.insert(kind.range, step: 1)
        field.isUnrestricted = true
        return field
    }

    /// One number.
    static func only(_ number: Int) -> CronField {
        var field = CronField()
        field.insert(number...number, step: 1)
        return field
    }

    private init() {}

    /// Parses one field: a list of `*`, `?`, `n`, `n-m`, each with an optional `/step`, and `L`.
    init(_ text: Substring, _ kind: Kind) throws(Failure) {
        isUnrestricted = text.first == "*" || text.first == "?"
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard !part.isEmpty else { throw Failure(text: "\(kind.name): '\(text)' has an empty part") }
            if kind.name == Kind.dayOfMonth.name, part.uppercased() == "L" {
                hasLastDay = true
                continue
            }
            try insert(part, kind)
        }
        if kind.name == Kind.dayOfWeek.name, contains(7) { insert(0...0, step: 1) }
    }

    private mutating func insert(_ part: Substring, _ kind: Kind) throws(Failure) {
        let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count <= 2 else { throw Failure(text: "\(kind.name): '\(part)' has more than one step") }
        var step = 1
        if pieces.count == 2 {
            guard let given = Int(pieces[1]), given > 0 else {
                throw Failure(text: "\(kind.name): the step '\(pieces[1])' is not a number above zero")
            }
            step = given
        }
        let range = try Self.range(pieces[0], kind, isStepped: pieces.count == 2)
        insert(range, step: step)
    }

    private static func range(
        _ text: Substring,
        _ kind: Kind,
        isStepped: Bool
    ) throws(Failure) -> ClosedRange<Int> {
        // Seven would be Sunday twice in a wildcard's steps.
        let upper = kind.name == Kind.dayOfWeek.name ? 6 : kind.range.upperBound
        if text == "*" || text == "?" { return kind.range.lowerBound...upper }
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count <= 2 else { throw Failure(text: "\(kind.name): '\(text)' is not a range") }
        let start = try number(bounds[0], kind)
        guard bounds.count == 2 else { return isStepped ? start...max(start, upper) : start...start }
        var end = try number(bounds[1], kind)
        // SAT-SUN ends on the Sunday after.
        if kind.name == Kind.dayOfWeek.name, end == 0, start > 0 { end = 7 }
        guard start <= end else { throw Failure(text: "\(kind.name): the range '\(text)' runs backwards") }
        return start...end
    }

    private static func number(_ text: Substring, _ kind: Kind) throws(Failure) -> Int {
        if let index = kind.names.firstIndex(of: text.uppercased()) { return kind.range.lowerBound + index }
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text) else {
            throw Failure(
                text: "\(kind.name): '\(text)' is not a number" + (kind.names.isEmpty ? "" : " or a name")
            )
        }
        guard kind.range.contains(number) else {
            let range = "\(kind.range.lowerBound) to \(kind.range.upperBound)"
            throw Failure(text: "\(kind.name): \(number) is outside \(range)")
        }
        return number
    }

    private mutating func insert(_ range: ClosedRange<Int>, step: Int) {
        for number in stride(from: range.lowerBound, through: range.upperBound, by: step) {
            bits |= 1 << UInt64(number)
        }
    }
}
