// SPDX-License-Identifier: Apache-2.0
// When an HTTP/2 connection ends: decisions without IO. HTTP2ConnectionHandler drives it.

/// The streams of one connection, and its end.
///
/// Pure: no channel, no clock.
struct HTTP2ConnectionState: ~Copyable {
    /// What to do about an event.
    enum Action: Hashable {
        case none
        /// Measure how long the connection has no stream.
        case startTimer
        case stopTimer
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
        return openCount == 1 ? .stopTimer : .none
    }

    mutating func streamClosed() -> Action {
        openCount -= 1
        guard openCount == 0 else { return .none }
        return isEnding ? end() : .startTimer
    }

    /// No stream was open for as long as a connection may be idle.
    mutating func idleTimeExpired() -> Action { openCount == 0 ? end() : .none }

    /// The gateway stops.
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
