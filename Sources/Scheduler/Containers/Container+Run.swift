// SPDX-License-Identifier: Apache-2.0
// The runs of a container: makes its sandbox, follows it to its end, and starts it again where its policy says so.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Glibc
import ImageStore
import Logging
import NIOCore
import OCI
import Sandbox
import Synchronization

extension Container {
    /// A person starts it; returns when its program is about to execute.
    ///
    /// - Throws: ``ContainerError``; it rests then.
    package func start() async throws(ContainerError) {
        switch storage.withLock({ $0.life.startRequested() }) {
        case .isActive: return
        case .isCopying: throw .conflict("container \(name) is being copied or connected; try again")
        case .isRemoved: throw .unknown(id)
        case .isGatewayEnding: throw .unavailable("the gateway is stopping")
        case .start: break
        }
        do throws(ContainerError) {
            let run = try await begin()
            Task { await follow(run) }
        } catch {
            let report = ContainerEndReport(exitCode: Self.exitCode(of: error), reason: error.description)
            _ = await settle(report, span: .zero)
            throw error
        }
    }

    /// The gateway has started: starts it where its policy says so.
    func restore() {
        let isDue = storage.withLock { storage in
            let condition = storage.definition.condition
            return storage.life.restored(
                hasRun: condition.startedAt != nil,
                exitCode: condition.exitCode
            )
        }
        if isDue { Task { await startAgain() } }
    }

    /// Docker's code of a container that was created and could not be started.
    private static func exitCode(of error: ContainerError) -> Int32 {
        switch error {
        case .invalid, .notStarted: 126
        default: 128
        }
    }

    // MARK: One run

    /// One run between its start and its end.
    struct Run: Sendable {
        var session: ContainerSession
        var ports: ContainerPorts
        /// Nil without networks.
        var links: ConnectedMember?
        var environment: [String]
        var outputs: ContainerOutputs
        var logged: OutputQueue
        var program: String
        var startedAt: ContinuousClock.Instant
        /// Keeps its image's files.
        var hold: BlobLease
    }

    /// Makes the sandbox and lets PID 1 execute.
    private func begin() async throws(ContainerError) -> Run {
        let definition = definition
        // No revision says that the image is needed while the container runs, and its name may be removed.
        let hold = rooms.images.hold()
        let plan = try await plan(definition)
        guard let spawner = rooms.spawner() else { throw .unavailable("the spawner is being restarted") }
        let ports = try await openPorts()
        do throws(SandboxError) {
            let session = try await ContainerSession.make(
                plan.sandbox,
                by: spawner,
                policy: stopPolicy,
                timer: rooms.timer
            )
            let request = definition.request
            if request.hasTerminal { session.resizeTerminal(rows: request.rows, columns: request.columns) }
            let outputs = storage.withLock { $0.outputs }
            let links = try await connectLinks(session, plan.sandbox.links)
            let run = Run(
                session: session,
                ports: ports,
                links: links,
                environment: plan.command.environment,
                outputs: outputs,
                logged: outputs.add(),
                program: plan.command.arguments.first ?? "",
                startedAt: .now,
                hold: hold
            )
            do throws(SandboxError) {
                try session.start(plan.command) { [weak self] in self?.receivedErrors($0, outputs, session) }
            } catch {
                rooms.networks.disconnect(links)
                session.kill(.cancelled)
                _ = session.ended()
                throw error
            }
            if !(request.hasInput || request.hasTerminal) { session.closeInput() }
            ports.connect(session)
            await started(run)
            return run
        } catch {
            ports.close()
            throw .notStarted(error.description)
        }
    }

    /// Before its program runs, which could take the place of the gateway's listener.
    private func connectLinks(_ session: ContainerSession, _ links: [LinkAddress])
        async throws(SandboxError) -> ConnectedMember?
    {
        do throws(SandboxError) {
            return try await rooms.networks.connect(id, session, links: links) { [weak self] in
                self?.status == .running
            }
        } catch {
            session.kill(.cancelled)
            _ = session.ended()
            throw error
        }
    }

    /// Listens before there is a sandbox: a port in use refuses the start.
    private func openPorts() async throws(ContainerError) -> ContainerPorts {
        let (request, image) = storage.withLock { ($0.definition.request, $0.image) }
        let exposed = Array((image?.exposedPorts ?? [:]).keys)
        let mappings = ContainerPorts.mappings(request, exposed: exposed)
        return try await ContainerPorts.open(mappings, within: rooms.connections)
    }

    private func started(_ run: Run) async {
        let isEndWanted = storage.withLock { storage in
            storage.session = run.session
            storage.environment = run.environment
            storage.ports = run.ports
            storage.definition.condition.startedAt = Date()
            storage.definition.condition.finishedAt = nil
            storage.definition.condition.error = ""
            storage.definition.condition.isOutOfMemory = false
            return storage.life.started()
        }
        if isEndWanted { run.session.kill(.cancelled) }
        rooms.events.tell(.start, definition)
        watchHealth(of: run)
        watchLayer(of: run)
        // A network that it left while it was being started.
        await rooms.networks.settle(id)
        await persist()
    }

    /// Begins to measure its layer, where that is on the disk.
    private func watchLayer(of run: Run) {
        guard keepsLayer else { return }
        let watch = LayerWatch(
            id: id,
            folders: rooms.folders,
            limit: diskLimit,
            isRunning: { [weak self] in self?.status == .running },
            onExcess: { [weak self, session = run.session] reason in await self?.endForDisk(session, reason) }
        )
        storage.withLock { storage in
            if storage.session === run.session { storage.layerWatch = watch.start() }
        }
    }

    /// Ends it as a person would with SIGKILL: what writes must not write on for the time of a grace.
    private func endForDisk(_ session: ContainerSession, _ reason: String) async {
        let isCurrent = storage.withLock { storage in
            guard storage.session === session else { return false }
            storage.excess = reason
            return true
        }
        // Its run has ended meanwhile; another one is measured by itself.
        guard isCurrent else { return }
        rooms.logger.warning("a container is ended", metadata: ["container": "\(id)", "reason": "\(reason)"])
        do throws(ContainerError) { _ = try await kill(SIGKILL) } catch {
            rooms.logger.info("a container has ended by itself", metadata: ["container": "\(id)"])
        }
    }

    /// Begins its health checks, where it has some.
    private func watchHealth(of run: Run) {
        let monitor = storage.withLock { storage -> HealthMonitor? in
            let check = storage.definition.request.healthcheck
            guard storage.session === run.session, let image = storage.image,
                let plan = HealthPlan(check, image: image)
            else { return nil }
            let monitor = HealthMonitor(
                plan,
                HealthMonitor.Run(
                    target: ExecTarget(session: run.session, environment: run.environment),
                    isPaused: { [weak self] in self?.status == .paused },
                    onChange: { [weak self] in self?.healthChanged($0) }
                )
            )
            storage.health = monitor
            return monitor
        }
        monitor?.start()
    }

    private func healthChanged(_ health: ContainerHealth) {
        let actions: [ContainerHealth: ContainerEvent.Action] = [
            .starting: .starting, .healthy: .healthy, .unhealthy: .unhealthy,
        ]
        if let action = actions[health] { rooms.events.tell(action, definition) }
    }

    func plan(_ definition: StoredContainer) async throws(ContainerError) -> ContainerPlan {
        let image: ContainerImage
        do throws(ImageError) {
            let found = try await rooms.images.image(digest: definition.imageDigest)
            image = try await rooms.images.container(of: found, user: definition.request.user)
            if keepsLayer, definition.condition.startedAt == nil {
                try await rooms.folders.makeLayer(of: id, above: image.rootfs)
            }
        } catch {
            throw .image(error)
        }
        var overrides = try ContainerPlans.overrides(
            definition.request,
            id: id,
            folders: rooms.folders,
            hasLayer: keepsLayer
        )
        overrides.links = try links(definition.request)
        overrides.rewritesHosts = !overrides.links.isEmpty
        do throws(ContainerPlanError) { return try ContainerPlanner.plan(image, overrides) } catch {
            throw ContainerError(error)
        }
    }

    /// Its addresses; all of its networks must be there.
    private func links(_ request: ContainerRequest) throws(ContainerError) -> [LinkAddress] {
        let places = rooms.networks.places(of: id)
        for attachment in request.networks where !places.contains(where: { $0.network == attachment.name }) {
            throw .unknownNetwork(attachment.name)
        }
        return places.map(\.address)
    }

    /// Follows a run, and those that its policy adds, until it rests or is removed.
    private func follow(_ first: Run) async {
        var run = first
        while true {
            let end = await runToEnd(run)
            guard await settle(end, span: .now - run.startedAt) else { return }
            guard let next = await nextRun() else { return }
            run = next
        }
    }

    private func startAgain() async {
        if let run = await nextAttempt() { await follow(run) }
    }

    /// Waits for its pause, and starts it; again where it cannot be started.
    ///
    /// Nil when it rests.
    private func nextRun() async -> Run? {
        while storage.withLock({ $0.life.delayEnded() }) {
            do throws(ContainerError) { return try await begin() } catch {
                let report = ContainerEndReport(exitCode: Self.exitCode(of: error), reason: error.description)
                guard await settle(report, span: .zero) else { return nil }
            }
        }
        return nil
    }

    private func nextAttempt() async -> Run? {
        do throws(ContainerError) { return try await begin() } catch {
            let report = ContainerEndReport(exitCode: Self.exitCode(of: error), reason: error.description)
            return await settle(report, span: .zero) ? await nextRun() : nil
        }
    }

    private func runToEnd(_ run: Run) async -> ContainerEndReport {
        let logging = Task {
            while let piece = await run.logged.next() {
                release(run)
                await log.append(piece)
            }
            await log.finish()
        }
        while let piece = await run.session.nextOutput() { await run.outputs.write(.output(piece)) }
        let report = await run.session.exit()
        storage.withLock { $0.health }?.end()
        run.ports.close()
        rooms.networks.disconnect(run.links)
        _ = run.session.ended()
        let end = ContainerEndReport(ContainerEnd(report, program: run.program))
        run.logged.end()
        await logging.value
        withExtendedLifetime(run.hold) {}
        return end
    }

    private func receivedErrors(_ piece: ByteBuffer, _ outputs: ContainerOutputs, _ session: ContainerSession)
    {
        guard outputs.add(.errors(piece)) else { return }
        session.holdErrors(true)
        // A reader may have made room before the hold began, and does not release it then.
        if !outputs.isFull { session.holdErrors(false) }
    }

    /// A reader has made room.
    func release(_ run: Run) { if !run.outputs.isFull { run.session.holdErrors(false) } }

    // MARK: After a run

    /// A run has ended: decides what follows, stores it, and waits for the pause before the next start.
    ///
    /// - Returns: whether it starts again.
    private func settle(_ ended: ContainerEndReport, span: Duration) async -> Bool {
        let (excess, watch) = storage.withLock { ($0.excess.take(), $0.layerWatch.take()) }
        // Outside of the lock: the watch may be waiting for this end, and its wait takes the lock.
        watch?.cancel()
        let end = ended.because(of: excess)
        let (next, outputs) = storage.withLock { storage in
            let outputs = storage.outputs
            storage.session = nil
            storage.environment = []
            storage.ports = nil
            storage.health = nil
            storage.mayBeFrozen = false
            storage.outputs = ContainerOutputs()
            storage.lastEnd = end
            storage.definition.condition.exitCode = end.exitCode
            storage.definition.condition.error = end.reason ?? ""
            storage.definition.condition.isOutOfMemory = end.isOutOfMemory
            storage.definition.condition.finishedAt = Date()
            return (storage.life.ended(exitCode: end.exitCode, ranFor: span), outputs)
        }
        if end.isOutOfMemory { rooms.events.tell(.oom, definition) }
        rooms.events.tell(.die, definition)
        switch next {
        case .remove:
            await finishRemoval()
            // Attached callers see the end when everything that follows it has happened.
            outputs.end()
            notifyWaiters(hasEnded: true)
            return false
        case .rest:
            await persist()
            outputs.end()
            log.endFollowing()
            notifyWaiters(hasEnded: true)
            return false
        case .restart(let delay):
            await persist()
            outputs.end()
            notifyWaiters(hasEnded: true)
            await sleep(delay)
            return true
        }
    }

    /// Ends early with the pause's task.
    private func sleep(_ span: Duration) async {
        // A cancelled sleep means that its end was asked for, which `delayEnded` says.
        let task = Task { _ = try? await Task.sleep(for: span) }
        let isOver = storage.withLock { storage in
            storage.delay = task
            return storage.life.phase != .waiting
        }
        if isOver { task.cancel() }
        await task.value
        storage.withLock { $0.delay = nil }
    }
}
