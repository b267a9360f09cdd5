// SPDX-License-Identifier: Apache-2.0
// The phase of a slot between orders and answers: decisions without IO. Slot drives it.

/// One slot, seen from the gateway.
///
/// `Sandbox` is a parameter so that tests need no processes.
struct SlotState<Sandbox: Sendable>: ~Copyable {
    enum Phase {
        /// MAKE_SLOT is sent.
        case building
        case empty
        /// A sandbox is being made: MAKE_SANDBOX is sent, or the slot makes it without a request.
        case making(isAsked: Bool)
        /// The result of making a sandbox that was not requested yet.
        case made(Result<Sandbox, SandboxError>)
        /// A sandbox is warm, runs, or is being set up and may be released already.
        case occupied(Sandbox)
        case gone(SandboxError)
    }

    private(set) var phase = Phase.building

    enum Order {
        case send
        /// On its way already.
        case wait
        /// Here already.
        case take(Result<Sandbox, SandboxError>)
        case refuse(SandboxError)
    }

    mutating func makeRequested() -> Order {
        switch phase {
        case .empty:
            phase = .making(isAsked: true)
            return .send
        case .making(isAsked: false):
            phase = .making(isAsked: true)
            return .wait
        case .made(let result):
            phase = if case .success(let sandbox) = result { .occupied(sandbox) } else { .empty }
            return .take(result)
        case .gone(let error): return .refuse(error)
        case .building, .making, .occupied: return .refuse(.unsupported("two sandboxes in one slot"))
        }
    }

    /// The slot process reports that its set-up is complete.
    ///
    /// - Parameter preparesNext: the slot makes its first sandbox without a request.
    /// - Returns: false without a waiter.
    mutating func built(preparesNext: Bool) -> Bool {
        guard case .building = phase else { return false }
        phase = preparesNext ? .making(isAsked: false) : .empty
        return true
    }

    /// A sandbox may be released.
    ///
    /// - Returns: false without a waiter: not yet requested, or none was being made.
    mutating func sandboxReady(_ sandbox: Sandbox) -> Bool {
        guard case .making(let isAsked) = phase else { return false }
        phase = isAsked ? .occupied(sandbox) : .made(.success(sandbox))
        return isAsked
    }

    /// The waiters to notify when a sandbox could not be made.
    enum Failed {
        /// The caller that waits for it.
        case awaited
        /// The next caller, if any.
        case kept
        /// The caller that holds it already, and may have released it: the slot process ends with it.
        case handedOut
    }

    mutating func sandboxFailed(_ error: SandboxError) -> Failed {
        switch phase {
        case .making(let isAsked):
            phase = isAsked ? .empty : .made(.failure(error))
            return isAsked ? .awaited : .kept
        case .made(.success), .occupied: return .handedOut
        case .building, .empty, .made(.failure), .gone: return .kept
        }
    }

    /// The slot process has reaped a sandbox.
    ///
    /// - Parameter preparesNext: the slot makes the next one without a request; ``sandboxReady(_:)`` follows.
    /// - Returns: the one that ended, nil when there was none.
    mutating func sandboxExited(preparesNext: Bool) -> Sandbox? {
        let sandbox: Sandbox
        switch phase {
        case .occupied(let ended), .made(.success(let ended)): sandbox = ended
        case .building, .empty, .making, .made(.failure), .gone: return nil
        }
        phase = preparesNext ? .making(isAsked: false) : .empty
        return sandbox
    }

    enum Loss {
        case none
        case waiting
        case running(Sandbox)
    }

    /// The slot process ended or is being retired; of several reasons the first one stays.
    mutating func lost(_ error: SandboxError) -> Loss {
        let loss: Loss
        switch phase {
        case .building, .making(isAsked: true): loss = .waiting
        case .occupied(let sandbox): loss = .running(sandbox)
        case .empty, .making(isAsked: false), .made: loss = .none
        case .gone: return .none
        }
        phase = .gone(error)
        return loss
    }
}
