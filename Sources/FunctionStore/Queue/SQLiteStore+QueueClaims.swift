// SPDX-License-Identifier: Apache-2.0
// Claims of calls, their leases and their ends.

import FoundationEssentials
import FunctionModel
import GRDB

extension SQLiteStore {
    /// Takes calls that are due; see ``QueueRepository``.
    ///
    /// - Throws: ``StoreError``.
    package func claim(_ request: QueueClaimRequest) async throws(StoreError) -> QueueClaims {
        let (clock, contents) = (clock, contents)
        return try await claims.perform(in: self) { db in
            let now = clock().microseconds
            _ = try QueueLeases.expire(db, except: request.owner, endedBefore: now, now: now)
            var claims = QueueClaims()
            var nextDue: Int64?
            // In any order: one function's many calls must not always come before another's few.
            let functions = try String.fetchAll(
                db,
                sql: "SELECT function FROM queue_usage WHERE queued + waiting > 0 ORDER BY random()"
            )
            for function in functions {
                let room = request.room(try FunctionName(function))
                let count = min(room, request.countMax - claims.claims.count)
                guard count > 0 else { continue }
                let found = try QueueLeases.take(db, function, count, request, now: now, contents)
                claims.claims += found
                guard found.count < count, let due = try QueueLeases.firstDue(db, function) else { continue }
                nextDue = min(nextDue ?? due, due)
            }
            claims.nextDue = nextDue.map { .microseconds(max(0, $0 - now)) }
            return claims
        }
    }

    /// Lets all claims and deliveries of an owner last for another lease from now.
    ///
    /// - Throws: ``StoreError``.
    package func extendLeases(of owner: String, by lease: Duration) async throws(StoreError) {
        let clock = clock
        try await claims.perform(in: self) { db in
            let end = clock().microseconds + lease.microseconds
            try db.execute(
                sql: "UPDATE queue_calls SET lease_until_us = ? WHERE state = 'running' AND owner = ?",
                arguments: [end, owner]
            )
            try db.execute(
                sql: "UPDATE queue_callbacks SET lease_until_us = ?, due_us = ? WHERE owner = ?",
                arguments: [end, end, owner]
            )
        }
    }

    /// Ends the leases of all other owners at once; see ``QueueRepository``.
    ///
    /// - Throws: ``StoreError``.
    package func expireLeases(except owner: String) async throws(StoreError) -> [LostQueuedCall] {
        let clock = clock
        return try await endings.perform(in: self) { db in
            let now = clock().microseconds
            try db.execute(
                sql: """
                    UPDATE queue_callbacks SET owner = NULL, lease_until_us = NULL, due_us = ?
                    WHERE owner IS NOT NULL AND owner <> ?
                    """,
                arguments: [now, owner]
            )
            return try QueueLeases.expire(db, except: owner, endedBefore: .max, now: now)
        }
    }

    /// Ends a claim; see ``QueueRepository``.
    ///
    /// - Throws: ``StoreError``.
    package func settle(_ claim: QueueClaim, _ ending: QueueEnding) async throws(StoreError)
        -> QueuedCallState?
    {
        let clock = clock
        let (state, removed) = try await endings.perform(in: self) { db in
            try QueueSettlement.settle(db, claim, ending, now: clock().microseconds)
        }
        contents.remove(removed)
        return state
    }
}

/// Rows of queue_calls under a lease, within a transaction.
enum QueueLeases {
    /// Claims calls of one function that are due, oldest first.
    static func take(
        _ db: Database,
        _ function: String,
        _ count: Int,
        _ request: QueueClaimRequest,
        now: Int64,
        _ contents: QueueFiles
    ) throws -> [QueueClaim] {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE queue_calls SET state = 'running', attempt = attempt + 1, owner = :owner,
                    lease_until_us = :until, started_at_us = :now
                WHERE sequence IN (
                    SELECT sequence FROM queue_calls
                    WHERE function = :function AND \(QueueSchema.isClaimable) AND due_us <= :now
                    ORDER BY due_us, sequence LIMIT :count)
                RETURNING sequence, id, attempt, attempts_used, losses, head, accepted_at_us
                """
        )
        let rows = try Row.fetchAll(
            statement,
            arguments: [
                "owner": request.owner, "until": now + request.lease.microseconds, "now": now,
                "function": function, "count": count,
            ]
        )
        guard !rows.isEmpty else { return [] }
        let name = try FunctionName(function)
        var usage = QueueUsage(function: function)
        // The order of what an UPDATE returns is not said to be that of its subquery.
        let claims = try rows.sorted { ($0["sequence"] as Int64) < $1["sequence"] }.map { row in
            let used = row["attempts_used"] as Int
            usage.move(from: used > 0 ? .waiting : .queued, to: .running)
            return QueueClaim(
                id: row["id"],
                function: name,
                owner: request.owner,
                attempt: row["attempt"],
                attemptsUsed: used,
                losses: row["losses"],
                head: row["head"],
                body: try QueueContentRow.fetch(db, .bodies, call: row["sequence"], contents),
                acceptedAt: Date(microseconds: row["accepted_at_us"])
            )
        }
        try usage.apply(db)
        return claims
    }

    /// When the first of a function's calls may be claimed.
    static func firstDue(_ db: Database, _ function: String) throws -> Int64? {
        let statement = try db.cachedStatement(
            sql: "SELECT min(due_us) FROM queue_calls WHERE function = ? AND \(QueueSchema.isClaimable)"
        )
        return try Int64.fetchOne(statement, arguments: [function])
    }

    /// Queues calls again whose owner is gone; those that were to be cancelled become so.
    static func expire(
        _ db: Database,
        except owner: String,
        endedBefore end: Int64,
        now: Int64
    ) throws -> [LostQueuedCall] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT sequence, id, function, attempts_used, started_at_us, cancel_requested FROM queue_calls
                WHERE state = 'running' AND owner <> ? AND lease_until_us < ?
                """
        )
        return try Row.fetchAll(statement, arguments: [owner, end]).map { row in
            let used = row["attempts_used"] as Int
            let isCancelled = row["cancel_requested"] as Bool
            let next: QueuedCallState = isCancelled ? .cancelled : used > 0 ? .waiting : .queued
            try db.execute(
                sql: """
                    UPDATE queue_calls SET state = ?, losses = losses + 1, owner = NULL, lease_until_us = NULL,
                        due_us = ?, finished_at_us = ? WHERE sequence = ?
                    """,
                arguments: [next.rawValue, now, isCancelled ? now : nil, row["sequence"] as Int64]
            )
            var usage = QueueUsage(function: row["function"])
            usage.move(from: .running, to: next)
            try usage.apply(db)
            return LostQueuedCall(
                id: row["id"],
                function: try QueueRow.name(row),
                startedAt: Date(microseconds: row["started_at_us"] ?? now)
            )
        }
    }
}
