// SPDX-License-Identifier: Apache-2.0
// A schedule's expression: syntax and next due time. ScheduleSet parses, CronService asks for the next time.

package import Foundation
package import FunctionModel

/// When something is due again and again.
package struct CronExpression: Hashable, Sendable {
    enum Timing: Hashable, Sendable {
        case fields(CronFields)
        /// `@every`, in whole seconds.
        case every(seconds: Int)
    }

    let timing: Timing
    /// From `CRON_TZ=`; wins over the schedule's own.
    package let zone: TimeZone?

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]
    private static let zonePrefixes = ["CRON_TZ=", "TZ="]
    /// Longest accepted text: a list of every minute fits several times.
    private static let lengthMax = 1024

    /// Parses an expression.
    ///
    /// - Parameters:
    ///   - text: five fields, six with seconds first, or a macro, each with an optional `CRON_TZ=` before it.
    ///   - field: the configuration's field, for errors.
    /// - Throws: ``ModelError`` naming the cron field and the reason.
    package init(_ text: String, field: String) throws(ModelError) {
        func refusal(_ reason: String) -> ModelError {
            ModelError(field: field, value: String(text.prefix(80)), expected: "a cron expression; \(reason)")
        }
        guard text.utf8.count <= Self.lengthMax else {
            throw refusal("it is longer than \(Self.lengthMax) bytes")
        }
        var words = text.split { $0 == " " || $0 == "\t" }
        var zone: TimeZone?
        if let first = words.first, let prefix = Self.zonePrefixes.first(where: { first.hasPrefix($0) }) {
            let name = String(first.dropFirst(prefix.count))
            guard let known = TimeZone(identifier: name) else {
                throw refusal("'\(name)' is not a known time zone")
            }
            zone = known
            words.removeFirst()
        }
        self.zone = zone
        if words.first?.lowercased() == "@every" {
            timing = .every(seconds: try Self.interval(words, refusal))
            return
        }
        if words.count == 1, let macro = words.first, macro.hasPrefix("@") {
            guard let meaning = Self.macros[macro.lowercased()] else {
                throw refusal("'\(macro)' is not known")
            }
            words = meaning.split(separator: " ")
        }
        let fields = try Self.fields(words, refusal)
        guard fields.next(after: 0) != nil else { throw refusal("the months have no such day-of-month") }
        timing = .fields(fields)
    }

    private static func interval(
        _ words: [Substring],
        _ refusal: (String) -> ModelError
    ) throws(ModelError) -> Int {
        guard words.count == 2, let span = try? TimeSpan(String(words[1]), field: "every") else {
            throw refusal("@every needs one duration such as 90s")
        }
        let seconds = Int(span.nanoseconds / 1_000_000_000)
        guard seconds >= 1 else { throw refusal("@every needs at least one second") }
        return seconds
    }

    private static func fields(
        _ words: [Substring],
        _ refusal: (String) -> ModelError
    ) throws(ModelError) -> CronFields {
        guard words.count == 5 || words.count == 6 else {
            throw refusal("it has \(words.count) fields, five or six are needed")
        }
        let rest = words.suffix(5).map { $0 }
        do throws(CronField.Failure) {
            return CronFields(
                second: words.count == 6 ? try CronField(words[0], .second) : .only(0),
                minute: try CronField(rest[0], .minute),
                hour: try CronField(rest[1], .hour),
                dayOfMonth: try CronField(rest[2], .dayOfMonth),
                month: try CronField(rest[3], .month),
                dayOfWeek: try CronField(rest[4], .dayOfWeek)
            )
        } catch {
            throw refusal(error.text)
        }
    }
}
