// SPDX-License-Identifier: Apache-2.0
// Writes of many callers in few transactions: each costs a sync of the disk, and all of a transaction share it.

import GRDB
import Synchronization

/// Puts concurrent writes of one kind into common transactions.
///
/// A lone write is committed at once: nothing waits for company. A write that fails fails its whole transaction, so
/// bodies report what is no fault of the database by their value.
final class GroupCommit: Sendable {
    private struct Job: Sendable {
        var run: @Sendable (Database) throws -> Void
        var done: @Sendable (StoreError?) -> Void
    }

    private struct Shared: ~Copyable {
        var state = GroupCommitState<Job>()
    }

    private let durability: SQLiteStore.Durability
    private let need: SQLiteStore.Need
    private let shared = Mutex(Shared())

    init(_ durability: SQLiteStore.Durability, _ need: SQLiteStore.Need) {
        self.durability = durability
        self.need = need
    }

    /// Runs one write in the next transaction; it is as durable as asked when this returns.
    ///
    /// - Throws: ``StoreError``; nothing of the transaction is written then.
    func perform<Value: Sendable>(
        in store: SQLiteStore,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let box = Box<Value>()
        let error: StoreError? = await withCheckedContinuation { continuation in
            let job = Job(
                run: { db in
                    let value = try body(db)
                    box.value.withLock { $0 = value }
                },
                done: { continuation.resume(returning: $0) }
            )
            guard shared.withLock({ $0.state.add(job) }) == .begin else { return }
            Task { await commitAll(in: store) }
        }
        if let error { throw error }
        guard let value = box.value.withLock({ $0 }) else {
            throw .failed(reason: "the transaction returned no result")
        }
        return value
    }

    /// A place for a result that a closure can reach.
    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private func commitAll(in store: SQLiteStore) async {
        while let batch = shared.withLock({ $0.state.next() }) {
            do throws(StoreError) {
                try await store.write(durability, need) { db in for job in batch { try job.run(db) } }
                for job in batch { job.done(nil) }
            } catch {
                for job in batch { job.done(error) }
            }
        }
    }
}
