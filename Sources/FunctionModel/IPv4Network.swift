// SPDX-License-Identifier: Apache-2.0
// IPv4 addresses and networks in text, as egress_allow and resolv.conf have them. Pure.

/// An address with the length of its network part (RFC 4632).
package struct IPv4Network: Hashable, Sendable {
    /// Unusable networks: unspecified, loopback, multicast and reserved ranges (RFC 6890); always
    /// refused.
    package static let unreachable = networks("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")
    /// Private and shared networks (RFC 1918, 6598).
    package static let privateUse = networks("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
    /// Networks that are reached only by a function that names them, or by builds when the gateway's
    /// configuration does: private, shared, link-local and other special ranges (RFC 6890).
    package static let special = networks(
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15"
    )
    /// What connect(2) takes for this host without asking a route.
    package static let thisHost = networks("0.0.0.0/8", "127.0.0.0/8")

    private static func networks(_ texts: String...) -> [IPv4Network] { texts.compactMap { IPv4Network($0) } }

    /// Host byte order; no bits behind the prefix.
    package let address: UInt32
    package let prefix: UInt8

    /// Nil when the prefix is longer than 32 or bits are set behind it.
    package init?(_ address: UInt32, prefix: UInt8) {
        guard prefix <= 32, address & ~Self.mask(prefix) == 0 else { return nil }
        self.address = address
        self.prefix = prefix
    }

    /// Reads `10.0.0.0/8`, or `10.1.2.3` as a network of one address.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = Self.address(first) else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefix: 32)
            return
        }
        guard let prefix = Self.number(parts[1], max: 32) else { return nil }
        self.init(address, prefix: UInt8(prefix))
    }

    /// Whether all of `other` lies in this network.
    package func contains(_ other: IPv4Network) -> Bool {
        prefix <= other.prefix && other.address & Self.mask(prefix) == address
    }

    /// As in `10.0.0.0/8`.
    package var text: String { "\(Self.text(address))/\(prefix)" }

    /// An address in dotted form.
    package static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { "\(address >> UInt32($0) & 0xff)" }.joined(separator: ".")
    }

    /// Four decimal numbers; no other notation, because parsers disagree about those (RFC 6943, section 3.1.1).
    package static func address(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let number = number(part, max: 255) else { return nil }
            address = address << 8 | number
        }
        return address
    }

    private static func number(_ text: some StringProtocol, max: UInt32) -> UInt32? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != 0x30, let number = UInt32(text), number <= max
        else { return nil }
        return number
    }

    private static func mask(_ prefix: UInt8) -> UInt32 { prefix == 0 ? 0 : ~0 << (32 - UInt32(prefix)) }
}
