// SPDX-License-Identifier: Apache-2.0
// The gateway's one bound on connections of ports and links. Containers makes it; PortForwarder, FlowBudget and
// LinkListener take from it.

import Synchronization

/// Counts connections; their holders are on different event loops.
///
/// A holder is the TCP ports, the UDP ports or the links of one container, and has a bound of its own besides.
package final class ConnectionBudget: Sendable {
    private let state: Mutex<ConnectionBudgetState>

    /// - Parameter descriptorsMax: that the gateway may have open at once.
    package init(descriptorsMax: Int) {
        state = Mutex(ConnectionBudgetState(descriptorsMax: descriptorsMax))
    }

    /// Takes a place for one connection; see ``ConnectionBudgetState/take(holding:)``.
    ///
    /// - Parameter own: connections that the holder has.
    /// - Returns: false when there is none for it; the connection is closed then.
    func take(holding own: Int) -> Bool { state.withLock { $0.take(holding: own) } }

    /// Gives back as many places as connections have ended.
    func free(_ ended: Int) { state.withLock { $0.free(ended) } }

    /// How many are taken.
    var takenCount: Int { state.withLock { $0.takenCount } }
}
