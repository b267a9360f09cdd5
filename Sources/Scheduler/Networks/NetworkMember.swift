// SPDX-License-Identifier: Apache-2.0
// One running container in its networks: its hosts file, its connections to others, and those to it.

import FunctionModel
import Sandbox
import SandboxPorts
import Synchronization

/// Lives from the making of its sandbox to its end; ContainerNetworks makes it.
final class NetworkMember: Sendable {
    /// Requests for connections to one slot at once: processes that enter and files have the same queue there.
    static let incomingMax = 16

    let id: String
    let hosts: HostsFile?
    private let incoming = TurnQueue(incomingMax)
    /// One change of its addresses at a time.
    private let changes = TurnQueue(1)
    /// The addresses that its sandbox has.
    private let links: Mutex<[LinkAddress]>
    private let session: ContainerSession
    private let isReachable: @Sendable () -> Bool

    /// - Parameters:
    ///   - id: of the container.
    ///   - session: its sandbox.
    ///   - links: the addresses that its sandbox was made with.
    ///   - hosts: nil where its image has no place for it.
    ///   - isReachable: whether its slot takes requests: that of a paused container does not.
    init(
        _ id: String,
        _ session: ContainerSession,
        links: [LinkAddress],
        hosts: HostsFile?,
        isReachable: @escaping @Sendable () -> Bool
    ) {
        self.id = id
        self.session = session
        self.links = Mutex(links)
        self.hosts = hosts
        self.isReachable = isReachable
    }

    /// Whether its slot takes requests now.
    var isReachableNow: Bool { isReachable() }

    /// Gives its sandbox the addresses that it has by now.
    ///
    /// - Parameter wanted: asked once it is this change's turn, so that the last one leaves the last state.
    /// - Throws: ``SandboxError``; its sandbox has those of before then.
    func follow(_ wanted: () -> [LinkAddress]) async throws(SandboxError) {
        await changes.take()
        defer { changes.end() }
        let links = wanted()
        guard links != self.links.withLock({ $0 }) else { return }
        try await session.setLinks(links)
        self.links.withLock { $0 = links }
    }

    /// Makes a connection to one of its ports.
    ///
    /// - Parameters:
    ///   - port: any TCP port, whether or not its image exposes it.
    ///   - address: its own.
    ///   - source: the other container's.
    /// - Returns: a descriptor that the caller closes.
    /// - Throws: ``SandboxError``.
    func dial(_ port: UInt16, at address: LinkAddress, from source: LinkAddress) async throws(SandboxError)
        -> Int32
    {
        await incoming.take()
        defer { incoming.end() }
        guard isReachable() else { throw .gone("the container's processes") }
        return try await session.dial(port: port, at: address, from: source).take()
    }
}

/// A member with its listener; closed by ``ContainerNetworks/disconnect(_:)``.
struct ConnectedMember: Sendable {
    let member: NetworkMember
    let listener: LinkListener
}
