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
    /// Called when there are as many as there may be, and when there are fewer again.
    private let onFull: @Sendable (_ isFull: Bool) -> Void
    private var count = 0
    private let opening = Opening()

    /// Makes a closed gate.
    ///
    /// - Parameters:
    ///   - countMax: connections at once.
    ///   - onFull: called when there are so many, and when there are fewer again; does not block.
    init(countMax: Int, onFull: @escaping @Sendable (_ isFull: Bool) -> Void) {
        self.countMax = countMax
        self.onFull = onFull
    }

    mutating func connectionOpened() {
        count += 1
        if count == countMax { onFull(true) }
    }

    mutating func connectionClosed() {
        if count == countMax { onFull(false) }
        count -= 1
    }

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
