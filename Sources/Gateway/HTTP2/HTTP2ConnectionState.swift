// SPDX-License-Identifier: Apache-2.0
// When an HTTP/2 connection ends: decisions without IO. HTTP2ConnectionHandler drives it.

/// The streams of one connection, and its end.
///
/// Pure: no channel, no clock.
struct HTTP2ConnectionState: ~Copyable {
    /// What to do about an event.
    enum Action: Hashable {
        case none
        /// The connection has no stream any more.
        case isIdle
        /// It has one again.
        case isBusy
        /// Tell the client to open no more streams.
        case goAway
        /// Say so, and close as soon as that and everything before it is sent.
        case end
    }

    private var openCount = 0
    private var isEnding = false
    private var hasEnded = false

    mutating func streamOpened() -> Action {
        openCount += 1
        return openCount == 1 ? .isBusy : .none
    }

    mutating func streamClosed() -> Action {
        openCount -= 1
        guard openCount == 0 else { return .none }
        return isEnding ? end() : .isIdle
    }

    /// The connection was idle for too long, or makes room for another, or the gateway stops.
    mutating func stops() -> Action {
        guard !isEnding else { return .none }
        isEnding = true
        return openCount == 0 ? end() : .goAway
    }

    private mutating func end() -> Action {
        guard !hasEnded else { return .none }
        hasEnded = true
        return .end
    }
}
