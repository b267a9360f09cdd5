// SPDX-License-Identifier: Apache-2.0
// What the pools need of the Sandbox room, as protocols, so that tests put fakes in its place.

import Sandbox

/// Makes slots.
protocol SlotMaking: Sendable {
    /// With `sharesEmptyNetwork` the slot needs less memory while it is idle, and its first call takes longer.
    func slot(_ plan: SandboxPlan, sharesEmptyNetwork: Bool) async throws(SandboxError) -> any SlotHandle
}

extension Spawner: SlotMaking {
    func slot(_ plan: SandboxPlan, sharesEmptyNetwork: Bool) async throws(SandboxError) -> any SlotHandle {
        try await makeSlot(plan, sharesEmptyNetwork: sharesEmptyNetwork, preparesNext: true)
    }
}
