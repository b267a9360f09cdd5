// SPDX-License-Identifier: Apache-2.0
// One container from its creation to its removal: its definition, its state, and its present run. Containers makes it.

import FoundationEssentials
package import FunctionModel
package import FunctionStore
import ImageStore
import Logging
import OCI
package import Sandbox
import SandboxPorts
import Synchronization

/// What a container needs of the rooms around it.
struct ContainerRooms: Sendable {
    let images: ImageStore
    let store: any ContainerRepository
    let folders: ContainerFolders
    let timer: DeadlineTimer
    let logger: Logger
    let hostMounts: Bool
    /// The limit of writable layers whose request has none; nil for none.
    let diskDefault: ByteCount?
    let networks: ContainerNetworks
    /// Connections of ports and links of all containers.
    let connections: ConnectionBudget
    let events = ContainerEvents()
    /// The current spawner; nil while a new one starts.
    let spawner: @Sendable () -> Spawner?
    /// The container has been removed.
    let onRemoval: @Sendable (Container) -> Void
}

/// One container.
///
/// `Container+Run` starts it and follows it to its end, `Container+Control` changes it.
package final class Container: Sendable {
    package let id: String
    let rooms: ContainerRooms
    let log: ContainerLog
    /// Requests of functions to its slot at once, of all sandboxes together; ports and other members have their own.
    let functionDials = TurnQueue(NetworkMember.incomingMax)
    /// Changes of its networks, and pauses: a slot that is paused takes no orders.
    let networkChanges = TurnQueue(1)
    /// Commits, one after the other: the second must not find the container paused by the first.
    let commits = TurnQueue(1)

    struct Storage: ~Copyable {
        var definition: StoredContainer
        var life: ContainerLifeState
        /// While it runs or is paused.
        var session: ContainerSession?
        /// Of the present run: what a process that enters has, too.
        var environment: [String] = []
        /// Of the present run.
        var ports: ContainerPorts?
        /// Of the present run; nil without a check.
        var health: HealthMonitor?
        /// Of the present run, or of the next one.
        var outputs = ContainerOutputs()
        var lastEnd: ContainerEndReport?
        /// Watches the layer of the present run.
        var layerWatch: Task<Void, Never>?
        /// Why the present run is being ended; nil unless its layer is too large.
        var excess: String?
        var isWriting = false
        /// A caller detached from it: it does not end with that caller's connection.
        var isDetached = false
        /// Its processes are stopped, or are about to be.
        var mayBeFrozen = false
        var waiters: [UInt64: Waiter] = [:]
        var lastWaiter: UInt64 = 0
        /// Sleeps until the next start by the policy.
        var delay: Task<Void, Never>?
        /// The image's part of the command and its STOPSIGNAL; nil when the image cannot be read.
        var image: ImageConfiguration.Execution?
    }

    /// What someone waits for.
    struct Waiter {
        var condition: WaitCondition
        var continuation: CheckedContinuation<Int32, Never>
    }

    /// Until when a caller waits.
    package enum WaitCondition: String, Hashable, Sendable {
        /// It does not run; at once when it does not now.
        case notRunning = "not-running"
        /// Its next end.
        case nextExit = "next-exit"
        case removed
    }

    let storage: Mutex<Storage>

    init(_ definition: StoredContainer, _ rooms: ContainerRooms, image: ImageConfiguration.Execution?) {
        id = definition.id
        self.rooms = rooms
        log = ContainerLog(path: rooms.folders.log(of: definition.id))
        let condition = definition.condition
        let life = ContainerLifeState(
            policy: definition.request.restart,
            isRemovedAtEnd: definition.request.isRemoved,
            restartCount: condition.restartCount,
            isStopped: condition.isStopped
        )
        storage = Mutex(Storage(definition: definition, life: life, image: image))
    }

    /// As it is now.
    package var definition: StoredContainer { storage.withLock { $0.current } }
    package var name: String { storage.withLock { $0.definition.name } }
    /// Where it is.
    package var status: ContainerStatus { storage.withLock { $0.status } }
    /// Its processes; nil while it has none.
    package var session: ContainerSession? { storage.withLock { $0.session } }
    /// Entry point and command, as they are executed.
    package var command: [String] {
        let (request, image) = storage.withLock { ($0.definition.request, $0.image) }
        return ContainerPlanner.arguments(
            image ?? ImageConfiguration.Execution(),
            entrypoint: request.entrypoint,
            command: request.command
        )
    }
    /// What of it is published on the host now.
    package var publishedPorts: [PublishedPort] { storage.withLock { $0.ports?.published ?? [] } }
    /// What its image exposes and nothing publishes, by number; empty while it has no processes.
    package var exposedPorts: [PortMapping] {
        let (request, image, runs) = storage.withLock { ($0.definition.request, $0.image, $0.session != nil) }
        guard runs, !request.publishesAll else { return [] }
        return ContainerPorts.unpublished(Array((image?.exposedPorts ?? [:]).keys), of: request)
            .sorted { ($0.containerPort, $0.transport.rawValue) < ($1.containerPort, $1.transport.rawValue) }
    }
    /// Its places in networks.
    package var networkPlaces: [(name: String, address: LinkAddress, aliases: [String])] {
        rooms.networks.places(of: id).map { ($0.network, $0.address, $0.aliases) }
    }
    /// What its health checks say of the present run; nil where it has none.
    package var health: HealthReport? { storage.withLock { $0.health }?.report }
    /// Whether its end was asked for.
    var isStopping: Bool { session.map { !$0.isUndisturbed } ?? false }
    /// Whether its writable layer is kept on the disk; a read-only root has none.
    var keepsLayer: Bool {
        storage.withLock { !$0.definition.request.isRemoved && !$0.definition.request.readOnlyRoot }
    }

    /// Bytes that its writable layer may take of the disk; nil for no limit.
    package var diskLimit: ByteCount? {
        keepsLayer ? storage.withLock { $0.definition.request.disk } ?? rooms.diskDefault : nil
    }

    /// Whether it was created with a named volume.
    func names(volume: String) -> Bool {
        storage.withLock { $0.definition.request.volumes.contains { $0.isNamed && $0.source == volume } }
    }

    /// Stores what has changed; a failure is logged: the container goes on.
    func persist() async {
        let condition = storage.withLock { $0.current.condition }
        do throws(StoreError) {
            try await rooms.store.setCondition(condition, of: id)
        } catch {
            rooms.logger.error(
                "a container's state cannot be stored",
                metadata: ["container": "\(id)", "reason": "\(error)"]
            )
        }
    }

    /// Suspends until a condition holds.
    ///
    /// - Returns: the exit code of its last end.
    package func wait(for condition: WaitCondition) async -> Int32 {
        let number = storage.withLock { storage in
            storage.lastWaiter += 1
            return storage.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let code: Int32? = storage.withLock { storage in
                    if Task.isCancelled || storage.holds(condition) {
                        return storage.definition.condition.exitCode
                    }
                    storage.waiters[number] = Waiter(condition: condition, continuation: continuation)
                    return nil
                }
                if let code { continuation.resume(returning: code) }
            }
        } onCancel: {
            let (waiter, code) = storage.withLock { storage in
                (storage.waiters.removeValue(forKey: number), storage.definition.condition.exitCode)
            }
            waiter?.continuation.resume(returning: code)
        }
    }

    /// Resumes everyone whose condition holds now.
    ///
    /// - Parameter hasEnded: a run has just ended.
    func notifyWaiters(hasEnded: Bool) {
        let (ready, code) = storage.withLock { storage in
            var ready: [CheckedContinuation<Int32, Never>] = []
            for (number, waiter) in storage.waiters
            where storage.holds(waiter.condition) || hasEnded && waiter.condition == .nextExit {
                ready.append(waiter.continuation)
                storage.waiters[number] = nil
            }
            return (ready, storage.definition.condition.exitCode)
        }
        for continuation in ready { continuation.resume(returning: code) }
    }
}

extension Container.Storage {
    var status: ContainerStatus { life.status(hasRun: definition.condition.startedAt != nil) }

    /// The definition with the state of now.
    var current: StoredContainer {
        var current = definition
        current.condition.status = status
        current.condition.restartCount = life.restartCount
        current.condition.isStopped = life.isStopped
        return current
    }

    func holds(_ condition: Container.WaitCondition) -> Bool {
        switch condition {
        case .notRunning: [.resting, .copying, .removed].contains(life.phase)
        case .nextExit: life.phase == .removed
        case .removed: life.phase == .removed
        }
    }
}
