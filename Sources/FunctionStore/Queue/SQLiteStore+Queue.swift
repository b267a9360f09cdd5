// SPDX-License-Identifier: Apache-2.0
// Accepting calls and looking at them. Claims and changes are in the files beside this one.

import FoundationEssentials
import FunctionModel
import GRDB

extension SQLiteStore {
    /// Begins a file of the queue; blocks for its creation.
    ///
    /// - Throws: ``StoreError``.
    package func openContent() async throws(StoreError) -> any QueueContentWriter { try contents.open() }

    /// Removes a complete file that no call refers to.
    package func discard(_ content: QueueContent) {
        if case .file(let file) = content { contents.remove([file.name]) }
    }

    /// Removes files that no call refers to.
    ///
    /// - Throws: ``StoreError``.
    package func removeOrphanedContents() async throws(StoreError) {
        let kept = try await read { db in
            try String.fetchSet(
                db,
                sql: """
                    SELECT file FROM queue_bodies WHERE file IS NOT NULL
                    UNION SELECT file FROM queue_outputs WHERE file IS NOT NULL
                    """
            )
        }
        contents.removeAll(except: kept)
    }

    /// Accepts a call; see ``QueueRepository``.
    ///
    /// - Throws: ``StoreError``.
    package func enqueue(_ call: NewQueuedCall, _ limits: QueueLimits) async throws(StoreError)
        -> EnqueueResult
    {
        let clock = clock
        return try await acceptances.perform(in: self) { db in
            let function = call.function.text
            guard try QueueUsage.unfinished(db, of: function) < limits.unfinishedPerFunctionMax else {
                return .functionFull
            }
            let bytes = call.body.sizeBytes
            guard try QueueUsage.contentBytes(db) + bytes <= limits.contentBytesMax else {
                return .storageFull
            }
            let now = clock().microseconds
            for id in [call.id, call.spareID] where try Self.insert(db, call, id: id, now: now) {
                try QueueContentRow.insert(db, .bodies, call: db.lastInsertedRowID, call.body)
                var usage = QueueUsage(function: function)
                usage.move(from: nil, to: .queued)
                usage.bodyBytes = bytes
                try usage.apply(db)
                return .accepted(id: id)
            }
            throw StoreError.failed(reason: "the call's ids '\(call.id)' and '\(call.spareID)' are taken")
        }
    }

    /// False when another call has the id.
    private static func insert(_ db: Database, _ call: NewQueuedCall, id: String, now: Int64) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO queue_calls
                (id, function, state, due_us, accepted_at_us, head, body_bytes, callback_url)
                VALUES (:id, :function, 'queued', :now, :now, :head, :bytes, :callback)
                """
        )
        try statement.execute(arguments: [
            "id": id, "function": call.function.text, "now": now, "head": call.head,
            "bytes": call.body.sizeBytes, "callback": call.callbackURL,
        ])
        return db.changesCount == 1
    }

    /// Calls, newest first.
    ///
    /// - Throws: ``StoreError``.
    package func queuedCalls(_ query: QueueQuery) async throws(StoreError) -> [QueuedCall] {
        try await read { db in
            var sql = "SELECT \(QueueRow.columns) FROM queue_calls WHERE 1"
            var arguments: StatementArguments = []
            if let function = query.function {
                sql += " AND function = ?"
                arguments += [function.text]
            }
            if let namespace = query.namespace {
                sql += " AND " + NamespaceRow.condition("function")
                arguments += [namespace]
            }
            if !query.states.isEmpty {
                let states = query.states.map(\.rawValue).sorted()
                sql += " AND state IN (\(states.map { _ in "?" }.joined(separator: ", ")))"
                arguments += StatementArguments(states)
            }
            if let id = query.before {
                sql += " AND sequence < (SELECT sequence FROM queue_calls WHERE id = ?)"
                arguments += [id]
            }
            sql += " ORDER BY sequence DESC LIMIT ?"
            arguments += [min(max(query.limit, 0), QueueQuery.limitMax)]
            return try Row.fetchAll(db, sql: sql, arguments: arguments).map(QueueRow.decode)
        }
    }

    /// One call; nil when it is unknown.
    ///
    /// - Throws: ``StoreError``.
    package func queuedCall(_ id: String) async throws(StoreError) -> QueuedCall? {
        try await read { db in
            let sql = "SELECT \(QueueRow.columns) FROM queue_calls WHERE id = ?"
            return try Row.fetchOne(db, sql: sql, arguments: [id]).map(QueueRow.decode)
        }
    }

    /// What a call's last attempt answered; nil when nothing is kept.
    ///
    /// - Throws: ``StoreError``.
    package func output(of id: String) async throws(StoreError) -> QueueContent? {
        let contents = contents
        return try await read { db in
            let row = try Row.fetchOne(
                db,
                sql: "SELECT sequence FROM queue_calls WHERE id = ? AND output_bytes IS NOT NULL",
                arguments: [id]
            )
            guard let row else { return nil }
            return try QueueContentRow.fetch(db, .outputs, call: row["sequence"], contents)
        }
    }

    /// Unfinished calls and dead letters of every function that has some, sorted by name.
    ///
    /// - Throws: ``StoreError``.
    package func queueDepths() async throws(StoreError) -> [QueueDepth] {
        try await read { db in
            let sql = """
                SELECT * FROM queue_usage WHERE queued + running + waiting + failed > 0 ORDER BY function
                """
            return try Row.fetchAll(db, sql: sql).map { row in
                var depth = QueueDepth(function: try QueueRow.name(row))
                depth.queued = row["queued"]
                depth.running = row["running"]
                depth.waiting = row["waiting"]
                depth.failed = row["failed"]
                return depth
            }
        }
    }
}
