// SPDX-License-Identifier: Apache-2.0
// How many flows the UDP ports of one container have together. PortForwarder has one, its DatagramRelays use it.

import Synchronization

/// Counts flows; their relays are on different event loops.
final class FlowBudget: Sendable {
    /// Each costs two descriptors of the gateway's, as a connection does, and there are as many of both; forged senders at
    /// 64 ports reach this bound and no further.
    static let flowsMax = PortForwarder.connectionsMax

    private let count = Mutex(0)
    private let gateway: ConnectionBudget

    /// - Parameter gateway: of all containers.
    init(_ gateway: ConnectionBudget) { self.gateway = gateway }

    /// Takes a place.
    ///
    /// - Returns: false when there is none; the datagram is dropped then.
    func take() -> Bool {
        count.withLock { count in
            guard count < Self.flowsMax, gateway.take(holding: count) else { return false }
            count += 1
            return true
        }
    }

    /// Gives back as many places as flows have ended.
    func free(_ ended: Int) {
        count.withLock { $0 -= ended }
        gateway.free(ended)
    }

    /// How many there are.
    var flowCount: Int { count.withLock { $0 } }
}
