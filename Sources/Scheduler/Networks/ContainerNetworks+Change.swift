// SPDX-License-Identifier: Apache-2.0
// A container comes into one more network, or leaves one, while it runs or rests.

import FunctionModel
import FunctionStore
import Logging
import Sandbox
import SandboxPorts
import Synchronization

extension ContainerError {
    /// Why a container is not in a network.
    init(_ refusal: NetworksState.Refusal) {
        self =
            switch refusal {
            case .unknown(let name): .unknownNetwork(name)
            case .isChanging(let name):
                .conflict("network \(name) is being created or removed; try again")
            case .isFull(let name):
                .conflict("network \(name) has \(NetworksState.membersMax) containers already")
            case .names(let name):
                .conflict(
                    "the names of the containers in network \(name) take more than \(NetworksState.namesBytesMax) bytes"
                )
            }
    }
}

extension ContainerNetworks {
    /// Puts a container into one more network, and stores that.
    ///
    /// One that runs reaches the others, and is reached, when this returns.
    ///
    /// - Parameters:
    ///   - definition: as it is now.
    ///   - attachment: the network and the names there.
    ///   - runs: it has processes, and its slot takes orders.
    /// - Returns: its request from now on.
    /// - Throws: ``ContainerError``; nothing has changed then.
    func attach(_ definition: StoredContainer, to attachment: NetworkAttachment, runs: Bool)
        async throws(ContainerError) -> ContainerRequest
    {
        let id = definition.id
        var request = definition.request
        guard !places(of: id).contains(where: { $0.network == attachment.name }) else {
            throw .conflict("container \(definition.name) is in network \(attachment.name) already")
        }
        request.networks.append(attachment)
        do throws(ModelError) { try request.validate() } catch { throw .invalid(error) }
        let member = storage.withLock { $0.running[id] }?.member
        guard !runs || member != nil else {
            // Between two runs its processes are gone, and it does not rest yet.
            guard definition.request.networks.isEmpty else {
                throw .conflict("container \(definition.name) is being started or stopped; try again")
            }
            throw .conflict(
                "container \(definition.name) was started without a network, and gets one at its next start only: stop it first"
            )
        }
        try take(definition, attachment)
        do throws(ContainerError) {
            if let member {
                do throws(SandboxError) { try await follow(member) } catch {
                    throw .conflict(
                        "container \(definition.name) cannot be connected while it runs: \(error.description)"
                    )
                }
            }
            try await keep(request, of: id)
        } catch {
            await leave(id, attachment.name)
            throw error
        }
        update(storage.withLock { $0.state.peers(of: id) } + [id])
        return request
    }

    private func take(_ definition: StoredContainer, _ attachment: NetworkAttachment) throws(ContainerError) {
        let isKnown = storage.withLock { $0.state.knows(definition.id) }
        guard isKnown else {
            var request = definition.request
            request.networks = [attachment]
            return try join(definition.id, name: definition.name, request)
        }
        let refusal = storage.withLock { storage -> NetworksState.Refusal? in
            do throws(NetworksState.Refusal) {
                _ = try storage.state.connected(definition.id, attachment)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw ContainerError(refusal) }
    }

    /// Takes a container out of a network, and stores that.
    ///
    /// Its connections through the network end. The gateway carries none from then on, also where the container's
    /// sandbox keeps the address, because its slot does not answer.
    ///
    /// - Parameters:
    ///   - definition: as it is now.
    ///   - network: the network's name.
    /// - Throws: ``ContainerError``; nothing has changed then.
    func detach(_ definition: StoredContainer, from network: String) async throws(ContainerError) {
        let id = definition.id
        guard places(of: id).contains(where: { $0.network == network }) else {
            throw .conflict("container \(definition.name) is not connected to network \(network)")
        }
        var request = definition.request
        request.networks.removeAll { $0.name == network }
        try await keep(request, of: id)
        await leave(id, network)
    }

    /// Ends what a container has of one network.
    private func leave(_ id: String, _ network: String) async {
        let (peers, place) = storage.withLock { storage in
            (storage.state.peers(of: id), storage.state.disconnected(id, from: network))
        }
        if let place { cut(id, place) }
        update(peers + [id])
        await settle(id)
    }

    /// Ends the connections of a container through one network, in both directions.
    private func cut(_ id: String, _ place: NetworksState.Place) {
        for (other, connected) in storage.withLock({ $0.running }) {
            connected.listener.closeConnections { address in
                other == id ? address.network == place.address.network : address == place.address
            }
        }
    }

    /// Takes the addresses of networks that a container has left from its sandbox, where it did not take them then.
    func settle(_ id: String) async { await settle(storage.withLock { $0.running[id] }?.member) }

    private func settle(_ member: NetworkMember?) async {
        guard let member, member.isReachableNow else { return }
        do throws(SandboxError) { try await follow(member) } catch {
            logger.warning(
                "a container keeps an address of a network that it has left",
                metadata: ["container": "\(member.id)", "reason": "\(error)"]
            )
        }
    }

    private func keep(_ request: ContainerRequest, of id: String) async throws(ContainerError) {
        let isThere: Bool
        do throws(StoreError) { isThere = try await store.setRequest(request, of: id) } catch {
            throw ContainerError(error)
        }
        guard isThere else { throw .unknown(id) }
    }
}
