// SPDX-License-Identifier: Apache-2.0
// One line of a container's /etc/hosts. Pure.

/// A name with an address, in Docker's notation; coded as its text.
package struct HostEntry: Hashable, Sendable, Codable {
    package var name: String
    /// Of IPv4 or IPv6.
    package var address: String

    package init(name: String, address: String) {
        self.name = name
        self.address = address
    }

    /// In one container; the file has room for as many short names.
    package static let countMax = 64
    /// Longest name of DNS.
    private static let nameBytesMax = 253
    /// Docker's word for the address of the host.
    private static let gateway = "host-gateway"
    private static let expected = "NAME:ADDRESS, or NAME=ADDRESS"

    /// Parses `NAME:ADDRESS` or `NAME=ADDRESS`; an address of IPv6 may be in brackets.
    ///
    /// - Throws: ``ModelError`` for other text, and for `host-gateway`.
    package init(_ text: String) throws(ModelError) {
        guard let end = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
            throw Self.mistake(text, Self.expected)
        }
        name = String(text[..<end])
        var address = text[text.index(after: end)...]
        if address.first == "[", address.last == "]" { address = address.dropFirst().dropLast() }
        self.address = String(address)
        guard self.address != Self.gateway else {
            throw Self.mistake(
                text,
                "an address: a container does not reach its host, so 'host-gateway' has none; "
                    + "-v shows folders, and -p publishes ports"
            )
        }
        guard Self.isName(name), Self.isAddress(self.address) else {
            throw Self.mistake(text, Self.expected)
        }
    }

    private static func mistake(_ text: String, _ expected: String) -> ModelError {
        ModelError(field: "extra_hosts", value: text, expected: expected)
    }

    private static func isName(_ name: String) -> Bool {
        (1...nameBytesMax).contains(name.utf8.count) && ContainerName.isMadeOfAllowed(name)
    }

    /// What may be an address: the C library of the container decides what it makes of it.
    private static func isAddress(_ text: String) -> Bool {
        if text.utf8.contains(UInt8(ascii: ":")) { return isIPv6(text) }
        return IPv4Network(text).map { $0.prefix == 32 } == true && !text.utf8.contains(UInt8(ascii: "/"))
    }

    /// Up to eight groups, one gap, and an IPv4 address at the end in place of two groups (RFC 4291).
    private static func isIPv6(_ text: String) -> Bool {
        let halves = text.split(separator: "::" as String, omittingEmptySubsequences: false)
        guard halves.count <= 2, text.utf8.count <= 45 else { return false }
        var count = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let groups = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, group) in groups.enumerated() {
                let isLast = index == halves.count - 1 && place == groups.count - 1
                if isLast, group.utf8.contains(UInt8(ascii: ".")) {
                    guard isAddress(String(group)) else { return false }
                    count += 2
                } else {
                    guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(isHex) else {
                        return false
                    }
                    count += 1
                }
            }
        }
        return halves.count == 2 ? count < 8 : count == 8
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// As ``init(_:)`` reads it.
    package var text: String { "\(name):\(address)" }
    /// As /etc/hosts has it, with its end.
    package var line: String { "\(address)\t\(name)\n" }

    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
