// SPDX-License-Identifier: Apache-2.0
// Runs actions at their deadline with one sleeping task for all of them. Containers and pools share one.

import Synchronization

/// One task that sleeps until the earliest deadline, however many there are.
package final class DeadlineTimer: Sendable {
    /// What happens at a deadline; must not block.
    package typealias Action = @Sendable () -> Void

    private struct Storage {
        var state: DeadlineState<Action>
        var sleeper: Task<Void, Never>?
        var isStopped = false
    }

    private let storage: Mutex<Storage>

    package init() { storage = Mutex(Storage(state: DeadlineState(epoch: .now))) }

    /// Calls `action` once at the deadline, on the cooperative pool; it must not block.
    ///
    /// - Returns: its number, for ``cancel(_:)``.
    package func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping Action) -> DeadlineNumber
    {
        storage.withLock { storage in
            let (number, rearm) = storage.state.added(deadline, action)
            if let rearm { sleep(until: rearm, &storage) }
            return number
        }
    }

    /// Forgets a deadline; no effect when it has fired.
    package func cancel(_ number: DeadlineNumber) { storage.withLock { $0.state.cancelled(number) } }

    /// Nothing fires any more.
    package func stop() {
        storage.withLock { storage in
            storage.isStopped = true
            storage.sleeper?.cancel()
            storage.sleeper = nil
        }
    }

    private func sleep(until instant: ContinuousClock.Instant, _ storage: inout Storage) {
        storage.sleeper?.cancel()
        guard !storage.isStopped else { return }
        storage.sleeper = Task { [weak self] in
            do { try await ContinuousClock().sleep(until: instant) } catch { return }
            self?.wake()
        }
    }

    private func wake() {
        let due = storage.withLock { storage -> [Action] in
            let (due, next) = storage.state.woke(at: .now)
            if let next { sleep(until: next, &storage) }
            return due
        }
        for action in due { action() }
    }
}
