// SPDX-License-Identifier: Apache-2.0
// Callers that wait for a sandbox, first come first served. Part of PoolState.

/// A queue with removal from the middle in constant time.
///
/// All entries wait equally long, so the first one's deadline is the earliest.
struct WaiterQueue: Sendable {
    private struct Entry {
        var waiter: WaiterNumber
        var deadline: ContinuousClock.Instant
    }

    /// In order of arrival; entries whose waiter has left stay until they reach the head.
    private var entries: [Entry] = []
    private var head = 0
    private var waiting: Set<WaiterNumber> = []

    /// Below this many dead entries, moving the rest costs more than it frees.
    private static let compactionMin = 32

    var count: Int { waiting.count }
    /// Entries in memory, including those of cancelled waiters.
    var storedCount: Int { entries.count }
    var isEmpty: Bool { waiting.isEmpty }

    /// When the first waiter gives up; nil without waiters.
    var firstDeadline: ContinuousClock.Instant? { head < entries.count ? entries[head].deadline : nil }

    mutating func append(_ waiter: WaiterNumber, deadline: ContinuousClock.Instant) {
        entries.append(Entry(waiter: waiter, deadline: deadline))
        waiting.insert(waiter)
    }

    mutating func popFirst() -> WaiterNumber? {
        guard head < entries.count else { return nil }
        let waiter = entries[head].waiter
        waiting.remove(waiter)
        skipLeft()
        return waiter
    }

    /// Takes a waiter out; false when it is not here any more.
    mutating func remove(_ waiter: WaiterNumber) -> Bool {
        guard waiting.remove(waiter) != nil else { return false }
        skipLeft()
        return true
    }

    /// Keeps `entries[head]` a waiter that is still here, and the array at most twice the queue.
    private mutating func skipLeft() {
        while head < entries.count, !waiting.contains(entries[head].waiter) { head += 1 }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if entries.count - waiting.count > max(Self.compactionMin, waiting.count) {
            entries = entries[head...].filter { waiting.contains($0.waiter) }
            head = 0
        }
    }
}
