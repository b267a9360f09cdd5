// SPDX-License-Identifier: Apache-2.0
// What the pools need of the Sandbox room, as protocols, so that tests put fakes in its place.

import NIOCore
import Sandbox

/// Makes slots.
protocol SlotMaking: Sendable {
    /// With `isResting` one that costs less while it stands ready, and more at its first call.
    func slot(_ plan: SandboxPlan, isResting: Bool) async throws(SandboxError) -> any SlotHandle
}

/// One slot.
protocol SlotHandle: Sendable {
    /// Makes a sandbox and calls `then` once, on a thread that must not be blocked; does not block itself.
    func sandbox(then: @escaping @Sendable (Result<any SandboxHandle, SandboxError>) -> Void)
    func retire()
}

/// One container for one invocation; ``WarmSandbox`` tells the order of calls.
protocol SandboxHandle: Sendable {
    func release(
        _ command: SandboxCommand,
        isFollowed: Bool,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError)
    func write(_ bytes: ByteBuffer) async -> Bool
    func closeInput()
    func collect(upTo limit: Int) async -> WarmSandbox.Collected
    func nextOutput() async -> ByteBuffer?
    func exit() async -> ExitReport
    func signal(_ number: Int32)
    func kill()
    /// Calls `action` once when it ends without having been released, with the reason; at once when it has already.
    func whenUnused(_ action: @escaping @Sendable (String) -> Void)
}

extension Spawner: SlotMaking {
    func slot(_ plan: SandboxPlan, isResting: Bool) async throws(SandboxError) -> any SlotHandle {
        try await makeSlot(plan, isResting: isResting, isFollowed: true)
    }
}

extension Slot: SlotHandle {
    func sandbox(then: @escaping @Sendable (Result<any SandboxHandle, SandboxError>) -> Void) {
        makeSandbox { then($0.map { $0 }) }
    }
}

extension WarmSandbox: SandboxHandle {}
