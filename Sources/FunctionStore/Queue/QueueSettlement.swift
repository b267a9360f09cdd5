// SPDX-License-Identifier: Apache-2.0
// The end of a claim, within its transaction. SQLiteStore calls it.

import FoundationEssentials
import FunctionModel
import GRDB

/// Ends a claim, fenced by id, owner and attempt.
enum QueueSettlement {
    /// - Returns: the new state, nil when the claim is not the call's last one; and files to remove afterwards.
    static func settle(
        _ db: Database,
        _ claim: QueueClaim,
        _ ending: QueueEnding,
        now: Int64
    ) throws -> (state: QueuedCallState?, removed: [String]) {
        let statement = try db.cachedStatement(
            sql: """
                SELECT sequence, cancel_requested, callback_url FROM queue_calls
                WHERE id = ? AND owner = ? AND attempt = ? AND state = 'running'
                """
        )
        guard let row = try Row.fetchOne(statement, arguments: [claim.id, claim.owner, claim.attempt]) else {
            return (nil, ending.outputFile.map { [$0] } ?? [])
        }
        let call = Call(
            sequence: row["sequence"],
            isCancelled: row["cancel_requested"],
            callbackURL: row["callback_url"]
        )
        var usage = QueueUsage(function: claim.function.text)
        var removed: [String] = []
        let state = ending.state(isCancelled: call.isCancelled, attemptsUsed: claim.attemptsUsed)
        if let (result, output) = ending.answer {
            removed += try replaceOutput(db, call, output, &usage)
            try write(db, call, result, outputBytes: output.sizeBytes)
        }
        try move(db, call, to: state, ending, now: now)
        if state == .succeeded {
            let (bytes, file) = try QueueContentRow.remove(db, .bodies, call: call.sequence)
            usage.bodyBytes -= bytes
            removed += file.map { [$0] } ?? []
        }
        usage.move(from: .running, to: state)
        try usage.apply(db)
        return (state, removed)
    }

    private struct Call {
        var sequence: Int64
        var isCancelled: Bool
        var callbackURL: String?
    }

    private static func replaceOutput(
        _ db: Database,
        _ call: Call,
        _ output: QueueContent,
        _ usage: inout QueueUsage
    ) throws -> [String] {
        let (bytes, file) = try QueueContentRow.remove(db, .outputs, call: call.sequence)
        try QueueContentRow.insert(db, .outputs, call: call.sequence, output)
        usage.outputBytes += output.sizeBytes - bytes
        return file.map { [$0] } ?? []
    }

    private static func write(_ db: Database, _ call: Call, _ result: QueueResult, outputBytes: Int) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE queue_calls SET revision = :revision, status = :status, outcome = :outcome,
                    exit_code = :code, signal = :signal, run_ms = :milliseconds, reason = :reason,
                    answer_head = :head, output_bytes = :bytes WHERE sequence = :call
                """
        )
        try statement.execute(arguments: [
            "revision": result.revision, "status": result.status, "outcome": result.outcome.rawValue,
            "code": result.exitCode, "signal": result.signal,
            "milliseconds": result.milliseconds.isFinite ? result.milliseconds : 0, "reason": result.reason,
            "head": result.head, "bytes": outputBytes, "call": call.sequence,
        ])
    }

    private static func move(
        _ db: Database,
        _ call: Call,
        to state: QueuedCallState,
        _ ending: QueueEnding,
        now: Int64
    ) throws {
        let isDelivered = call.callbackURL != nil && (state == .succeeded || state == .failed)
        let statement = try db.cachedStatement(
            sql: """
                UPDATE queue_calls SET state = :state, owner = NULL, lease_until_us = NULL, due_us = :due,
                    attempts_used = attempts_used + :used, finished_at_us = :finished,
                    callback_state = :callback WHERE sequence = :call
                """
        )
        try statement.execute(arguments: [
            "state": state.rawValue, "due": now + ending.wait.microseconds,
            "used": ending.countsAttempt ? 1 : 0,
            "finished": state.isFinal ? now : nil,
            "callback": isDelivered ? CallbackState.pending.rawValue : nil, "call": call.sequence,
        ])
        guard isDelivered else { return }
        try db.execute(
            sql: "INSERT OR REPLACE INTO queue_callbacks (call, due_us) VALUES (?, ?)",
            arguments: [call.sequence, now]
        )
    }
}

extension QueueEnding {
    fileprivate var answer: (QueueResult, QueueContent)? {
        switch self {
        case .finished(_, let result, let output), .retry(_, let result, let output): (result, output)
        case .released: nil
        }
    }

    fileprivate var outputFile: String? {
        guard case .file(let file)? = answer?.1 else { return nil }
        return file.name
    }

    fileprivate var wait: Duration {
        switch self {
        case .finished: .zero
        case .retry(let wait, _, _), .released(let wait): wait
        }
    }

    fileprivate var countsAttempt: Bool {
        if case .released = self { return false }
        return true
    }

    fileprivate func state(isCancelled: Bool, attemptsUsed: Int) -> QueuedCallState {
        switch self {
        case .finished(let state, _, _): state
        case .retry: isCancelled ? .cancelled : .waiting
        case .released: isCancelled ? .cancelled : attemptsUsed > 0 ? .waiting : .queued
        }
    }
}
