// SPDX-License-Identifier: Apache-2.0
// Deliveries of results: claimed and ended as calls are.

import FoundationEssentials
import FunctionModel
import GRDB

extension SQLiteStore {
    /// Takes results that are due for delivery.
    ///
    /// - Throws: ``StoreError``.
    package func claimCallbacks(owner: String, lease: Duration, countMax: Int) async throws(StoreError)
        -> (claims: [CallbackClaim], nextDue: Duration?)
    {
        let (clock, contents) = (clock, contents)
        return try await claims.perform(in: self) { db in
            let now = clock().microseconds
            let rows = try Row.fetchAll(
                db,
                sql: """
                    UPDATE queue_callbacks SET owner = :owner, attempt = attempt + 1, lease_until_us = :until,
                        due_us = :until
                    WHERE call IN (
                        SELECT call FROM queue_callbacks WHERE due_us <= :now ORDER BY due_us LIMIT :count)
                    RETURNING call, attempt
                    """,
                arguments: ["owner": owner, "until": now + lease.microseconds, "now": now, "count": countMax]
            )
            let claims = try rows.compactMap { row in
                try QueueCallbacks.claim(db, call: row["call"], attempt: row["attempt"], owner, contents)
            }
            let due = try Int64.fetchOne(db, sql: "SELECT min(due_us) FROM queue_callbacks")
            return (claims, due.map { .microseconds(max(0, $0 - now)) })
        }
    }

    /// Ends a delivery.
    ///
    /// - Throws: ``StoreError``.
    @discardableResult
    package func settle(_ claim: CallbackClaim, _ ending: CallbackEnding) async throws(StoreError) -> Bool {
        let clock = clock
        return try await endings.perform(in: self) { db in
            try QueueCallbacks.settle(db, claim, ending, now: clock().microseconds)
        }
    }
}

/// Rows of queue_callbacks, within a transaction.
enum QueueCallbacks {
    static func claim(
        _ db: Database,
        call: Int64,
        attempt: Int,
        _ owner: String,
        _ contents: QueueFiles
    ) throws -> CallbackClaim? {
        let sql = "SELECT \(QueueRow.columns) FROM queue_calls WHERE sequence = ?"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [call]) else { return nil }
        let queued = try QueueRow.decode(row)
        guard let url = queued.callbackURL else { return nil }
        return CallbackClaim(
            owner: owner,
            attempt: attempt,
            url: url,
            call: queued,
            output: try QueueContentRow.fetch(db, .outputs, call: call, contents)
        )
    }

    static func settle(_ db: Database, _ claim: CallbackClaim, _ ending: CallbackEnding, now: Int64) throws
        -> Bool
    {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT call FROM queue_callbacks
                WHERE call = (SELECT sequence FROM queue_calls WHERE id = ?) AND owner = ? AND attempt = ?
                """,
            arguments: [claim.call.id, claim.owner, claim.attempt]
        )
        guard let row else { return false }
        let call = row["call"] as Int64
        switch ending {
        case .delivered: try end(db, call, .delivered, reason: nil)
        case .failed(let reason): try end(db, call, .failed, reason: reason)
        case .retry(let wait, let reason):
            try again(db, call, due: now + wait.microseconds, uncounted: 0)
            try note(db, call, .pending, reason: reason)
        case .released: try again(db, call, due: now, uncounted: 1)
        }
        return true
    }

    private static func again(_ db: Database, _ call: Int64, due: Int64, uncounted: Int) throws {
        try db.execute(
            sql: """
                UPDATE queue_callbacks SET owner = NULL, lease_until_us = NULL, due_us = ?, attempt = attempt - ?
                WHERE call = ?
                """,
            arguments: [due, uncounted, call]
        )
    }

    private static func end(_ db: Database, _ call: Int64, _ state: CallbackState, reason: String?) throws {
        try db.execute(sql: "DELETE FROM queue_callbacks WHERE call = ?", arguments: [call])
        try note(db, call, state, reason: reason)
    }

    private static func note(_ db: Database, _ call: Int64, _ state: CallbackState, reason: String?) throws {
        try db.execute(
            sql: "UPDATE queue_calls SET callback_state = ?, callback_reason = ? WHERE sequence = ?",
            arguments: [state.rawValue, reason, call]
        )
    }
}
