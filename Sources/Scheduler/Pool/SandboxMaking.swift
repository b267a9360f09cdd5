// SPDX-License-Identifier: Apache-2.0
// What the pools need of the Sandbox room, as protocols, so that tests put fakes in its place.

import Sandbox

/// Makes slots.
protocol SlotMaking: Sendable {
    /// With `isResting` one that costs less while it stands ready, and more at its first call.
    func slot(_ plan: SandboxPlan, isResting: Bool) async throws(SandboxError) -> any SlotHandle
}

extension Spawner: SlotMaking {
    func slot(_ plan: SandboxPlan, isResting: Bool) async throws(SandboxError) -> any SlotHandle {
        try await makeSlot(plan, isResting: isResting, preparesNext: true)
    }
}
