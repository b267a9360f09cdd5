// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol's header, versions 1 and 2, byte by byte as it comes: decisions without IO.
// ProxyProtocolHandler drives it.

import Glibc

/// What a proxy says in front of a connection's own bytes.
struct ProxyHeaderState: ~Copyable {
    /// Longest line of version 1 with its end.
    static let lineBytesMax = 107
    /// Longest rest of version 2: two addresses, and fields of some dozen bytes each, which are not used.
    static let restBytesMax = 2048

    /// Both ends of the client's connection to the proxy.
    struct Ends: Hashable, Sendable {
        var sourceAddress: String
        var sourcePort: Int
        var targetAddress: String
        var targetPort: Int
    }

    enum Received: Hashable {
        case more
        /// The header takes this many bytes; nil says that the proxy speaks for itself.
        case complete(Ends?, bytes: Int)
        case malformed
    }

    private var bytes: [UInt8] = []

    private static let signature: [UInt8] = [
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
    ]
    private static let word = Array("PROXY ".utf8)
    /// Signature, version and command, family, length.
    private static let fixedBytes = 16

    /// Bytes came.
    ///
    /// - Parameter piece: what followed the earlier ones.
    /// - Returns: whether the header is there; its length counts from the first byte of all.
    mutating func received(_ piece: some Sequence<UInt8>) -> Received {
        for byte in piece {
            bytes.append(byte)
            let result = step()
            if result != .more { return result }
        }
        return .more
    }

    private func step() -> Received {
        if bytes.starts(with: Self.word) { return line() }
        if Self.word.starts(with: bytes) { return .more }
        guard bytes.starts(with: Self.signature.prefix(bytes.count)) else { return .malformed }
        guard bytes.count >= Self.fixedBytes else { return .more }
        return binary()
    }

    // MARK: Version 1

    private func line() -> Received {
        guard bytes.last == UInt8(ascii: "\n") else {
            return bytes.count < Self.lineBytesMax ? .more : .malformed
        }
        guard bytes.count <= Self.lineBytesMax, bytes[bytes.count - 2] == UInt8(ascii: "\r") else {
            return .malformed
        }
        let words = bytes.dropLast(2).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        // What follows is of families that this version does not name.
        if words[1] == "UNKNOWN" { return .complete(nil, bytes: bytes.count) }
        guard words.count == 6, ["TCP4", "TCP6"].contains(words[1]) else { return .malformed }
        let isSix = words[1] == "TCP6"
        guard let source = Self.address(words[2], isSix: isSix),
            let target = Self.address(words[3], isSix: isSix),
            let sourcePort = Self.port(words[4]), let targetPort = Self.port(words[5])
        else { return .malformed }
        let ends = Ends(
            sourceAddress: source,
            sourcePort: sourcePort,
            targetAddress: target,
            targetPort: targetPort
        )
        return .complete(ends, bytes: bytes.count)
    }

    private static func port(_ text: String) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(digits.contains) else { return nil }
        return Int(text).flatMap { $0 <= Int(UInt16.max) ? $0 : nil }
    }

    /// The usual form of an address of the family.
    private static func address(_ text: String, isSix: Bool) -> String? {
        var parsed = [UInt8](repeating: 0, count: isSix ? 16 : 4)
        guard inet_pton(isSix ? AF_INET6 : AF_INET, text, &parsed) == 1 else { return nil }
        return Self.text(parsed[...])
    }

    // MARK: Version 2

    private func binary() -> Received {
        let rest = Int(bytes[14]) << 8 | Int(bytes[15])
        guard bytes[12] >> 4 == 2, bytes[12] & 0xf <= 1, rest <= Self.restBytesMax else { return .malformed }
        guard bytes.count == Self.fixedBytes + rest else { return .more }
        // LOCAL: the proxy's own connection, for example a check.
        let isLocal = bytes[12] & 0xf == 0
        let size: Int
        switch bytes[13] {
        case Family.tcp4.rawValue: size = 4
        case Family.tcp6.rawValue: size = 16
        // Datagrams, Unix sockets and families without a name have no address for this gateway.
        default: return .complete(nil, bytes: bytes.count)
        }
        if isLocal { return .complete(nil, bytes: bytes.count) }
        guard rest >= 2 * size + 4 else { return .malformed }
        let first = Self.fixedBytes
        let ports = first + 2 * size
        guard let source = Self.text(bytes[first..<(first + size)]),
            let target = Self.text(bytes[(first + size)..<ports])
        else { return .malformed }
        let ends = Ends(
            sourceAddress: source,
            sourcePort: Int(bytes[ports]) << 8 | Int(bytes[ports + 1]),
            targetAddress: target,
            targetPort: Int(bytes[ports + 2]) << 8 | Int(bytes[ports + 3])
        )
        return .complete(ends, bytes: bytes.count)
    }

    /// Family and transport in one byte.
    private enum Family: UInt8 {
        case tcp4 = 0x11
        case tcp6 = 0x21
    }

    private static func text(_ address: ArraySlice<UInt8>) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = address.count == 16 ? AF_INET6 : AF_INET
        let bytes = Array(address)
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
