// SPDX-License-Identifier: Apache-2.0
// From the chain of proxies in front to the client: decisions about addresses and fields. Edge asks once per request.

import Contracts
import FunctionModel
import HTTPTypes

/// Where a request came from.
struct ClientOrigin: Hashable, Sendable {
    /// Without port and brackets.
    var address: String
    /// Whether the client's own connection was encrypted, as a trusted proxy says it; nil when none does.
    var isSecure: Bool?
}

/// The networks whose forwarding fields are believed.
struct TrustedProxies: Hashable, Sendable {
    /// Entries of one chain that are looked at, from its end: more proxies than any chain has.
    private static let hopsMax = 32

    private let networks: [IPv4Network]

    init(_ networks: [IPv4Network]) { self.networks = networks }

    /// The client of a request.
    ///
    /// The chain is read from its end: each trusted proxy has appended the address that it saw, and what an untrusted
    /// peer wrote in front of that is not looked at. `Forwarded` (RFC 7239) takes precedence over X-Forwarded-For.
    func client(_ peer: RequestHead.Peer, _ fields: HTTPFields) -> ClientOrigin {
        guard !networks.isEmpty, trusts(peer.remoteAddress) else {
            return ClientOrigin(address: peer.remoteAddress)
        }
        let forwarded = fields[values: .forwarded]
        let chain = forwarded.isEmpty ? Self.plain(fields) : Self.standard(forwarded)
        var origin = ClientOrigin(address: peer.remoteAddress)
        for hop in chain.suffix(Self.hopsMax).reversed() {
            origin.isSecure = hop.isSecure
            guard let address = hop.address else { break }
            origin.address = address
            guard trusts(address) else { break }
        }
        return origin
    }

    /// Whether fields of this peer are to be kept from functions: it may not speak for others.
    func drops(_ peer: RequestHead.Peer) -> Bool { !networks.isEmpty && !trusts(peer.remoteAddress) }

    /// The fields that only trusted proxies may send.
    static let fieldNames: [HTTPField.Name] = [.forwarded, .forwardedFor, .forwardedHost, .forwardedProto]

    /// Whether an address is of a trusted proxy.
    func trusts(_ address: String) -> Bool {
        guard let address = IPv4Network.address(address), let one = IPv4Network(address, prefix: 32) else {
            return false
        }
        return networks.contains { $0.contains(one) }
    }

    private struct Hop {
        /// Nil when it is no address, such as `unknown`.
        var address: String?
        var isSecure: Bool?
    }

    /// X-Forwarded-For, one hop per address; of X-Forwarded-Proto what the nearest proxy wrote.
    private static func plain(_ fields: HTTPFields) -> [Hop] {
        let isSecure = fields[.forwardedProto].map { text in
            text.split(separator: ",").last.map { trimmed($0).lowercased() } == "https"
        }
        return fields[values: .forwardedFor].flatMap { $0.split(separator: ",") }.map { text in
            Hop(address: address(trimmed(text)), isSecure: isSecure)
        }
    }

    /// `for=…;proto=…, for=…`.
    private static func standard(_ values: [String]) -> [Hop] {
        values.flatMap { $0.split(separator: ",") }.map { element in
            var hop = Hop()
            for pair in element.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                var value = trimmed(parts[1])
                if value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count > 1 {
                    value = value.dropFirst().dropLast()
                }
                switch trimmed(parts[0]).lowercased() {
                case "for": hop.address = address(value)
                case "proto": hop.isSecure = value.lowercased() == "https"
                default: break
                }
            }
            return hop
        }
    }

    /// An IPv4 address with or without a port, or an IPv6 address, in brackets when it has one.
    private static func address(_ text: Substring) -> String? {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return colons(text[text.index(after: text.startIndex)..<end])
        }
        if text.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1 { return colons(text) }
        let host = text.prefix { $0 != ":" }
        return IPv4Network.address(host) == nil ? nil : String(host)
    }

    /// The characters of an IPv6 address; what they say matters to no decision.
    private static func colons(_ text: Substring) -> String? {
        let isAddress =
            (2...45).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        return isAddress ? text.lowercased() : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.drop { $0 == " " || $0 == "\t" }
        return front.dropLast(front.reversed().prefix { $0 == " " || $0 == "\t" }.count)
    }
}
