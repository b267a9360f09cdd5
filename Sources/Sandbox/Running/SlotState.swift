// SPDX-License-Identifier: Apache-2.0
// Where a slot stands between orders and answers: decisions without IO. Slot drives it.

/// One slot, seen from the gateway.
///
/// `Sandbox` is a parameter so that tests need no processes.
struct SlotState<Sandbox: Sendable>: ~Copyable {
    enum Phase {
        /// MAKE_SLOT is sent.
        case building
        case empty
        /// MAKE_SANDBOX is sent.
        case making
        /// A sandbox stands or runs.
        case occupied(Sandbox)
        case gone(SandboxError)
    }

    private(set) var phase = Phase.building

    enum Order {
        case send
        case refuse(SandboxError)
    }

    mutating func makeRequested() -> Order {
        switch phase {
        case .empty:
            phase = .making
            return .send
        case .gone(let error): return .refuse(error)
        case .building, .making, .occupied: return .refuse(.unsupported("two sandboxes in one slot"))
        }
    }

    /// The slot process answers that it stands.
    ///
    /// Returns false when nobody waits for that.
    mutating func built() -> Bool {
        guard case .building = phase else { return false }
        phase = .empty
        return true
    }

    /// Returns false when no sandbox was ordered.
    mutating func sandboxReady(_ sandbox: Sandbox) -> Bool {
        guard case .making = phase else { return false }
        phase = .occupied(sandbox)
        return true
    }

    /// Returns false when no sandbox was ordered.
    mutating func sandboxFailed() -> Bool {
        guard case .making = phase else { return false }
        phase = .empty
        return true
    }

    /// The sandbox that ended, nil when there was none.
    mutating func sandboxExited() -> Sandbox? {
        guard case .occupied(let sandbox) = phase else { return nil }
        phase = .empty
        return sandbox
    }

    enum Loss {
        case none
        case waiting
        case running(Sandbox)
    }

    /// The slot process ended or is being retired.
    mutating func lost(_ error: SandboxError) -> Loss {
        defer { phase = .gone(error) }
        switch phase {
        case .building, .making: return .waiting
        case .occupied(let sandbox): return .running(sandbox)
        case .empty, .gone: return .none
        }
    }
}
