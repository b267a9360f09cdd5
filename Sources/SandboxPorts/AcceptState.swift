// SPDX-License-Identifier: Apache-2.0
// When one more connection of a container to others is accepted: decisions without IO. LinkListener drives it.

/// The connections of one listener: accepted one at a time, and only as fast as they are joined.
///
/// Those that are not accepted wait in the kernel, which counts them for their container.
struct AcceptState: Hashable {
    /// Accepted and not joined yet: each may hold ``EarlyInput/bytesMax`` of the gateway's memory, and a request to the
    /// slot of another container.
    static let joiningMax = 8
    /// Connections of one container to others at once; each costs two descriptors of the gateway's.
    static let connectionsMax = 512

    private(set) var openCount = 0
    private var joiningCount = 0
    /// The listener was asked for one, which has not come.
    private var isAsked = false

    /// Whether the listener is to be asked for one more connection now.
    mutating func asks() -> Bool {
        guard !isAsked, joiningCount < Self.joiningMax, openCount < Self.connectionsMax else { return false }
        isAsked = true
        return true
    }

    /// One was accepted.
    mutating func accepted() {
        isAsked = false
        joiningCount += 1
        openCount += 1
    }

    /// It is joined, or cannot be.
    mutating func joined() { joiningCount -= 1 }

    /// It is closed, joined or not.
    mutating func closed() { openCount -= 1 }
}
