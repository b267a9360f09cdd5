// SPDX-License-Identifier: Apache-2.0
// Pause and unpause: all processes of a container stop where they are, and go on.

import Logging
import Sandbox
import Synchronization

extension Container {
    /// Stops its processes where they are.
    ///
    /// - Throws: ``ContainerError``.
    package func pause() async throws(ContainerError) {
        await networkChanges.take()
        defer { networkChanges.end() }
        let (decision, session) = storage.withLock {
            storage -> (ContainerLifeState.Freeze, ContainerSession?) in
            let decision = storage.life.pauseRequested()
            // Another pause is under way.
            if decision == .change, storage.mayBeFrozen { return (.isSoAlready, storage.session) }
            if decision == .change { storage.mayBeFrozen = true }
            return (decision, storage.session)
        }
        switch decision {
        case .isSoAlready: throw .conflict("Container \(id) is already paused")
        case .isNotRunning: throw .conflict("Container \(id) is not running")
        case .change: break
        }
        do throws(SandboxError) { try await session?.freeze(true) } catch {
            await thaw()
            throw .conflict("Container \(id) cannot be paused: \(error.description)")
        }
        storage.withLock { storage in
            // A thaw that came meanwhile was refused, and has cleared this.
            storage.mayBeFrozen = storage.session != nil
            storage.life.frozen()
        }
        // Its end may have been asked for meanwhile, by someone who saw it run.
        if isStopping { await thaw() }
        rooms.events.tell(.pause, definition)
        await persist()
    }

    /// Lets its processes go on.
    ///
    /// - Throws: ``ContainerError``.
    package func unpause() async throws(ContainerError) {
        switch storage.withLock({ $0.life.resumeRequested() }) {
        case .isSoAlready: throw .conflict("Container \(id) is not paused")
        case .isNotRunning: throw .conflict("Container \(id) is not running")
        case .change: break
        }
        await thaw()
        await rooms.networks.settle(id)
        rooms.events.tell(.unpause, definition)
        await persist()
    }

    /// Lets its processes go on, where they may be stopped: a stopped process receives no signal.
    func thaw() async {
        let session = storage.withLock { storage in storage.mayBeFrozen ? storage.session : nil }
        guard let session else { return }
        do throws(SandboxError) { try await session.freeze(false) } catch {
            rooms.logger.warning(
                "a container cannot be continued",
                metadata: ["container": "\(id)", "reason": "\(error)"]
            )
        }
        storage.withLock { storage in
            storage.mayBeFrozen = false
            storage.life.thawed()
        }
    }
}
