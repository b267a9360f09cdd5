// SPDX-License-Identifier: Apache-2.0
// The networks of one gateway's containers: carries names and connections between those that run. Containers has it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Glibc
import Logging
import Sandbox
import SandboxPorts
import Synchronization

/// Drives ``NetworksState``.
final class ContainerNetworks: Sendable {
    struct Storage {
        var state = NetworksState()
        var running: [String: ConnectedMember] = [:]
    }

    let storage = Mutex(Storage())
    let store: any ContainerRepository
    let logger: Logger
    /// Of all containers.
    private let connections: ConnectionBudget

    init(store: any ContainerRepository, connections: ConnectionBudget, logger: Logger) {
        self.store = store
        self.connections = connections
        self.logger = logger
    }

    // MARK: Networks

    /// Reads the stored networks.
    ///
    /// - Throws: ``StoreError``.
    func restore() async throws(StoreError) {
        let stored = try await store.networks()
        storage.withLock { storage in
            for network in stored { storage.state.restored(network.name, number: network.number) }
        }
    }

    /// Makes a network.
    ///
    /// - Throws: ``ContainerError``, also for a name that is taken.
    func create(_ given: String, labels: [String: String]) async throws(ContainerError) -> StoredNetwork {
        let name: String
        do throws(ModelError) { name = try NetworkName.checked(given) } catch { throw .invalid(error) }
        var generator = SystemRandomNumberGenerator()
        let number: UInt8
        switch storage.withLock({ $0.state.creationRequested(name) }) {
        case .make(let free): number = free
        case .exists: throw .conflict("network with name \(name) already exists")
        case .isChanging: throw .conflict("network \(name) is being created or removed; try again")
        case .isFull:
            let advice = "remove some with 'faasctl network rm'"
            throw .unavailable("there are \(NetworksState.countMax) networks already; \(advice)")
        }
        let network = StoredNetwork(
            id: ContainerName.randomID(using: &generator),
            name: name,
            number: number,
            labels: labels,
            createdAt: Date()
        )
        var isMade = false
        defer { storage.withLock { [isMade] in $0.state.creationEnded(name, isMade: isMade) } }
        do throws(StoreError) { isMade = try await store.createNetwork(network) } catch {
            throw ContainerError(error)
        }
        guard isMade else { throw .conflict("network with name \(name) already exists") }
        return network
    }

    /// Removes a network that no container is in.
    ///
    /// - Throws: ``ContainerError``.
    func remove(_ name: String) async throws(ContainerError) {
        switch storage.withLock({ $0.state.removalRequested(name) }) {
        case .granted: break
        case .isUnknown: throw .unknownNetwork(name)
        case .isChanging: throw .conflict("network \(name) is being created or removed; try again")
        case .isUsed(let users): throw .networkInUse(name, by: users)
        }
        var isRemoved = false
        defer { storage.withLock { [isRemoved] in $0.state.removalEnded(name, isRemoved: isRemoved) } }
        do throws(StoreError) { _ = try await store.removeNetwork(name) } catch {
            throw ContainerError(error)
        }
        isRemoved = true
    }

    /// The members of a network.
    func members(of network: String) -> [(id: String, name: String, address: LinkAddress)] {
        storage.withLock { $0.state.members(of: network) }
    }

    // MARK: Containers

    /// A container is made; ``leave(_:)`` follows at its removal.
    ///
    /// - Throws: ``ContainerError``; it is in no network then.
    func join(
        _ id: String,
        name: String,
        _ request: ContainerRequest
    ) throws(ContainerError) {
        let hostname = request.hostname ?? String(id.prefix(ContainerName.shortIDLength))
        let refusal = storage.withLock { storage -> NetworksState.Refusal? in
            do throws(NetworksState.Refusal) {
                try storage.state.joined(
                    id,
                    name: name,
                    hostname: hostname,
                    extraHosts: request.extraHosts,
                    request.networks
                )
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw ContainerError(refusal) }
    }

    func leave(_ id: String) { storage.withLock { $0.state.left(id) } }

    /// A container has another name.
    func rename(_ id: String, to name: String) { update(storage.withLock { $0.state.renamed(id, to: name) }) }

    /// A container's places in its networks.
    func places(of id: String) -> [NetworksState.Place] { storage.withLock { $0.state.places(of: id) } }

    // MARK: Runs

    /// A container's sandbox is made, and its program does not run yet; ``disconnect(_:)`` follows.
    ///
    /// - Parameters:
    ///   - id: of the container.
    ///   - session: its sandbox.
    ///   - links: the addresses that its sandbox was made with.
    ///   - isReachable: as with ``NetworkMember``.
    /// - Returns: nil for a sandbox without addresses.
    /// - Throws: ``SandboxError``; nothing is left then.
    func connect(
        _ id: String,
        _ session: ContainerSession,
        links: [LinkAddress],
        isReachable: @escaping @Sendable () -> Bool
    ) async throws(SandboxError) -> ConnectedMember? {
        guard !links.isEmpty else { return nil }
        let member = NetworkMember(
            id,
            session,
            links: links,
            hosts: try await hosts(of: session, id),
            isReachable: isReachable
        )
        let socket = try await session.listenForLinks()
        let listener: LinkListener
        do {
            listener = try await LinkListener.open(socket.take(), within: connections) {
                [weak self, weak member] address, port in
                guard let self, let member else { throw SandboxError.gone("the container") }
                return try await self.dial(member, address, port)
            }
        } catch {
            throw .unsupported("a listener for other containers: \(error)")
        }
        let connected = ConnectedMember(member: member, listener: listener)
        let changed = storage.withLock { storage in
            storage.running[id] = connected
            return storage.state.started(id)
        }
        // It may have changed its networks since its sandbox was planned.
        do throws(SandboxError) { try await follow(member) } catch {
            disconnect(connected)
            throw error
        }
        update(changed)
        return connected
    }

    /// Gives the sandbox of a running container the addresses that the container has now.
    func follow(_ member: NetworkMember) async throws(SandboxError) {
        try await member.follow { places(of: member.id).map(\.address) }
    }

    /// A container has ended, or its program could not be started.
    func disconnect(_ connected: ConnectedMember?) {
        guard let connected else { return }
        connected.listener.close()
        let id = connected.member.id
        let changed = storage.withLock { storage in
            storage.running[id] = nil
            return storage.state.ended(id)
        }
        update(changed)
    }

    /// An image whose /etc is a link has no place for the file: its programs reach others by address.
    private func hosts(of session: ContainerSession, _ id: String) async throws(SandboxError) -> HostsFile? {
        do throws(SandboxError) { return HostsFile(try await session.openHosts()) } catch {
            guard case .file = error else { throw error }
            logger.warning(
                "the names of other containers are missing in a container",
                metadata: ["container": "\(id)", "reason": "\(error)"]
            )
            return nil
        }
    }

    private func dial(
        _ member: NetworkMember,
        _ address: LinkAddress,
        _ port: UInt16
    ) async throws(SandboxError) -> Int32 {
        let found = storage.withLock { storage -> (NetworkMember, LinkAddress)? in
            guard let route = storage.state.route(from: member.id, to: address) else { return nil }
            return storage.running[route.id].map { ($0.member, route.source) }
        }
        guard let (other, source) = found else { throw .unreachable(port: port, errorNumber: EHOSTUNREACH) }
        return try await other.dial(port, at: address, from: source)
    }

    /// Rewrites hosts files; a failure is logged: the container goes on.
    func update(_ ids: [String]) {
        for id in ids {
            guard let hosts = storage.withLock({ $0.running[id] })?.member.hosts else { continue }
            let errorNumber = hosts.write { storage.withLock { $0.state.hosts(of: id) } }
            guard errorNumber != 0 else { continue }
            logger.warning(
                "a container's hosts file cannot be written",
                metadata: ["container": "\(id)", "errno": "\(errorNumber)"]
            )
        }
    }
}
