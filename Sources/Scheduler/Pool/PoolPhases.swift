// SPDX-License-Identifier: Apache-2.0
// The vocabulary of one pool: phases of its slots, its times. PoolState uses them.

extension PoolState {
    enum Phase: Hashable, Sendable {
        /// The spawner makes the slot.
        case launching
        /// The slot makes its next sandbox.
        case making
        /// The program of its sandbox runs, and is not ready to serve yet.
        case starting
        /// The slot has no sandbox, and makes none.
        case empty
        /// A sandbox is warm, or its set-up is nearly complete: it may be leased.
        case warm
        /// A sandbox serves an invocation.
        case leased
    }

    struct Idle: Hashable, Sendable {
        var slot: SlotNumber
        var since: Instant
    }

    /// An idle slot above the floor is given back after this time.
    ///
    /// One within the floor is replaced by a slot that
    /// shares the empty network, because a warm sandbox with a network of its own costs up to half a megabyte.
    static let idleAfter = Duration.seconds(60)
    /// About the time that a slot needs to set up its next sandbox, on an idle machine: a call that is
    /// given one earlier waits for the rest, which costs nothing where there is no better one.
    static let setUpTime = Duration.microseconds(400)
    /// While a function is called, two stay ready: one to use and one while that one is refilled.
    static let activeFloor = 2
    /// A program that was started ahead is replaced after so long without a call: what it has read at its start
    /// (names, certificates, tokens, connections) is not older.
    static let waitMax = Duration.seconds(900)
}
