// SPDX-License-Identifier: Apache-2.0
// What a slot was asked for and has not yet answered, sockets for example: decisions without IO. Slot drives it.

/// Requests by sequence number, so that an answer reaches its waiter.
struct SocketRequests<Waiter> {
    /// Requests of one slot that wait at once; each is answered within milliseconds.
    static var pendingMax: Int { 64 }

    private var waiting: [UInt32: Waiter] = [:]
    private var last: UInt32 = 0

    var isEmpty: Bool { waiting.isEmpty }

    /// Notes a request.
    ///
    /// - Returns: its number; nil when too many wait already.
    mutating func add(_ waiter: Waiter) -> UInt32? {
        guard waiting.count < Self.pendingMax else { return nil }
        last &+= 1
        waiting[last] = waiter
        return last
    }

    /// The slot answers.
    ///
    /// - Returns: the waiter; nil for an unknown number.
    mutating func answered(_ number: UInt32) -> Waiter? { waiting.removeValue(forKey: number) }

    /// The slot is gone: returns all waiters.
    mutating func lost() -> [Waiter] {
        defer { waiting = [:] }
        return Array(waiting.values)
    }
}
