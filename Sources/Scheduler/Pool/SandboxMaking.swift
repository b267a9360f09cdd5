// SPDX-License-Identifier: Apache-2.0
// What the pools need of the Sandbox room, as protocols, so that tests put fakes in its place.

import Sandbox

/// Makes slots.
protocol SlotMaking: Sendable {
    /// With `sharesEmptyNetwork` the slot needs less memory while it is idle, and its first call takes longer.
    func slot(_ plan: SandboxPlan, sharesEmptyNetwork: Bool) async throws(SandboxError) -> any SlotHandle

    /// A slot whose sandboxes are copies of a process that executes this program.
    func slot(_ plan: SandboxPlan, template: ProgramSettings) async throws(SandboxError) -> any SlotHandle
}

extension Spawner: SlotMaking {
    func slot(_ plan: SandboxPlan, sharesEmptyNetwork: Bool) async throws(SandboxError) -> any SlotHandle {
        try await makeSlot(plan, sharesEmptyNetwork: sharesEmptyNetwork, preparesNext: true)
    }

    func slot(_ plan: SandboxPlan, template: ProgramSettings) async throws(SandboxError) -> any SlotHandle {
        let slot = try await makeSlot(plan, copiesTemplate: true)
        do throws(SandboxError) {
            try await slot.makeTemplate(template.command, intake: template.templateIntake)
        } catch {
            slot.retire()
            throw error
        }
        return slot
    }
}
