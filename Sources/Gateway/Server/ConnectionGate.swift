// SPDX-License-Identifier: Apache-2.0
// How many connections are open at once, exactly. GatewayServer makes it; Hummingbird's server asks it.

import HummingbirdCore
import NIOCore
import Synchronization

/// Accepts connections up to a number; more wait in the kernel's backlog.
///
/// NIO accepts several connections between two questions to the delegate, so the listener has to be set to one. It can be
/// set only after it was bound: the gate is closed until then.
struct ConnectionGate: AvailableConnectionsDelegate {
    /// Shared by the copies that Hummingbird makes of its delegate.
    private final class Opening: Sendable {
        let isOpen = Atomic(false)
    }

    private let countMax: Int
    private var count = 0
    private let opening = Opening()

    /// Makes a closed gate for at most `countMax` connections at once.
    init(countMax: Int) { self.countMax = countMax }

    mutating func connectionOpened() { count += 1 }
    mutating func connectionClosed() { count -= 1 }
    func isAcceptingNewConnections() -> Bool {
        count < countMax && opening.isOpen.load(ordering: .relaxed)
    }

    /// Begins to accept, one connection at a time.
    ///
    /// - Parameter listener: the bound server channel.
    func open(_ listener: any Channel) async {
        // Fails only for a channel that has been closed, which accepts nothing either.
        try? await listener.setOption(.maxMessagesPerRead, value: 1).get()
        opening.isOpen.store(true, ordering: .relaxed)
        listener.read()
    }
}
