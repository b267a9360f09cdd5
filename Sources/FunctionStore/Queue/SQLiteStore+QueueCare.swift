// SPDX-License-Identifier: Apache-2.0
// What operators change in the queue, and what is dropped by age and size.

import FoundationEssentials
package import FunctionModel
import GRDB

extension SQLiteStore {
    /// Queues a failed or cancelled call again, with all its attempts.
    ///
    /// - Throws: ``StoreError``.
    package func retry(_ id: String) async throws(StoreError) -> QueueChange {
        let clock = clock
        return try await endings.perform(in: self) { db in
            guard let call = try QueueCare.find(db, id) else { return .unknown }
            guard call.state == .failed || call.state == .cancelled else { return .refused(call.state) }
            try db.execute(
                sql: """
                    UPDATE queue_calls SET state = 'queued', attempts_used = 0, losses = 0, due_us = ?,
                        finished_at_us = NULL, cancel_requested = 0, callback_state = NULL,
                        callback_reason = NULL WHERE sequence = ?
                    """,
                arguments: [clock().microseconds, call.sequence]
            )
            try db.execute(sql: "DELETE FROM queue_callbacks WHERE call = ?", arguments: [call.sequence])
            try QueueCare.count(db, call, to: .queued)
            return .done
        }
    }

    /// Ends a call: at once when it does not run.
    ///
    /// - Throws: ``StoreError``.
    package func cancel(_ id: String) async throws(StoreError) -> QueueChange {
        let clock = clock
        return try await endings.perform(in: self) { db in
            guard let call = try QueueCare.find(db, id) else { return .unknown }
            switch call.state {
            case .succeeded, .failed, .cancelled: return .refused(call.state)
            case .running:
                try db.execute(
                    sql: "UPDATE queue_calls SET cancel_requested = 1 WHERE sequence = ?",
                    arguments: [call.sequence]
                )
                return .asked
            case .queued, .waiting:
                try db.execute(
                    sql: "UPDATE queue_calls SET state = 'cancelled', finished_at_us = ? WHERE sequence = ?",
                    arguments: [clock().microseconds, call.sequence]
                )
                try QueueCare.count(db, call, to: .cancelled)
                return .done
            }
        }
    }

    /// Removes all calls of these states; running ones stay.
    ///
    /// - Throws: ``StoreError``.
    package func purge(_ states: Set<QueuedCallState>, of function: FunctionName?, in namespace: String?)
        async throws(StoreError) -> Int
    {
        let states = states.subtracting([.running]).map(\.rawValue).sorted()
        guard !states.isEmpty else { return 0 }
        var condition = "state IN (\(states.map { _ in "?" }.joined(separator: ", ")))"
        var arguments = StatementArguments(states)
        if let function {
            condition += " AND function = ?"
            arguments += [function.text]
        }
        if let namespace {
            condition += " AND " + NamespaceRow.condition("function")
            arguments += [namespace]
        }
        var count = 0
        while true {
            let removed = try await removeCalls(condition, arguments)
            count += removed
            if removed < QueueCare.batch { return count }
        }
    }

    /// Drops finished calls and outputs that are over the limits, oldest first, some at a time.
    ///
    /// - Throws: ``StoreError``.
    package func prune(_ limits: QueueLimits) async throws(StoreError) -> Bool {
        let now = clock().microseconds
        let old = try await removeCalls(
            """
            finished_at_us < ? AND (state <> 'failed' OR finished_at_us < ?) AND callback_state IS NOT 'pending'
            """,
            [now - limits.finishedAgeMax.microseconds, now - limits.failedAgeMax.microseconds]
        )
        let excess = try await read { db in
            let sql = "SELECT count(*) FROM queue_calls WHERE finished_at_us IS NOT NULL"
            return (try Int.fetchOne(db, sql: sql) ?? 0) - limits.finishedMax
        }
        let many = excess > 0 ? try await removeCalls("finished_at_us IS NOT NULL", [], count: excess) : 0
        return try await pruneOutputs(limits) || max(old, many) >= QueueCare.batch
    }

    private func pruneOutputs(_ limits: QueueLimits) async throws(StoreError) -> Bool {
        let (removed, isMore) = try await endings.perform(in: self) { db in
            let used = try Int.fetchOne(db, sql: "SELECT sum(output_bytes) FROM queue_usage") ?? 0
            return try QueueCare.dropOutputs(db, excess: used - limits.outputBytesMax)
        }
        contents.remove(removed)
        return isMore
    }

    /// Removes the oldest finished calls first, then others by age.
    private func removeCalls(
        _ condition: String,
        _ arguments: StatementArguments,
        count: Int = QueueCare.batch
    ) async throws(StoreError) -> Int {
        let (removed, files) = try await endings.perform(in: self) { db in
            try QueueCare.remove(db, condition, arguments, count: min(count, QueueCare.batch))
        }
        contents.remove(files)
        return removed
    }
}

/// Changes of single calls, within a transaction.
enum QueueCare {
    /// Calls removed in one transaction: others wait ~50 ms for it.
    static let batch = 1000

    struct Found {
        var sequence: Int64
        var function: String
        var state: QueuedCallState
    }

    static func find(_ db: Database, _ id: String) throws -> Found? {
        try Row.fetchOne(
            db,
            sql: "SELECT sequence, function, state FROM queue_calls WHERE id = ?",
            arguments: [id]
        ).map { try found($0) }
    }

    private static func found(_ row: Row) throws -> Found {
        Found(sequence: row["sequence"], function: row["function"], state: try QueueRow.state(row))
    }

    static func count(_ db: Database, _ call: Found, to state: QueuedCallState) throws {
        var usage = QueueUsage(function: call.function)
        usage.move(from: call.state, to: state)
        try usage.apply(db)
    }

    /// - Returns: how many calls are gone, and the files to remove afterwards.
    static func remove(_ db: Database, _ condition: String, _ arguments: StatementArguments, count: Int)
        throws
        -> (count: Int, files: [String])
    {
        let calls = try Row.fetchAll(
            db,
            sql: """
                SELECT sequence, function, state FROM queue_calls WHERE \(condition)
                ORDER BY finished_at_us, sequence LIMIT ?
                """,
            arguments: arguments + [count]
        ).map(found)
        var usages: [String: QueueUsage] = [:]
        var files: [String] = []
        for call in calls {
            let body = try QueueContentRow.remove(db, .bodies, call: call.sequence)
            let output = try QueueContentRow.remove(db, .outputs, call: call.sequence)
            for table in ["queue_callbacks WHERE call", "queue_calls WHERE sequence"] {
                let statement = try db.cachedStatement(sql: "DELETE FROM \(table) = ?")
                try statement.execute(arguments: [call.sequence])
            }
            var usage = usages[call.function] ?? QueueUsage(function: call.function)
            usage.move(from: call.state, to: nil)
            usage.bodyBytes -= body.bytes
            usage.outputBytes -= output.bytes
            usages[call.function] = usage
            files += [body.file, output.file].compactMap(\.self)
        }
        for usage in usages.values { try usage.apply(db) }
        return (calls.count, files)
    }

    /// Drops outputs of finished calls, oldest first, until so many bytes are free.
    static func dropOutputs(_ db: Database, excess: Int) throws -> (files: [String], isMore: Bool) {
        guard excess > 0 else { return ([], false) }
        let calls = try Row.fetchAll(
            db,
            sql: """
                SELECT sequence, function, state FROM queue_calls
                WHERE finished_at_us IS NOT NULL AND output_bytes > 0 AND callback_state IS NOT 'pending'
                ORDER BY finished_at_us LIMIT ?
                """,
            arguments: [batch]
        ).map(found)
        var rest = excess
        var files: [String] = []
        for call in calls where rest > 0 {
            let (bytes, file) = try QueueContentRow.remove(db, .outputs, call: call.sequence)
            try db.execute(
                sql: "UPDATE queue_calls SET output_bytes = NULL WHERE sequence = ?",
                arguments: [call.sequence]
            )
            var usage = QueueUsage(function: call.function)
            usage.outputBytes -= bytes
            try usage.apply(db)
            rest -= bytes
            files += file.map { [$0] } ?? []
        }
        return (files, rest > 0 && calls.count == batch)
    }
}
