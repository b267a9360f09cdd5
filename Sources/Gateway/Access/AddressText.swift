// SPDX-License-Identifier: Apache-2.0
// IPv6 addresses as text: their bytes, and the IPv4 address that one may hold. Connection and RateLimiter ask.

import Glibc

/// Reads addresses of peers and clients.
enum AddressText {
    /// In front of the IPv4 address in an IPv4-mapped one (RFC 4291, section 2.5.5.2).
    private static let mappedPrefix = [UInt8](repeating: 0, count: 10) + [255, 255]

    /// The 16 bytes of an IPv6 address, whose zone (`%eth0`) does not count; nil for any other text.
    static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        var parsed = in6_addr()
        guard inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &parsed) == 1 else { return nil }
        return withUnsafeBytes(of: parsed) { Array($0) }
    }

    /// The IPv4 address in the bytes of an IPv4-mapped address; nil for any other.
    static func mapped(_ bytes: [UInt8]) -> String? {
        guard bytes.starts(with: mappedPrefix) else { return nil }
        return bytes[mappedPrefix.count...].map { String($0) }.joined(separator: ".")
    }

    /// An address as its host has it: an IPv6 listener shows IPv4 peers as `::ffff:192.0.2.1`.
    static func unmapped(_ text: String) -> String { bytes(text).flatMap { mapped($0) } ?? text }
}
