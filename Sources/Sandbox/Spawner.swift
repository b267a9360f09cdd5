// SPDX-License-Identifier: Apache-2.0
// The door to the privileged helper: makes slots.

package import Logging

/// The gateway's end of the spawner process.
package final class Spawner: Sendable {
    /// Starts the helper and waits until it has probed the host (bounded by 10 s; blocks the calling thread).
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA; only `DATA/rootfs` is visible to the helper afterwards.
    ///   - logger: told what the host lacks.
    /// - Throws: ``SandboxError`` when the helper cannot start or the host lacks what it needs.
    package init(dataDirectory: String, logger: Logger) throws(SandboxError) {
        throw .unsupported("spawner")
    }

    /// What this host offers and lacks, one line each, as `serve` and `doctor` print them.
    package var findings: [HostFinding] { [] }

    /// Makes a slot for one function; it serves sandboxes of that plan only.
    package func makeSlot(_ plan: SandboxPlan) async throws(SandboxError) -> Slot {
        throw .unsupported("slot")
    }

    /// Calls back once when the helper process has died; every slot is gone then.
    package func onDeath(_ action: @escaping @Sendable () -> Void) {}

    /// Ends the helper and everything below it; returns when nothing is left (bounded by 5 s).
    package func stop() async {}
}

/// One line of what the host offers.
package struct HostFinding: Hashable, Sendable {
    /// How much the lack of it takes away; `fatal` means that no sandbox can be made.
    package enum Level: String, Hashable, Sendable { case ok, missing, fatal }
    package var level: Level
    /// For example `cgroup memory (v1)`.
    package var name: String
    /// What is lost, and what to do; empty when ok.
    package var advice: String

    package init(level: Level, name: String, advice: String) {
        self.level = level
        self.name = name
        self.advice = advice
    }
}
