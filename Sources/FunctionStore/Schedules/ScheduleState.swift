// SPDX-License-Identifier: Apache-2.0
// The state of a schedule between runs and restarts. Scheduler's cron decides, the store only keeps it.

package import FoundationEssentials
package import FunctionModel

/// Which schedule of which function.
package struct ScheduleKey: Hashable, Sendable {
    package var function: FunctionName
    /// The expression with its time zone, in the form Scheduler chose; moving it within the list changes nothing.
    package var expression: String
    /// Distinguishes equal expressions of one function; 0 for the first.
    package var ordinal: Int

    package init(function: FunctionName, expression: String, ordinal: Int = 0) {
        self.function = function
        self.expression = expression
        self.ordinal = ordinal
    }
}

/// One schedule's memory.
package struct ScheduleState: Hashable, Sendable {
    package var key: ScheduleKey
    /// Phase of `@every`.
    package var createdAt: Date
    /// Nil when it never runs again.
    package var nextDue: Date?
    /// The due time claimed last.
    package var lastRun: Date?
    package var lastOutcome: Outcome?

    package init(key: ScheduleKey, createdAt: Date, nextDue: Date?) {
        self.key = key
        self.createdAt = createdAt
        self.nextDue = nextDue
    }
}

/// A due time that was claimed and whose run was not recorded as finished.
package struct ScheduleClaim: Hashable, Sendable {
    package var key: ScheduleKey
    package var due: Date

    package init(key: ScheduleKey, due: Date) {
        self.key = key
        self.due = due
    }
}
