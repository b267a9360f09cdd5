// SPDX-License-Identifier: Apache-2.0
// Addresses of containers in networks: 172.30.NETWORK.MEMBER. They exist in the containers' own network namespaces only.

/// One address of a container.
package struct LinkAddress: Hashable, Sendable, CustomStringConvertible {
    /// As a number; the first byte of the address is the highest one.
    package let raw: UInt32

    /// - Parameters:
    ///   - network: the network's number.
    ///   - member: the member's number in it.
    package init(network: UInt8, member: UInt8) {
        raw = Self.range | UInt32(network) << 8 | UInt32(member)
    }

    /// Any address, of a packet for example.
    package init(raw: UInt32) { self.raw = raw }

    /// Whether it is one of a network.
    package var isLink: Bool { raw & 0xFFFF_0000 == Self.range }
    /// The network's number; meaningful with ``isLink`` only.
    package var network: UInt8 { UInt8(truncatingIfNeeded: raw >> 8) }

    /// The member's number in it; meaningful with ``isLink`` only.
    package var member: UInt8 { UInt8(truncatingIfNeeded: raw) }

    package var description: String { IPv4Network.text(raw) }

    /// 172.30.0.0/16: private addresses that Docker gives to networks, too.
    private static let range: UInt32 = 0xAC1E_0000
}
