// SPDX-License-Identifier: Apache-2.0
// Claims that make a schedule run exactly once per due time, across crashes.

package import FoundationEssentials
package import FunctionModel
import GRDB

extension SQLiteStore {
    /// Makes a function's schedules those given: new ones are added, missing ones forgotten with their claims.
    ///
    /// A schedule that exists keeps its memory: creation, next due time, last run and claims.
    /// - Returns: the function's schedules as they are now.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func upsertSchedules(
        of function: FunctionName,
        _ states: [ScheduleState]
    ) async throws(StoreError) -> [ScheduleState] {
        try await write(.power, .necessary) { db in
            let kept = Set(states.map(\.key))
            for state in try ScheduleRow.fetchAll(db, function: function) where !kept.contains(state.key) {
                try db.execute(
                    sql: "DELETE FROM schedules WHERE \(ScheduleRow.isKey)",
                    arguments: ScheduleRow.arguments(state.key)
                )
            }
            for state in states where state.key.function == function {
                try db.execute(
                    sql: """
                        INSERT OR IGNORE INTO schedules
                        (function, expression, ordinal, created_at_us, next_due_us)
                        VALUES (:function, :expression, :ordinal, :created, :next)
                        """,
                    arguments: ScheduleRow.arguments(
                        state.key,
                        [
                            "created": state.createdAt.microseconds,
                            "next": state.nextDue?.microseconds,
                        ]
                    )
                )
            }
            return try ScheduleRow.fetchAll(db, function: function)
        }
    }

    /// Takes one due time: of any number of callers, in any process, exactly one gets true.
    ///
    /// The claim is on the disk before this returns, so that a run that is lost is known after a restart.
    /// - Parameters:
    ///   - key: the schedule.
    ///   - due: must be the schedule's next due time, to the microsecond.
    ///   - next: the due time after it; nil when there is none.
    /// - Returns: false when the due time was taken or passed over already, or the schedule is gone.
    /// - Throws: ``StoreError/scheduleDoesNotAdvance(_:)`` when `next` is not after `due`.
    package func claim(_ key: ScheduleKey, due: Date, next: Date?) async throws(StoreError) -> Bool {
        try await advance(key, due: due, next: next, claiming: true)
    }

    /// Passes over one due time without a run (`missed: skip`, `overlap: skip`).
    ///
    /// - Returns: false when the due time was taken or passed over already, or the schedule is gone.
    /// - Throws: ``StoreError/scheduleDoesNotAdvance(_:)`` when `next` is not after `due`.
    @discardableResult
    package func skip(_ key: ScheduleKey, due: Date, next: Date?) async throws(StoreError) -> Bool {
        try await advance(key, due: due, next: next, claiming: false)
    }

    private func advance(
        _ key: ScheduleKey,
        due: Date,
        next: Date?,
        claiming: Bool
    ) async throws(StoreError) -> Bool {
        if let next, next.microseconds <= due.microseconds { throw .scheduleDoesNotAdvance(key) }
        return try await write(.power, .necessary) { db in
            let times: StatementArguments = ["due": due.microseconds, "next": next?.microseconds]
            let lastRun = claiming ? ", last_run_us = :due" : ""
            try db.execute(
                sql: """
                    UPDATE schedules SET next_due_us = :next\(lastRun)
                    WHERE \(ScheduleRow.isKey) AND next_due_us = :due
                    """,
                arguments: ScheduleRow.arguments(key, times)
            )
            guard db.changesCount == 1 else { return false }
            if claiming {
                try db.execute(
                    sql: "INSERT INTO schedule_claims VALUES (:function, :expression, :ordinal, :due)",
                    arguments: ScheduleRow.arguments(key, ["due": due.microseconds])
                )
            }
            return true
        }
    }

    /// Records that the run of a claimed due time has ended (or, as `lost`, never will).
    ///
    /// - Returns: false when there is no such claim.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func finish(_ key: ScheduleKey, due: Date, outcome: Outcome) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try db.execute(
                sql: "DELETE FROM schedule_claims WHERE \(ScheduleRow.isKey) AND due_us = :due",
                arguments: ScheduleRow.arguments(key, ["due": due.microseconds])
            )
            guard db.changesCount == 1 else { return false }
            try db.execute(
                sql: "UPDATE schedules SET last_outcome = :outcome WHERE \(ScheduleRow.isKey)",
                arguments: ScheduleRow.arguments(key, ["outcome": outcome.rawValue])
            )
            return true
        }
    }

    /// Claims without an end, oldest first: after a start, the runs that the last process lost.
    ///
    /// - Throws: ``StoreError``.
    package func unfinishedClaims() async throws(StoreError) -> [ScheduleClaim] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM schedule_claims ORDER BY due_us").map { row in
                ScheduleClaim(
                    key: try ScheduleRow.key(row),
                    due: Date(microseconds: row["due_us"])
                )
            }
        }
    }

    /// Schedules of one function, or of all: by function, then by next due time.
    ///
    /// - Throws: ``StoreError``.
    package func schedules(of function: FunctionName? = nil) async throws(StoreError) -> [ScheduleState] {
        try await read { try ScheduleRow.fetchAll($0, function: function) }
    }
}

/// Between a ScheduleState and its row.
enum ScheduleRow {
    static let isKey = "function = :function AND expression = :expression AND ordinal = :ordinal"

    static func arguments(_ key: ScheduleKey, _ others: StatementArguments = [:]) -> StatementArguments {
        let arguments: StatementArguments = [
            "function": key.function.text, "expression": key.expression, "ordinal": key.ordinal,
        ]
        return arguments + others
    }

    static func key(_ row: Row) throws(StoreError) -> ScheduleKey {
        do {
            return ScheduleKey(
                function: try FunctionName(row["function"]),
                expression: row["expression"],
                ordinal: row["ordinal"]
            )
        } catch {
            throw .malformedRow(table: "schedules", reason: "\(error)")
        }
    }

    static func fetchAll(_ db: Database, function: FunctionName?) throws -> [ScheduleState] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM schedules WHERE function = coalesce(:function, function)
                ORDER BY function, next_due_us IS NULL, next_due_us, expression, ordinal
                """,
            arguments: ["function": function?.text]
        ).map { row in
            var state = ScheduleState(
                key: try key(row),
                createdAt: Date(microseconds: row["created_at_us"]),
                nextDue: (row["next_due_us"] as Int64?).map { Date(microseconds: $0) }
            )
            state.lastRun = (row["last_run_us"] as Int64?).map { Date(microseconds: $0) }
            state.lastOutcome = try (row["last_outcome"] as String?).map { text in
                guard let outcome = Outcome(rawValue: text) else {
                    throw StoreError.malformedRow(table: "schedules", reason: "outcome '\(text)'")
                }
                return outcome
            }
            return state
        }
    }
}
