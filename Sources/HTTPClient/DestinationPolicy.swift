// SPDX-License-Identifier: Apache-2.0
// Where the gateway connects to when another party than its operator chooses the address: ADD of a URL, redirects
// and other addresses in a registry's answers. Pure; CurlExchange asks at each connection, after the name was
// resolved, so that a name cannot resolve to another address than the one that was checked.

package import FunctionModel

/// An address as it was connected to.
///
/// IPv4 in any of the forms that IPv6 has for it is IPv4.
package enum NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    case v4(UInt32)
    /// Sixteen bytes.
    case v6([UInt8])

    /// Nil unless there are sixteen bytes.
    init?(v6 bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        let embedded: ArraySlice<UInt8>? =
            switch true {
            // IPv4-mapped, NAT64, 6to4 (RFC 4291, 6052, 3056).
            case bytes.starts(with: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]): bytes[12...]
            case bytes.starts(with: [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)): bytes[12...]
            case bytes.starts(with: [0x20, 0x02]): bytes[2..<6]
            default: nil
            }
        self = embedded.map { .v4($0.reduce(0) { $0 << 8 | UInt32($1) }) } ?? .v6(bytes)
    }

    package var description: String {
        switch self {
        case .v4(let number): return IPv4Network.text(number)
        case .v6(let bytes):
            let groups = stride(from: 0, to: 16, by: 2).map { index in
                String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
            }
            return groups.joined(separator: ":")
        }
    }
}

/// How near an address is to this host.
package enum AddressScope: Hashable, Sendable {
    /// The host itself, by loopback or by an address of its own.
    case host
    /// Private and shared networks.
    case local
    /// Link-local, multicast and other special ranges: nothing that a name should lead to.
    case reserved
    case open

    /// - Parameters:
    ///   - address: what is to be connected to.
    ///   - own: addresses of this host's interfaces.
    package init(_ address: NetworkAddress, own: Set<NetworkAddress>) {
        if own.contains(address) {
            self = .host
            return
        }
        switch address {
        case .v4(let number): self = Self.ofIPv4(number)
        case .v6(let bytes): self = Self.ofIPv6(bytes)
        }
    }

    private static func ofIPv4(_ number: UInt32) -> AddressScope {
        guard let address = IPv4Network(number, prefix: 32) else { return .reserved }
        func lies(in networks: [IPv4Network]) -> Bool { networks.contains { $0.contains(address) } }
        // 0.0.0.0 is this host, too, to connect(2).
        if lies(in: IPv4Network.thisHost) { return .host }
        if lies(in: IPv4Network.privateUse) { return .local }
        return lies(in: IPv4Network.special + IPv4Network.unreachable) ? .reserved : .open
    }

    private static func ofIPv6(_ bytes: [UInt8]) -> AddressScope {
        // `::` and `::1`.
        if bytes.dropLast().allSatisfy({ $0 == 0 }), (bytes.last ?? 0) < 2 { return .host }
        if bytes[0] & 0xFE == 0xFC { return .local }
        // Global unicast is 2000::/3; 2001::/23 (Teredo among them) and 2001:db8::/32 are special (RFC 6890).
        guard bytes[0] & 0xE0 == 0x20 else { return .reserved }
        let isSpecial =
            bytes.starts(with: [0x20, 0x01]) && (bytes[2] < 0x02 || (bytes[2] == 0x0D && bytes[3] == 0xB8))
        return isSpecial ? .reserved : .open
    }

    /// What an address of the scope is, for messages.
    var text: String {
        switch self {
        case .host: "an address of this host"
        case .local: "a private address"
        case .reserved: "a reserved address"
        case .open: "a public address"
        }
    }
}

/// Which addresses may be connected to.
///
/// The public internet, as from functions with `network: egress`; what the gateway's configuration opens; and
/// nothing that is nearer to this host than the server whose answer names the address.
package struct DestinationPolicy: Hashable, Sendable {
    /// Networks that the gateway's configuration opens.
    package var allowed: [IPv4Network]
    /// The origin of the address: a registry's own scope, or the open world.
    package var source = AddressScope.open

    package init(allowed: [IPv4Network] = []) { self.allowed = allowed }

    /// Decides about one connection.
    ///
    /// - Parameters:
    ///   - address: what is to be connected to.
    ///   - own: addresses of this host's interfaces.
    /// - Returns: whether the connection may be made.
    func permits(_ address: NetworkAddress, own: Set<NetworkAddress>) -> Bool {
        if case .v4(let number) = address, let single = IPv4Network(number, prefix: 32),
            allowed.contains(where: { $0.contains(single) })
        {
            return true
        }
        return switch AddressScope(address, own: own) {
        case .open: true
        case .local: source == .local || source == .host
        case .host: source == .host
        case .reserved: false
        }
    }
}
