// SPDX-License-Identifier: Apache-2.0
// When one of two joined connections is closed, and how far: decisions without IO. StreamRelay drives it.

/// One side of a pair of connections: what it is sent comes from the other side.
struct RelayState: Hashable {
    enum Action: Hashable {
        case none
        /// Send nothing more; it may still send.
        case closeOutput
        case close
    }

    private enum Other: Hashable {
        case open
        /// It sends nothing more, and still takes what it is sent.
        case ended
        /// It is closed.
        case gone
    }

    private var pendingWrites = 0
    private var other = Other.open
    /// This side sends nothing more.
    private var isInputEnded = false
    private var isOutputClosed = false

    /// Something that the other side sent is being written.
    mutating func writing() { pendingWrites += 1 }

    /// It was written, or cannot be.
    mutating func written(isComplete: Bool) -> Action {
        pendingWrites -= 1
        return isComplete ? next() : .close
    }

    /// The other side sends nothing more: what it has sent is delivered first.
    mutating func otherEnded() -> Action {
        if other == .open { other = .ended }
        return next()
    }

    /// The other side is closed: what it has sent is delivered first.
    mutating func otherGone() -> Action {
        other = .gone
        return next()
    }

    /// This side sends nothing more.
    mutating func inputEnded() -> Action {
        isInputEnded = true
        return isOutputClosed ? .close : .none
    }

    private mutating func next() -> Action {
        guard pendingWrites == 0 else { return .none }
        switch other {
        case .open: return .none
        case .gone: return .close
        case .ended:
            guard !isOutputClosed else { return .none }
            isOutputClosed = true
            return isInputEnded ? .close : .closeOutput
        }
    }
}
