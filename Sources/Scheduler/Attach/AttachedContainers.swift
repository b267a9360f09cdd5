// SPDX-License-Identifier: Apache-2.0
// Makes attached containers and keeps the running ones. Engine owns one.

package import FunctionModel
import ImageStore
import OCI
import Sandbox
import Synchronization

/// Containers whose streams are connected to a caller.
package final class AttachedContainers: Sendable {
    /// Attached containers are an administrator's tool: more of them at once are a mistake.
    static let countMax = 32

    private struct State {
        var containers: [String: AttachedContainer] = [:]
        /// Being made.
        var startingCount = 0
        var isEnded = false
    }

    private let images: ImageStore
    private let hostMounts: Bool
    private let timer: DeadlineTimer
    private let spawner: @Sendable () -> Spawner?
    private let state = Mutex(State())

    init(
        images: ImageStore,
        hostMounts: Bool,
        timer: DeadlineTimer,
        spawner: @escaping @Sendable () -> Spawner?
    ) {
        self.timer = timer
        self.images = images
        self.hostMounts = hostMounts
        self.spawner = spawner
    }

    /// Starts a container; its output waits for ``AttachedContainer/next()``.
    ///
    /// - Throws: ``AttachError``; nothing is left then.
    package func start(_ request: ContainerRequest) async throws(AttachError) -> AttachedContainer {
        if !hostMounts, let volume = request.volumes.first {
            let expected = "no volume: this gateway shows containers no folder of its host (--no-host-mounts)"
            throw .invalid(ModelError(field: "volume", value: volume.source, expected: expected))
        }
        let overrides = try AttachedOverrides.make(request)
        try reserve()
        defer { state.withLock { $0.startingCount -= 1 } }
        // No revision says that the image is needed while the container runs.
        let hold = images.hold()
        let (plan, stopSignal) = try await plan(request.image, overrides)
        guard let spawner = spawner() else { throw .unavailable("the spawner is being restarted") }
        do throws(SandboxError) {
            let session = try await ContainerSession.make(
                plan.sandbox,
                by: spawner,
                policy: .killAtOnce,
                timer: timer
            )
            return try attach(request, plan.command, stopSignal, session, hold)
        } catch {
            throw .notStarted(error.description)
        }
    }

    /// Every running one.
    var all: [AttachedContainer] { state.withLock { Array($0.containers.values) } }

    /// A running one by its id.
    package func find(_ id: String) -> AttachedContainer? { state.withLock { $0.containers[id] } }

    /// Ends all of them and takes no more.
    package func end() {
        let containers = state.withLock { state in
            state.isEnded = true
            return Array(state.containers.values)
        }
        for container in containers { container.close() }
    }

    /// Finds the image, unpacks it when needed, and joins it with what the caller wants.
    private func plan(
        _ reference: String,
        _ overrides: ContainerOverrides
    ) async throws(AttachError) -> (ContainerPlan, stopSignal: Int32) {
        let image: ContainerImage
        do throws(ImageError) {
            image = try await images.container(of: try await images.resolve(reference))
        } catch {
            throw .image(error)
        }
        do throws(ContainerPlanError) {
            let plan = try ContainerPlanner.plan(image, overrides)
            return (plan, StopSignal.number(image.execution.stopSignal))
        } catch {
            throw AttachError(error)
        }
    }

    private func reserve() throws(AttachError) {
        let refusal: String? = state.withLock { state in
            if state.isEnded { return "the gateway is stopping" }
            guard state.containers.count + state.startingCount < Self.countMax else {
                return "\(Self.countMax) containers are attached already"
            }
            state.startingCount += 1
            return nil
        }
        if let refusal { throw .unavailable(refusal) }
    }

    private func attach(
        _ request: ContainerRequest,
        _ command: SandboxCommand,
        _ stopSignal: Int32,
        _ session: ContainerSession,
        _ hold: BlobLease
    ) throws(SandboxError) -> AttachedContainer {
        if request.hasTerminal { session.resizeTerminal(rows: request.rows, columns: request.columns) }
        let id = String(UInt64.random(in: .min ... .max), radix: 16)
        let container = AttachedContainer(
            id: id,
            image: request.image,
            stopSignal: stopSignal,
            session: session,
            program: command.arguments.first ?? ""
        ) { [weak self] in
            withExtendedLifetime(hold) {}
            self?.state.withLock { _ = $0.containers.removeValue(forKey: id) }
        }
        let isEnded = state.withLock { state in
            if !state.isEnded { state.containers[id] = container }
            return state.isEnded
        }
        if isEnded {
            container.close()
            throw .gone("the gateway")
        }
        do throws(SandboxError) {
            try container.begin(command, hasInput: request.hasInput || request.hasTerminal)
        } catch {
            container.close()
            throw error
        }
        return container
    }
}
