// SPDX-License-Identifier: Apache-2.0
// Which of an event loop's streams may send its next piece: decisions without IO. StreamTurns drives it.

/// One turn at a time, with a pause after each, first come first served.
struct StreamTurnState: ~Copyable {
    /// The place of a stream among those that wait.
    typealias Ticket = Int

    private var newest: Ticket = 0
    private var lastResumed: Ticket = 0
    private var isTaken = false

    enum Asked: Hashable {
        /// The turn is the caller's now; a pause follows it.
        case go
        /// The caller is resumed when ``pauseEnded()`` returns this ticket.
        case wait(Ticket)
    }

    /// A stream has a piece to send.
    mutating func asked() -> Asked {
        guard isTaken else {
            isTaken = true
            return .go
        }
        newest += 1
        return .wait(newest)
    }

    /// The pause after a turn is over.
    ///
    /// - Returns: the stream whose turn is next; nil when none waits.
    mutating func pauseEnded() -> Ticket? {
        guard lastResumed < newest else {
            isTaken = false
            return nil
        }
        lastResumed += 1
        return lastResumed
    }
}
