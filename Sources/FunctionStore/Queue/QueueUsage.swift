// SPDX-License-Identifier: Apache-2.0
// Running totals of the queue per function. Every change of a call goes through here, in its own transaction.

import FunctionModel
import GRDB

/// What a transaction changes in one function's totals.
struct QueueUsage {
    let function: String
    private var counts: [QueuedCallState: Int] = [:]
    var bodyBytes = 0
    var outputBytes = 0

    init(function: String) { self.function = function }

    /// Counts a call's change of state; nil means "not in the queue".
    mutating func move(from old: QueuedCallState?, to new: QueuedCallState?) {
        if let old { counts[old, default: 0] -= 1 }
        if let new { counts[new, default: 0] += 1 }
    }

    /// Writes the totals.
    func apply(_ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO queue_usage (function, queued, running, waiting, failed, body_bytes, output_bytes)
                VALUES (:function, :queued, :running, :waiting, :failed, :body, :output)
                ON CONFLICT DO UPDATE SET queued = queued + :queued, running = running + :running,
                    waiting = waiting + :waiting, failed = failed + :failed,
                    body_bytes = body_bytes + :body, output_bytes = output_bytes + :output
                """
        )
        try statement.execute(arguments: [
            "function": function, "queued": counts[.queued] ?? 0, "running": counts[.running] ?? 0,
            "waiting": counts[.waiting] ?? 0, "failed": counts[.failed] ?? 0, "body": bodyBytes,
            "output": outputBytes,
        ])
    }

    /// Unfinished calls of one function.
    static func unfinished(_ db: Database, of function: String) throws -> Int {
        let statement = try db.cachedStatement(
            sql: "SELECT queued + running + waiting FROM queue_usage WHERE function = ?"
        )
        return try Int.fetchOne(statement, arguments: [function]) ?? 0
    }

    /// Bytes of all bodies and outputs.
    static func contentBytes(_ db: Database) throws -> Int {
        let statement = try db.cachedStatement(sql: "SELECT sum(body_bytes + output_bytes) FROM queue_usage")
        return try Int.fetchOne(statement) ?? 0
    }
}

/// Bodies and outputs in their tables.
enum QueueContentRow {
    /// The two tables have the same form.
    enum Table: String {
        case bodies = "queue_bodies"
        case outputs = "queue_outputs"
    }

    /// Stores a content; none makes no row.
    static func insert(_ db: Database, _ table: Table, call: Int64, _ content: QueueContent) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO \(table.rawValue) (call, size_bytes, file, bytes) VALUES (?, ?, ?, ?)"
        )
        switch content {
        case .none: return
        case .bytes(let bytes): try statement.execute(arguments: [call, bytes.count, nil, bytes])
        case .file(let file): try statement.execute(arguments: [call, file.sizeBytes, file.name, nil])
        }
    }

    /// A call's content; nil when there is none.
    static func fetch(_ db: Database, _ table: Table, call: Int64, _ files: QueueFiles) throws -> QueueContent
    {
        let statement = try db.cachedStatement(
            sql: "SELECT size_bytes, file, bytes FROM \(table.rawValue) WHERE call = ?"
        )
        guard let row = try Row.fetchOne(statement, arguments: [call]) else { return .none }
        if let name = row["file"] as String? { return .file(files.file(name, sizeBytes: row["size_bytes"])) }
        return .bytes(row["bytes"])
    }

    /// Removes a call's content.
    ///
    /// - Returns: its size, and the file that is to be removed after the transaction.
    static func remove(_ db: Database, _ table: Table, call: Int64) throws -> (bytes: Int, file: String?) {
        let statement = try db.cachedStatement(
            sql: "DELETE FROM \(table.rawValue) WHERE call = ? RETURNING size_bytes, file"
        )
        guard let row = try Row.fetchAll(statement, arguments: [call]).first else { return (0, nil) }
        return (row["size_bytes"], row["file"])
    }
}
