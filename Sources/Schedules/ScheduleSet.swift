// SPDX-License-Identifier: Apache-2.0
// The schedules of one configuration, in Mayfly's and in OpenFaaS's form. CronService runs them.

package import Foundation
package import FunctionModel

/// One schedule that has been understood.
package struct Schedule: Hashable, Sendable {
    package var configuration: ScheduleConfiguration
    package var expression: CronExpression
    package var zone: TimeZone
    /// Distinguishes equal schedules of one function; 0 for the first.
    package var ordinal: Int

    /// Expression and zone as the store remembers them: the same schedule keeps its memory over deploys.
    package var identity: String {
        let words = configuration.cron.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
        return expression.zone == nil ? "CRON_TZ=\(zone.identifier) \(words)" : words
    }

    /// Whether every due time of one is the other's.
    func isDue(with other: Schedule) -> Bool {
        expression.timing == other.expression.timing && zone == other.zone
    }

    /// The first due time after `date`; nil when there is none.
    ///
    /// - Parameters:
    ///   - date: exclusive.
    ///   - phase: the origin of `@every`.
    /// - Returns: a time in the schedule's zone, see ``CronExpression/next(after:in:phase:)``.
    package func next(after date: Date, phase: Date) -> Date? {
        expression.next(after: date, in: zone, phase: phase)
    }
}

/// Every schedule of one function.
package struct ScheduleSet: Hashable, Sendable {
    /// More would be a program of its own; each costs a wake-up and a row.
    package static let countMax = 64

    package private(set) var schedules: [Schedule] = []

    /// Understands a configuration's schedules.
    ///
    /// - Throws: ``ModelError`` naming the field, and within it the part of the expression.
    package init(_ configuration: FunctionConfiguration) throws(ModelError) {
        for (index, schedule) in configuration.schedules.enumerated() {
            try add(schedule, field: "schedules[\(index)]")
        }
        for cron in Self.annotated(configuration.annotations) {
            try add(ScheduleConfiguration(cron: cron), field: "annotations.schedule", unlessKnown: true)
        }
    }

    /// Refuses time zones that their expressions override.
    ///
    /// - Parameter schedules: understood already.
    /// - Throws: ``ModelError`` naming the field.
    package static func refuseIgnoredZones(_ schedules: [ScheduleConfiguration]) throws(ModelError) {
        for (index, schedule) in schedules.enumerated() {
            guard let zone = schedule.timezone,
                try CronExpression(schedule.cron, field: "schedules[\(index)].cron").zone != nil
            else { continue }
            throw ModelError(
                field: "schedules[\(index)].timezone",
                value: zone,
                expected: "none: the expression names a time zone itself"
            )
        }
    }

    /// Adds a schedule; with `unlessKnown` only when it is not there yet, in any form: both would run at each
    /// due time.
    private mutating func add(
        _ configuration: ScheduleConfiguration,
        field: String,
        unlessKnown: Bool = false
    ) throws(ModelError) {
        guard schedules.count < Self.countMax else {
            throw ModelError(
                field: field,
                value: configuration.cron,
                expected: "at most \(Self.countMax) schedules"
            )
        }
        let expression = try CronExpression(configuration.cron, field: field + ".cron")
        let name = configuration.timezone ?? "UTC"
        guard let zone = expression.zone ?? TimeZone(identifier: name) else {
            throw ModelError(
                field: field + ".timezone",
                value: name,
                expected: "a time zone such as Europe/Berlin"
            )
        }
        var schedule = Schedule(configuration: configuration, expression: expression, zone: zone, ordinal: 0)
        schedule.ordinal = schedules.count { $0.identity == schedule.identity }
        if unlessKnown, schedules.contains(where: { $0.isDue(with: schedule) }) { return }
        schedules.append(schedule)
    }

    /// OpenFaaS's form: `topic: cron-function` with one or several expressions, separated by `;`.
    private static func annotated(_ annotations: [String: String]) -> [String] {
        guard annotations["topic"] == "cron-function", let text = annotations["schedule"] else { return [] }
        return text.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
            !$0.isEmpty
        }
    }
}
