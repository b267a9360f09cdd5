// SPDX-License-Identifier: Apache-2.0
// From a row of queue_calls to its values.

import FoundationEssentials
import FunctionModel
import GRDB

/// Decodes rows of the queue.
enum QueueRow {
    /// Everything but the request's head.
    static let columns = """
        sequence, id, function, state, attempts_used, losses, due_us, accepted_at_us, started_at_us,
        finished_at_us, body_bytes, callback_url, callback_state, callback_reason, revision, status, outcome,
        exit_code, signal, run_ms, reason, answer_head, output_bytes
        """

    static func decode(_ row: Row) throws(StoreError) -> QueuedCall {
        let state = try state(row)
        var call = QueuedCall(
            id: row["id"],
            function: try name(row),
            state: state,
            attempts: row["attempts_used"],
            losses: row["losses"],
            acceptedAt: Date(microseconds: row["accepted_at_us"]),
            bodyBytes: row["body_bytes"]
        )
        call.startedAt = (row["started_at_us"] as Int64?).map { Date(microseconds: $0) }
        call.finishedAt = (row["finished_at_us"] as Int64?).map { Date(microseconds: $0) }
        if !state.isFinal, state != .running { call.nextAttemptAt = Date(microseconds: row["due_us"]) }
        call.outputBytes = row["output_bytes"]
        call.result = try result(row)
        call.callbackURL = row["callback_url"]
        call.callbackState = (row["callback_state"] as String?).flatMap { CallbackState(rawValue: $0) }
        call.callbackReason = row["callback_reason"]
        return call
    }

    private static func result(_ row: Row) throws(StoreError) -> QueueResult? {
        guard let text = row["outcome"] as String? else { return nil }
        guard let outcome = Outcome(rawValue: text) else { throw malformed("outcome '\(text)'") }
        var result = QueueResult(outcome: outcome, milliseconds: row["run_ms"] ?? 0)
        result.revision = row["revision"]
        result.status = row["status"]
        result.exitCode = row["exit_code"]
        result.signal = row["signal"]
        result.reason = row["reason"]
        result.head = row["answer_head"]
        return result
    }

    static func state(_ row: Row) throws(StoreError) -> QueuedCallState {
        guard let state = QueuedCallState(rawValue: row["state"]) else {
            throw malformed("state '\(row["state"] as String)'")
        }
        return state
    }

    static func name(_ row: Row) throws(StoreError) -> FunctionName {
        do { return try FunctionName(row["function"]) } catch { throw malformed("\(error)") }
    }

    private static func malformed(_ reason: String) -> StoreError {
        .malformedRow(table: "queue_calls", reason: reason)
    }
}

extension Duration {
    /// Whole microseconds, clamped to a century.
    var microseconds: Int64 {
        let century: Int64 = 3_155_760_000
        let (seconds, attoseconds) = components
        return min(max(seconds, 0), century) * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
