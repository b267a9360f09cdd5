// SPDX-License-Identifier: Apache-2.0
// Between an Invocation or a LogLine and its row.

import FoundationEssentials
import FunctionModel
import GRDB

enum InvocationRow {
    static func insert(_ db: Database, _ value: Invocation) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO invocations (id, function, revision, trigger, started_at_us, queue_ms, start_ms,
                run_ms, total_ms, status, outcome, exit_code, signal, bytes_in, bytes_out, cpu_ms,
                peak_memory_bytes, fresh, warm, limits_reached, start)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(arguments: [
            value.id, value.function.text, value.revision, value.trigger.rawValue,
            value.startedAt.microseconds, finite(value.queueMilliseconds), finite(value.startMilliseconds),
            finite(value.runMilliseconds), finite(value.totalMilliseconds), value.status,
            value.outcome.rawValue, value.exitCode, value.signal, value.bytesIn, value.bytesOut,
            finite(value.cpuMilliseconds), value.peakMemoryBytes, value.fresh, value.warm,
            value.limitsReached.map { $0.map(\.rawValue).joined(separator: ",") }, value.start?.rawValue,
        ])
    }

    /// SQLite takes NaN for NULL, which the column refuses: one bad figure must not lose the whole batch.
    private static func finite(_ value: Double) -> Double { value.isFinite ? value : 0 }

    static func decode(_ row: Row) throws(StoreError) -> Invocation {
        guard let name = try? FunctionName(row["function"]),  // The reason adds nothing to the name itself.
            let trigger = Trigger(rawValue: row["trigger"]), let outcome = Outcome(rawValue: row["outcome"])
        else {
            throw .malformedRow(
                table: "invocations",
                reason:
                    "'\(row["function"] as String)', '\(row["trigger"] as String)', '\(row["outcome"] as String)'"
            )
        }
        var value = Invocation(
            id: row["id"],
            function: name,
            revision: row["revision"],
            trigger: trigger,
            startedAt: Date(microseconds: row["started_at_us"]),
            status: row["status"],
            outcome: outcome
        )
        value.queueMilliseconds = row["queue_ms"]
        value.startMilliseconds = row["start_ms"]
        value.runMilliseconds = row["run_ms"]
        value.totalMilliseconds = row["total_ms"]
        value.exitCode = row["exit_code"]
        value.signal = row["signal"]
        value.bytesIn = row["bytes_in"]
        value.bytesOut = row["bytes_out"]
        value.cpuMilliseconds = row["cpu_ms"]
        value.peakMemoryBytes = row["peak_memory_bytes"]
        value.fresh = row["fresh"]
        value.warm = row["warm"]
        // A name that a newer version wrote is left out.
        value.limitsReached = (row["limits_reached"] as String?).map {
            $0.split(separator: ",").compactMap { LimitName(rawValue: String($0)) }
        }
        value.start = (row["start"] as String?).flatMap { SandboxStart(rawValue: $0) }
        return value
    }
}

enum LogRow {
    /// Text goes in and out as bytes: as a C string it would end at the first NUL a function writes.
    static let columns = "sequence, function, revision, invocation, written_at_us, CAST(text AS BLOB) AS text"

    static func insert(_ db: Database, _ line: LogLine) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO log_lines (function, revision, invocation, written_at_us, text)
                VALUES (?, ?, ?, ?, CAST(? AS TEXT))
                """
        )
        try statement.execute(arguments: [
            line.function.text, line.revision, line.invocation, line.timestamp.microseconds,
            Data(line.text.utf8),
        ])
    }

    static func decode(_ row: Row) throws(StoreError) -> LogLine {
        do {
            return LogLine(
                function: try FunctionName(row["function"]),
                revision: row["revision"],
                invocation: row["invocation"],
                timestamp: Date(microseconds: row["written_at_us"]),
                text: String(decoding: row["text"] as Data, as: UTF8.self)
            )
        } catch {
            throw .malformedRow(table: "log_lines", reason: "\(error)")
        }
    }
}
