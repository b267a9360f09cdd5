// SPDX-License-Identifier: Apache-2.0
// Makes the sockets inside of one container that its published ports lead to. ContainerPorts has one.

import FunctionModel
import Sandbox
import Synchronization

/// Asks the container's slot, once there is one, a few times at once.
final class PortDialler: Sendable {
    /// Requests to one slot at once: processes that enter and files have the same queue there.
    ///
    /// Further ones wait for their turn; the forwarder bounds how many there can be.
    static let dialsMax = 16

    private struct Storage {
        /// The sandbox outlives no port: the forwarder must not keep the session.
        weak var session: ContainerSession?
    }

    private let state = Mutex(Storage())
    private let turns = TurnQueue(dialsMax)

    /// The container is there.
    func connect(_ session: ContainerSession) { state.withLock { $0.session = session } }

    /// Makes a socket to a port of the container's 127.0.0.1.
    ///
    /// - Returns: a descriptor that the caller closes.
    /// - Throws: ``SandboxError``.
    func dial(_ port: UInt16, _ transport: PortMapping.Transport) async throws(SandboxError) -> Int32 {
        await turns.take()
        defer { turns.end() }
        guard let session = state.withLock({ $0.session }) else { throw .notYet }
        return switch transport {
        case .tcp: try await session.dial(port: port).take()
        case .udp: try await session.dialDatagrams(port: port).take()
        }
    }
}
