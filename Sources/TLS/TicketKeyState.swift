// SPDX-License-Identifier: Apache-2.0
// Which key encrypts session tickets, and which keys still decrypt them: decisions without IO. TicketKeys drives it.

/// One key for session tickets (RFC 5077, section 4).
struct TicketKey: Hashable, Sendable {
    static let nameLength = 16
    static let secretLength = 32

    /// Public: tickets begin with it.
    let name: [UInt8]
    /// For AES-256.
    let cipherSecret: [UInt8]
    /// For HMAC-SHA-256.
    let hashSecret: [UInt8]
}

/// The newest key issues tickets; those before it accept them for one more lifetime.
struct TicketKeyState: ~Copyable {
    /// Seconds until a new key replaces one.
    ///
    /// A stolen key decrypts recorded TLS 1.2 sessions that were resumed with it: half a day bounds how many.
    static let lifetimeSeconds: Int64 = 12 * 60 * 60

    private var keys: [(key: TicketKey, madeSeconds: Int64)] = []

    /// The key for a new ticket.
    ///
    /// - Parameters:
    ///   - nowSeconds: monotonic time.
    ///   - make: makes a key of fresh randomness; nil when there is none.
    /// - Returns: nil when no key can be made: the client gets no ticket.
    mutating func issuing(nowSeconds: Int64, make: () -> TicketKey?) -> TicketKey? {
        if let first = keys.first, nowSeconds - first.madeSeconds < Self.lifetimeSeconds { return first.key }
        guard let key = make() else { return nil }
        keys.insert((key, nowSeconds), at: 0)
        drop(nowSeconds)
        return key
    }

    enum Found: Hashable {
        /// The ticket is good, and the client keeps it.
        case kept(TicketKey)
        /// The ticket is good; the client gets a new one.
        case renewed(TicketKey)
        /// A full handshake follows.
        case unknown
    }

    /// The key of a ticket that a client presents.
    ///
    /// - Parameters:
    ///   - name: what the ticket begins with.
    ///   - isUsedOnce: whether clients use a ticket once only, as those of TLS 1.3 do (RFC 8446, appendix C.4): without
    ///     a new one the next connection would be a full handshake.
    ///   - nowSeconds: monotonic time.
    /// - Returns: the key, and whether the client needs a new ticket.
    mutating func accepting(_ name: [UInt8], isUsedOnce: Bool, nowSeconds: Int64) -> Found {
        drop(nowSeconds)
        guard let index = keys.firstIndex(where: { $0.key.name == name }) else { return .unknown }
        let isCurrent = index == 0 && nowSeconds - keys[0].madeSeconds < Self.lifetimeSeconds
        return isCurrent && !isUsedOnce ? .kept(keys[index].key) : .renewed(keys[index].key)
    }

    private mutating func drop(_ nowSeconds: Int64) {
        keys.removeAll { nowSeconds - $0.madeSeconds >= 2 * Self.lifetimeSeconds }
    }
}
