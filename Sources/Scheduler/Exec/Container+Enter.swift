// SPDX-License-Identifier: Apache-2.0
// A container that stays, as the target of a process that enters it or of a copy. RunningDirectory asks.

import FunctionModel
import FunctionStore
import ImageStore
import Sandbox
import Synchronization

extension Container {
    /// What a process that enters its present run has to know.
    ///
    /// - Parameter session: of that run.
    /// - Returns: the target; while it is paused the reason why there is none.
    func target(_ session: ContainerSession) -> ExecTarget.Found {
        let (environment, status) = storage.withLock { ($0.environment, $0.status) }
        // Its slot reads no order while it is stopped.
        guard status != .paused else {
            return .notRunning("container \(name) is paused; unpause it first")
        }
        return .one(ExecTarget(session: session, environment: environment))
    }

    /// Its files while it does not run: a sandbox with its root, in which nothing is executed.
    ///
    /// - Returns: the files, whose ``ContainerFiles/end()`` the caller owes.
    /// - Throws: ``ContainerError/conflict(_:)`` when it runs or another copy is under way.
    func restingFiles() async throws(ContainerError) -> ContainerFiles {
        switch storage.withLock({ $0.life.copyRequested() }) {
        case .begin: break
        case .isActive: throw .conflict("container \(name) is being started or stopped; try again")
        case .isCopying: throw .conflict("files of container \(name) are being copied already; try again")
        case .isRemoved: throw .unknown(id)
        }
        do throws(ContainerError) {
            guard keepsLayer || definition.request.readOnlyRoot else {
                throw .conflict("container \(name) has files only while it runs (--rm)")
            }
            let hold = rooms.images.hold()
            let plan = try await plan(definition)
            guard let spawner = rooms.spawner() else {
                throw .unavailable("the spawner is being restarted")
            }
            return ContainerFiles(try await resting(plan, spawner), hold: hold) { [weak self] in
                self?.endCopy()
            }
        } catch {
            endCopy()
            throw error
        }
    }

    private func resting(_ plan: ContainerPlan, _ spawner: Spawner) async throws(ContainerError)
        -> ContainerSession
    {
        do throws(SandboxError) {
            return try await ContainerSession.make(
                plan.sandbox,
                by: spawner,
                policy: .killAtOnce,
                timer: rooms.timer
            )
        } catch {
            throw .notStarted(error.description)
        }
    }

    func endCopy() {
        storage.withLock { $0.life.copyEnded() }
        notifyWaiters(hasEnded: false)
    }
}
