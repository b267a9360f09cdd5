// SPDX-License-Identifier: Apache-2.0
// Running totals per function, and the pruning they decide. Called inside the recorder's transaction.

import FunctionModel
import GRDB

enum HistoryUsage {
    /// Pruning goes this much below a limit, so that it happens once in a while and not with every batch.
    static let slackDivisor = 10
    /// Counted for each line besides its text, so that a flood of empty lines meets the limit too.
    static let lineOverheadBytes = 64
    private static let lineBytes = "length(CAST(text AS BLOB)) + \(lineOverheadBytes) AS bytes"

    /// Counts what a batch added, per function.
    static func add(_ db: Database, invocations: [Invocation], logs: [LogLine]) throws {
        var rows: [FunctionName: Int] = [:]
        var bytes: [FunctionName: Int] = [:]
        for invocation in invocations { rows[invocation.function, default: 0] += 1 }
        for line in logs { bytes[line.function, default: 0] += line.text.utf8.count + lineOverheadBytes }
        for (function, count) in rows {
            try db.execute(
                sql: """
                    UPDATE functions SET invocation_count = invocation_count + ?
                    WHERE name = ? AND current_number IS NOT NULL
                    """,
                arguments: [count, function.text]
            )
        }
        for function in Set(rows.keys).union(bytes.keys) {
            try change(db, function.text, rows: rows[function] ?? 0, bytes: bytes[function] ?? 0)
        }
    }

    /// Drops the oldest records of the functions given, then of all, until the limits hold.
    static func prune(_ db: Database, _ functions: Set<FunctionName>, _ limits: HistoryLimits) throws {
        for function in functions {
            let usage = try Row.fetchOne(
                db,
                sql: "SELECT * FROM history_usage WHERE function = ?",
                arguments: [function.text]
            )
            guard let usage else { continue }
            try pruneInvocations(
                db,
                used: usage["invocation_rows"],
                max: limits.invocationRowsPerFunctionMax,
                function
            )
            try pruneLogs(db, used: usage["log_bytes"], max: limits.logBytesPerFunctionMax, function)
        }
        let totals = try Row.fetchOne(
            db,
            sql:
                "SELECT sum(invocation_rows) AS invocation_rows, sum(log_bytes) AS log_bytes FROM history_usage"
        )
        guard let totals else { return }
        try pruneInvocations(db, used: totals["invocation_rows"] ?? 0, max: limits.invocationRowsMax, nil)
        try pruneLogs(db, used: totals["log_bytes"] ?? 0, max: limits.logBytesMax, nil)
        try db.execute(sql: "DELETE FROM history_usage WHERE invocation_rows <= 0 AND log_bytes <= 0")
    }

    private static func pruneInvocations(
        _ db: Database,
        used: Int,
        max: Int,
        _ function: FunctionName?
    ) throws {
        guard used > max else { return }
        let rows = try Row.fetchAll(
            db,
            sql: """
                DELETE FROM invocations WHERE sequence IN (
                    SELECT sequence FROM invocations \(function == nil ? "" : "WHERE function = :name")
                    ORDER BY started_at_us, sequence LIMIT :count)
                RETURNING function
                """,
            arguments: arguments(function, ["count": used - max + max / slackDivisor])
        )
        var dropped: [String: Int] = [:]
        for row in rows { dropped[row["function"], default: 0] += 1 }
        for (name, count) in dropped { try change(db, name, rows: -count, bytes: 0) }
    }

    private static func pruneLogs(_ db: Database, used: Int, max: Int, _ function: FunctionName?) throws {
        guard used > max else { return }
        var excess = used - max + max / slackDivisor
        var last: Int64?
        // Log lines go in the order they were recorded: that order is the primary key, and needs no sorting.
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT sequence, \(lineBytes) FROM log_lines
                \(function == nil ? "" : "WHERE +function = :name") ORDER BY sequence
                """,
            arguments: arguments(function, [:])
        )
        while excess > 0, let row = try cursor.next() {
            excess -= row["bytes"] as Int
            last = row["sequence"]
        }
        guard let last else { return }
        let rows = try Row.fetchAll(
            db,
            sql: """
                DELETE FROM log_lines
                WHERE sequence <= :last \(function == nil ? "" : "AND +function = :name")
                RETURNING function, \(lineBytes)
                """,
            arguments: arguments(function, ["last": last])
        )
        var dropped: [String: Int] = [:]
        for row in rows { dropped[row["function"], default: 0] += row["bytes"] as Int }
        for (name, bytes) in dropped { try change(db, name, rows: 0, bytes: -bytes) }
    }

    private static func arguments(_ name: FunctionName?, _ others: StatementArguments) -> StatementArguments {
        guard let name else { return others }
        let arguments: StatementArguments = ["name": name.text]
        return arguments + others
    }

    private static func change(_ db: Database, _ function: String, rows: Int, bytes: Int) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO history_usage (function, invocation_rows, log_bytes) VALUES (:name, :rows, :bytes)
                ON CONFLICT DO UPDATE SET invocation_rows = invocation_rows + :rows, log_bytes = log_bytes + :bytes
                """
        )
        try statement.execute(arguments: ["name": function, "rows": rows, "bytes": bytes])
    }
}
