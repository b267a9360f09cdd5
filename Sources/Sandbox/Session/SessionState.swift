// SPDX-License-Identifier: Apache-2.0
// How one running container is ended, as a pure state machine. ContainerSession drives it.

/// Why Mayfly itself ended a container.
package enum StopCause: Hashable, Sendable {
    /// It ran for longer than its time limit.
    case timeout
    /// Its caller went away, an operator stopped it, or the gateway shut down.
    case cancelled
    /// It wrote more than its limit.
    case outputLimit
    /// Its input is larger than its limit.
    case inputLimit
    /// Its input breaks the protocol that it came by.
    case inputMalformed
    /// Its input did not come in time.
    case inputStalled
    /// Its output breaks a rule of its contract.
    case outputMalformed
    /// Its answer is complete: a server that was started ahead serves no other request.
    case answered
    /// The host's disk is nearly full.
    case hostDiskFull

    /// Whether the container gets its stop signal and a grace before SIGKILL.
    var hasGrace: Bool { self == .timeout || self == .cancelled }
}

/// Stop signal, grace and SIGKILL of one container.
struct SessionState: ~Copyable {
    enum Phase: Hashable, Sendable {
        case running
        /// The stop signal was sent; SIGKILL follows when the grace is over.
        case stopping(StopCause)
        case killed(StopCause)
        case ended
    }

    private(set) var phase = Phase.running
    private var endCause: StopCause?

    enum StopAction: Hashable, Sendable {
        /// Send the stop signal, and report the end of the grace.
        case signalThenWait
        case kill
        case none
    }

    /// A user of the container, or the clock, asks for its end.
    ///
    /// The first cause counts.
    mutating func stopRequested(_ cause: StopCause) -> StopAction {
        guard case .running = phase else { return .none }
        guard cause.hasGrace else {
            phase = .killed(cause)
            return .kill
        }
        phase = .stopping(cause)
        return .signalThenWait
    }

    /// The grace after the stop signal is over.
    mutating func graceEnded() -> StopAction {
        guard case .stopping(let cause) = phase else { return .none }
        phase = .killed(cause)
        return .kill
    }

    /// It must end now (`faasctl kill`, the gateway's shutdown).
    mutating func killRequested(_ cause: StopCause) -> StopAction {
        switch phase {
        case .running: phase = .killed(cause)
        case .stopping(let first): phase = .killed(first)
        case .killed, .ended: return .none
        }
        return .kill
    }

    /// Whether nothing has been done to end it: then its command may run again, should it not have started.
    var isUndisturbed: Bool { phase == .running }

    /// Its work is done and its program shall run on, for another session.
    ///
    /// - Returns: whether it does; false when something was done to end it.
    mutating func handedOn() -> Bool {
        guard case .running = phase else { return false }
        phase = .ended
        return true
    }

    /// PID 1 is gone.
    ///
    /// - Returns: why Mayfly ended it, also at a second call; nil when it did not.
    mutating func ended() -> StopCause? {
        switch phase {
        case .stopping(let cause), .killed(let cause): endCause = cause
        case .running, .ended: break
        }
        phase = .ended
        return endCause
    }
}
