// SPDX-License-Identifier: Apache-2.0
// Networks, in which containers reach each other by name.

package import FunctionModel
package import FunctionStore

/// A container in a network.
package struct NetworkMembership: Hashable, Sendable {
    package var id: String
    package var name: String
    package var address: LinkAddress
}

extension Containers {
    /// All networks, by name.
    ///
    /// - Throws: ``ContainerError``.
    package func networks() async throws(ContainerError) -> [StoredNetwork] {
        do throws(StoreError) { return try await rooms.store.networks() } catch {
            throw ContainerError(error)
        }
    }

    /// The network of a name, an id, or the beginning of an id.
    ///
    /// - Throws: ``ContainerError``.
    package func network(_ text: String) async throws(ContainerError) -> StoredNetwork {
        let all = try await networks()
        if let whole = all.first(where: { $0.name == text || $0.id == text }) { return whole }
        let matches = text.isEmpty ? [] : all.filter { $0.id.hasPrefix(text) }
        guard let match = matches.first else { throw .unknownNetwork(text) }
        guard matches.count == 1 else { throw .ambiguous(text, matches.count) }
        return match
    }

    /// The containers in a network, running or not.
    package func members(ofNetwork name: String) -> [NetworkMembership] {
        rooms.networks.members(of: name).map {
            NetworkMembership(id: $0.id, name: $0.name, address: $0.address)
        }
    }

    /// Makes a network.
    ///
    /// - Throws: ``ContainerError``, also for a name that is taken.
    package func createNetwork(_ name: String, labels: [String: String]) async throws(ContainerError)
        -> StoredNetwork
    {
        try await rooms.networks.create(name, labels: labels)
    }

    /// Removes a network.
    ///
    /// - Throws: ``ContainerError/networkInUse(_:by:)`` while a container, running or not, is in it.
    package func removeNetwork(_ text: String) async throws(ContainerError) {
        try await rooms.networks.remove(try await network(text).name)
    }

    /// Puts a container into one more network.
    ///
    /// - Parameters:
    ///   - container: its name or id.
    ///   - network: its name or id.
    ///   - aliases: further names of the container there.
    /// - Throws: ``ContainerError``; nothing has changed then.
    package func connect(_ container: String, to network: String, aliases: [String])
        async throws(ContainerError)
    {
        let name = try await self.network(network).name
        let found = try find(container)
        await found.networkChanges.take()
        defer { found.networkChanges.end() }
        try await found.connect(NetworkAttachment(name: name, aliases: aliases))
    }

    /// Takes a container out of a network.
    ///
    /// - Parameters:
    ///   - container: its name or id.
    ///   - network: its name or id.
    ///   - force: also while it is paused.
    /// - Throws: ``ContainerError``; nothing has changed then.
    package func disconnect(_ container: String, from network: String, force: Bool)
        async throws(ContainerError)
    {
        let name = try await self.network(network).name
        let found = try find(container)
        await found.networkChanges.take()
        defer { found.networkChanges.end() }
        try await found.disconnect(name, force: force)
    }
}
