// SPDX-License-Identifier: Apache-2.0
// Which of an event loop's streams may send its next piece: decisions without IO. StreamTurns drives it.

import NIOCore

/// One turn at a time, with a pause after each, first come first served.
struct StreamTurnState<Waiter>: ~Copyable {
    private var waiting = CircularBuffer<Waiter>()
    private var isTaken = false

    enum Asked: Hashable {
        /// The turn is the caller's now; a pause follows it.
        case go
        /// The caller is resumed by a later ``pauseEnded()``.
        case wait
    }

    /// A stream has a piece to send.
    mutating func asked(_ waiter: Waiter) -> Asked {
        guard isTaken else {
            isTaken = true
            return .go
        }
        waiting.append(waiter)
        return .wait
    }

    /// The pause after a turn is over.
    ///
    /// - Returns: the waiter whose turn is next; nil without waiters.
    mutating func pauseEnded() -> Waiter? {
        let next = waiting.popFirst()
        isTaken = next != nil
        return next
    }
}
