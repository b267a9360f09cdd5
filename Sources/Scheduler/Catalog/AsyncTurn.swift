// SPDX-License-Identifier: Apache-2.0
// One change at a time, across suspensions. Catalog's deploys take turns with it.

import Synchronization

/// A fair lock for slow work that suspends.
final class AsyncTurn: Sendable {
    private struct Storage {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let storage = Mutex(Storage())

    /// Runs `body` when all earlier callers are done.
    func take<Value, Failure: Error>(_ body: () async throws(Failure) -> Value) async throws(Failure) -> Value
    {
        await withCheckedContinuation { continuation in
            let isFree = storage.withLock { storage in
                if storage.isTaken {
                    storage.waiting.append(continuation)
                    return false
                }
                storage.isTaken = true
                return true
            }
            if isFree { continuation.resume() }
        }
        defer { pass() }
        return try await body()
    }

    private func pass() {
        let next = storage.withLock { storage -> CheckedContinuation<Void, Never>? in
            guard !storage.waiting.isEmpty else {
                storage.isTaken = false
                return nil
            }
            return storage.waiting.removeFirst()
        }
        next?.resume()
    }
}
