// SPDX-License-Identifier: Apache-2.0
// Which writes share the next transaction, without clock or IO. GroupCommit drives it under its lock.

/// Collects writes while a transaction is under way; the next one takes them all.
struct GroupCommitState<Job>: ~Copyable {
    /// Writes in one transaction: at ~40 µs each the others wait 10 ms for the longest.
    static var batchMax: Int { 256 }

    private var waiting: [Job] = []
    private var isCommitting = false

    enum AddResult: Hashable {
        /// Nothing is under way: commit what ``next()`` gives, until it gives nothing.
        case begin
        /// The committing caller will find it.
        case wait
    }

    /// A write arrives.
    mutating func add(_ job: Job) -> AddResult {
        waiting.append(job)
        guard !isCommitting else { return .wait }
        isCommitting = true
        return .begin
    }

    /// The writes of the next transaction, in the order of their arrival; nil ends the committing.
    mutating func next() -> [Job]? {
        guard !waiting.isEmpty else {
            isCommitting = false
            return nil
        }
        let batch = Array(waiting.prefix(Self.batchMax))
        waiting.removeFirst(batch.count)
        return batch
    }
}
