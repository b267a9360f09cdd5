// SPDX-License-Identifier: Apache-2.0
// Lets a few through at once; the others wait for their turn. PortDialler, NetworkMember and commits use it.

import Synchronization

/// A semaphore without threads, first come, first served.
///
/// Its users bound how many can wait.
final class TurnQueue: Sendable {
    private struct Storage {
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let countMax: Int
    private let state = Mutex(Storage())

    /// - Parameter countMax: turns at once.
    init(_ countMax: Int) { self.countMax = countMax }

    /// Suspends until it is the caller's turn; ``end()`` follows.
    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { [countMax] state in
                guard state.count < countMax else {
                    state.waiting.append(continuation)
                    return false
                }
                state.count += 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    /// Its turn is that of the one who has waited longest.
    func end() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.count -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
