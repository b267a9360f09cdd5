// SPDX-License-Identifier: Apache-2.0
// Every container of this gateway: creation, names, lists, and what happens to them at its start and end. Engine owns it.

import FoundationEssentials
package import FunctionModel
import FunctionStore
import ImageStore
import Logging
import OCI
import Sandbox
import SandboxPorts
import Synchronization

/// The containers of one gateway.
package final class Containers: Sendable {
    /// Each is a row, and while it runs a slot and some threads of work: more are a mistake or an attack.
    package static let countMax = 1000
    /// Grace of containers when the gateway ends, whatever theirs is: a service manager waits little longer.
    static let shutdownGraceMax = Duration.seconds(10)

    private struct State {
        var containers: [String: Container] = [:]
        /// Until ``startRestored()``.
        var restored: [Container] = []
        var volumeClaims = VolumeClaims()
        var isEnded = false
    }

    let rooms: ContainerRooms
    private let state: Mutex<State>

    init(
        images: ImageStore,
        store: any ContainerRepository,
        folders: ContainerFolders,
        hostMounts: Bool,
        diskDefault: ByteCount? = nil,
        descriptorsMax: Int,
        timer: DeadlineTimer,
        spawner: @escaping @Sendable () -> Spawner?
    ) {
        let removal = Removal()
        let connections = ConnectionBudget(descriptorsMax: descriptorsMax)
        rooms = ContainerRooms(
            images: images,
            store: store,
            folders: folders,
            timer: timer,
            logger: folders.logger,
            hostMounts: hostMounts,
            diskDefault: diskDefault,
            networks: ContainerNetworks(store: store, connections: connections, logger: folders.logger),
            connections: connections,
            spawner: spawner,
            onRemoval: { removal.removed($0) }
        )
        state = Mutex(State())
        removal.owner.withLock { $0 = { [weak self] id in self?.forget(id) } }
    }

    /// Joins the containers with the list that they are taken from, which is made after the rooms.
    private final class Removal: Sendable {
        let owner = Mutex<(@Sendable (String) -> Void)?>(nil)
        func removed(_ container: Container) { owner.withLock { $0 }?(container.id) }
    }

    private func forget(_ id: String) { state.withLock { _ = $0.containers.removeValue(forKey: id) } }

    // MARK: Volumes in use

    /// Takes volumes for a container, or to make one; ``releaseClaim(of:)`` follows.
    ///
    /// - Throws: ``ContainerError/conflict(_:)`` while one of them is being removed.
    func claim(_ volumes: [String]) throws(ContainerError) {
        if case .isLeaving(let name) = state.withLock({ $0.volumeClaims.use(volumes) }) {
            throw .conflict("volume '\(name)' is being removed; try again")
        }
    }

    func releaseClaim(of volumes: [String]) { state.withLock { $0.volumeClaims.useEnded(volumes) } }

    /// Takes a volume for its removal; ``removalEnded(of:)`` follows.
    ///
    /// - Throws: ``ContainerError`` when a container names it, also one that is being created.
    func claimRemoval(of volume: String) throws(ContainerError) {
        let (decision, containers) = state.withLock { state in
            (state.volumeClaims.remove(volume), Array(state.containers.values))
        }
        guard decision == .granted else {
            throw .conflict("volume '\(volume)' is in use by a request; try again")
        }
        let users = containers.filter { $0.names(volume: volume) }.map(\.name)
        guard users.isEmpty else {
            removalEnded(of: volume)
            throw .volumeInUse(volume, by: users)
        }
    }

    func removalEnded(of volume: String) { state.withLock { $0.volumeClaims.removalEnded(volume) } }

    // MARK: Find

    /// All of them, oldest first.
    package var all: [Container] {
        state.withLock { Array($0.containers.values) }
            .map { ($0.definition.createdAt, $0) }
            .sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }
            .map(\.1)
    }

    /// Those that have processes.
    var running: [Container] { state.withLock { Array($0.containers.values) }.filter { $0.session != nil } }

    /// Finds one by its name, its id, or the beginning of its id.
    ///
    /// - Throws: ``ContainerError/unknown(_:)`` or ``ContainerError/ambiguous(_:_:)``.
    package func find(_ text: String) throws(ContainerError) -> Container {
        let name = text.hasPrefix("/") ? String(text.dropFirst()) : text
        let containers = state.withLock { Array($0.containers.values) }
        if let whole = containers.first(where: { $0.id == name || $0.name == name }) { return whole }
        let matches = name.isEmpty ? [] : containers.filter { $0.id.hasPrefix(name) }
        guard let match = matches.first else { throw .unknown(text) }
        guard matches.count == 1 else { throw .ambiguous(text, matches.count) }
        return match
    }

    /// The one of exactly this name.
    func named(_ name: String) -> Container? {
        state.withLock { Array($0.containers.values) }.first { $0.name == name }
    }

    // MARK: Create

    /// Creates a container; it does not run yet.
    ///
    /// - Throws: ``ContainerError``; nothing is left then.
    package func create(_ request: ContainerRequest) async throws(ContainerError) -> Container {
        if state.withLock({ $0.isEnded }) { throw .unavailable("the gateway is stopping") }
        try check(request)
        var generator = SystemRandomNumberGenerator()
        let id = ContainerName.randomID(using: &generator)
        // What cannot be started is refused now, as far as it is known without the image's files.
        _ = try ContainerPlans.overrides(request, id: id, folders: rooms.folders, hasLayer: false)
        let hold = rooms.images.hold()
        defer { withExtendedLifetime(hold) {} }
        let image: Image
        do throws(ImageError) {
            image = try await rooms.images.resolve(request.image)
        } catch {
            throw .image(error)
        }
        let volumes = request.volumes.filter(\.isNamed).map(\.source)
        try claim(volumes)
        // Only now does the list of containers say who uses them.
        defer { releaseClaim(of: volumes) }
        for volume in volumes { try await ensureVolume(volume) }
        try rooms.networks.join(id, name: request.name ?? id, request)
        var isMade = false
        defer { if !isMade { rooms.networks.leave(id) } }
        for attempt in 0... {
            let name = try request.name.map { text throws(ContainerError) in try Self.checked(text) }
            let definition = StoredContainer(
                id: id,
                name: name ?? ContainerName.random(attempt: attempt, using: &generator),
                imageDigest: image.digest,
                request: request,
                createdAt: Date()
            )
            if let container = try await add(
                definition,
                image.execution,
                mayRetry: name == nil && attempt < Self.namesTriedMax
            ) {
                isMade = true
                rooms.networks.rename(id, to: container.name)
                return container
            }
        }
        throw .conflict("no name is free")
    }

    /// Random names that are tried: there are thousands of them.
    private static let namesTriedMax = 16

    private static func checked(_ text: String) throws(ContainerError) -> String {
        do throws(ModelError) { return try ContainerName.checked(text) } catch { throw .invalid(error) }
    }

    private func check(_ request: ContainerRequest) throws(ContainerError) {
        do throws(ModelError) { try request.validate() } catch { throw .invalid(error) }
        guard !rooms.hostMounts, let volume = request.volumes.first(where: { !$0.isNamed }) else { return }
        let expected = "no volume: this gateway shows containers no folder of its host (--no-host-mounts)"
        throw .invalid(ModelError(field: "volume", value: volume.source, expected: expected))
    }

    /// Nil when the name is taken and another one may be tried.
    private func add(
        _ definition: StoredContainer,
        _ image: ImageConfiguration.Execution,
        mayRetry: Bool
    ) async throws(ContainerError) -> Container? {
        let claim: NameClaim
        do throws(StoreError) {
            claim = try await rooms.store.createContainer(definition, countMax: Self.countMax)
        } catch {
            throw ContainerError(error)
        }
        guard claim == .made else {
            if mayRetry, claim != .full { return nil }
            throw ContainerError(claim, name: definition.name, countMax: Self.countMax)
        }
        let container = Container(definition, rooms, image: image)
        let isEnded = state.withLock { state in
            state.containers[container.id] = container
            return state.isEnded
        }
        // The gateway's end has not seen it.
        if isEnded { container.stopWithGateway(graceMax: Self.shutdownGraceMax) }
        rooms.events.tell(.create, definition)
        return container
    }

    /// Gives a container another name.
    ///
    /// - Throws: ``ContainerError``.
    package func rename(_ container: Container, to name: String) async throws(ContainerError) {
        try await container.rename(to: name, countMax: Self.countMax)
    }

    // MARK: Start and end of the gateway

    /// Reads the stored containers and removes what a killed gateway left; ``startRestored()`` follows.
    ///
    /// - Throws: ``StoreError``.
    func restore() async throws(StoreError) {
        try await rooms.networks.restore()
        let stored = try await rooms.store.containers()
        var restored: [Container] = []
        for var definition in stored {
            if definition.request.isRemoved {
                _ = try await rooms.store.removeContainer(definition.id)
                continue
            }
            if definition.condition.status.isActive {
                let lost = ContainerEndReport.lost
                definition.condition.status = .exited
                definition.condition.exitCode = lost.exitCode
                definition.condition.error = lost.reason ?? ""
                definition.condition.finishedAt = Date()
                try await rooms.store.setCondition(definition.condition, of: definition.id)
            }
            join(definition)
            let image = try? await rooms.images.image(digest: definition.imageDigest)
            restored.append(Container(definition, rooms, image: image?.execution))
        }
        state.withLock { state in
            for container in restored { state.containers[container.id] = container }
            state.restored = restored
        }
        await rooms.folders.sweep(keeping: Set(restored.map(\.id)))
    }

    /// Puts a stored container back into its networks; without them its start is refused.
    private func join(_ definition: StoredContainer) {
        do throws(ContainerError) {
            try rooms.networks.join(definition.id, name: definition.name, definition.request)
        } catch {
            rooms.logger.error(
                "a container cannot be put into its networks",
                metadata: ["container": "\(definition.id)", "reason": "\(error)"]
            )
        }
    }

    /// Starts the stored containers whose policy says so; to be called once the gateway listens, does not wait.
    ///
    /// Not before: a container that publishes a port which has become the gateway's own would keep it from starting.
    package func startRestored() {
        let restored = state.withLock { state in
            defer { state.restored = [] }
            return state.restored
        }
        for container in restored { container.restore() }
    }

    /// Ends all of them and creates no more; ``settle()`` waits for them.
    package func end() {
        defer { rooms.events.end() }
        let containers = state.withLock { state in
            state.isEnded = true
            return Array(state.containers.values)
        }
        for container in containers { container.stopWithGateway(graceMax: Self.shutdownGraceMax) }
    }

    /// Waits until none runs: as long as their graces may take.
    func settle() async {
        let active = running
        await withTaskGroup(of: Void.self) { group in
            for container in active {
                group.addTask {
                    _ = await container.session?.waitForEnd(
                        atMost: Self.shutdownGraceMax + Container.endingMax
                    )
                    _ = await container.wait(for: .notRunning)
                }
            }
            group.addTask {
                // A cancelled sleep means that all have ended in time.
                _ = try? await Task.sleep(for: Self.shutdownGraceMax + Container.endingMax * 2)
            }
            for _ in active { await group.next() }
            group.cancelAll()
        }
    }
}
