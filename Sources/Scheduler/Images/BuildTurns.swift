// SPDX-License-Identifier: Apache-2.0
// Bounds the builds that run at once. Gateway takes a turn for each build.

import Synchronization

/// How many builds may run at once.
package final class BuildTurns: Sendable {
    /// Builds take cores and disk from functions; the caller of a further one has to come back.
    package static let countMax = 4
    private let running = Mutex(0)

    package init() {}

    /// One build's turn; gives it back once, at the latest when its last reference goes.
    package final class Turn: Sendable {
        private let turns: BuildTurns
        private let isHeld = Atomic<Bool>(true)

        init(_ turns: BuildTurns) { self.turns = turns }

        deinit { giveBack() }

        /// Lets another build begin.
        ///
        /// Idempotent.
        package func giveBack() {
            guard isHeld.exchange(false, ordering: .relaxed) else { return }
            turns.running.withLock { $0 -= 1 }
        }
    }

    /// A turn; nil when ``countMax`` builds are running.
    ///
    /// Does not block.
    package func take() -> Turn? {
        let isFree = running.withLock { count in
            guard count < Self.countMax else { return false }
            count += 1
            return true
        }
        return isFree ? Turn(self) : nil
    }
}
