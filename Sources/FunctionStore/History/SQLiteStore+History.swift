// SPDX-License-Identifier: Apache-2.0
// Writing and reading the history. InvocationRecorder writes; Gateway's listings read.

package import FunctionModel
import GRDB

extension SQLiteStore {
    /// Writes finished invocations and log lines in one transaction, then drops what is over the limits.
    ///
    /// The request path goes through ``InvocationRecorder`` instead, which makes batches.
    /// - Throws: ``StoreError``; none of them is written then.
    package func record(
        _ invocations: [Invocation],
        logs: [LogLine],
        limits: HistoryLimits = HistoryLimits()
    ) async throws(StoreError) {
        try await write(.process) { db in
            for invocation in invocations { try InvocationRow.insert(db, invocation) }
            for line in logs { try LogRow.insert(db, line) }
            try HistoryUsage.add(db, invocations: invocations, logs: logs)
            try HistoryUsage.prune(db, Set(invocations.map(\.function) + logs.map(\.function)), limits)
        }
    }

    /// Invocations, newest first.
    ///
    /// - Throws: ``StoreError``.
    package func invocations(_ query: InvocationQuery) async throws(StoreError) -> [Invocation] {
        try await read { db in
            var sql = "SELECT * FROM invocations WHERE 1"
            var arguments: StatementArguments = []
            if let function = query.function {
                sql += " AND function = ?"
                arguments += [function.text]
            }
            if let namespace = query.namespace {
                // Runs belong to no namespace.
                sql += " AND function <> ? AND " + NamespaceRow.condition("function")
                arguments += [FunctionName.runs.text, namespace]
            }
            if let id = query.id {
                sql += " AND id = ?"
                arguments += [id]
            }
            if query.failedOnly { sql += " AND outcome <> 'ok'" }
            if let since = query.since {
                sql += " AND started_at_us >= ?"
                arguments += [since.microseconds]
            }
            switch query.before {
            case .time(let date):
                sql += " AND started_at_us < ?"
                arguments += [date.microseconds]
            case .invocation(let id):
                sql += """
                     AND (started_at_us, sequence) < (SELECT started_at_us, sequence FROM invocations
                        WHERE id = ? ORDER BY started_at_us DESC, sequence DESC LIMIT 1)
                    """
                arguments += [id]
            case nil: break
            }
            sql += " ORDER BY started_at_us DESC, sequence DESC LIMIT ?"
            arguments += [min(max(query.limit, 0), InvocationQuery.limitMax)]
            return try Row.fetchAll(db, sql: sql, arguments: arguments).map(InvocationRow.decode)
        }
    }

    /// How often each deployed function has run since it was first deployed, from a counter column.
    ///
    /// - Throws: ``StoreError``.
    package func invocationCounts() async throws(StoreError) -> [FunctionName: Int] {
        try await read { db in
            // Columns by their place, and no row copied: thousands of functions are counted for each scrape.
            let rows = try Row.fetchCursor(
                db,
                sql: "SELECT name, invocation_count FROM functions WHERE current_number IS NOT NULL"
            )
            var counts: [FunctionName: Int] = [:]
            while let row = try rows.next() { counts[try FunctionName(row[0])] = row[1] }
            return counts
        }
    }

    /// The same of one function; 0 for one that is not deployed.
    ///
    /// - Throws: ``StoreError``.
    package func invocationCount(of function: FunctionName) async throws(StoreError) -> Int {
        try await read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT invocation_count FROM functions WHERE name = ? AND current_number IS NOT NULL",
                arguments: [function.text]
            ) ?? 0
        }
    }

    /// Whether the history knows a function, deployed or not.
    ///
    /// - Throws: ``StoreError``.
    package func hasHistory(of function: FunctionName) async throws(StoreError) -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM invocations WHERE function = :name)
                        OR EXISTS (SELECT 1 FROM log_lines WHERE function = :name)
                    """,
                arguments: ["name": function.text]
            ) ?? false
        }
    }

    /// The ids of a function's invocations that begin with a text: the one that equals it, else two at most.
    ///
    /// - Throws: ``StoreError``.
    package func invocationIDs(of function: FunctionName, beginning text: String) async throws(StoreError)
        -> [String]
    {
        try await read { db in
            // Lines are recorded while a function runs, its record at the end: either one knows the id.
            let found = try String.fetchAll(
                db,
                sql: """
                    SELECT id FROM (
                        SELECT id FROM invocations WHERE +function = :name AND id >= :from AND id < :to
                        UNION
                        SELECT invocation FROM log_lines
                        WHERE +function = :name AND invocation >= :from AND invocation < :to)
                    ORDER BY id LIMIT 2
                    """,
                arguments: ["name": function.text, "from": text, "to": text + InvocationQuery.idEnd]
            )
            // What equals the text comes first.
            return found.first == text ? [text] : found
        }
    }

    /// Log lines by time, and a cursor for what comes later.
    ///
    /// - Throws: ``StoreError``.
    package func logs(_ query: LogQuery) async throws(StoreError) -> LogPage {
        try await read { db in
            let (sql, arguments) = LogSelection.statement(query)
            let rows = try Row.fetchAll(db, sql: sql, arguments: arguments)
            // A full page of a follower ends before the newest line: it continues from its last one.
            let isCut = query.after != nil && query.tail == nil && rows.count == LogQuery.limitMax
            // SQLite has one writer: the order of sequence numbers is that of commits.
            let newest =
                try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'log_lines'") ?? 0
            let cursor = isCut ? rows.map { $0["sequence"] as Int64 }.max() ?? newest : newest
            return LogPage(lines: try rows.map(LogRow.decode), cursor: LogCursor(position: cursor))
        }
    }
}

/// From a LogQuery to SQL.
enum LogSelection {
    static func statement(_ query: LogQuery) -> (sql: String, arguments: StatementArguments) {
        var conditions = ["1"]
        var arguments: StatementArguments = []
        if let function = query.function {
            // The plus sign keeps a follower on the primary key: its range is short, the function's is not.
            conditions.append(query.after == nil ? "function = ?" : "+function = ?")
            arguments += [function.text]
        }
        if let since = query.since {
            conditions.append(query.after == nil ? "written_at_us >= ?" : "+written_at_us >= ?")
            arguments += [since.microseconds]
        }
        if let invocation = query.invocation {
            conditions.append("invocation = ?")
            arguments += [invocation]
        }
        if let after = query.after {
            conditions.append("sequence > ?")
            arguments += [after.position]
        }
        // A reader wants the newest lines, a follower the ones it has not seen yet, in the order of recording.
        let order =
            query.after != nil && query.tail == nil ? "sequence" : "written_at_us DESC, sequence DESC"
        arguments += [min(max(query.tail ?? LogQuery.limitMax, 0), LogQuery.limitMax)]
        let sql = """
            SELECT * FROM (
                SELECT \(LogRow.columns) FROM log_lines WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(order) LIMIT ?)
            ORDER BY written_at_us, sequence
            """
        return (sql, arguments)
    }
}
