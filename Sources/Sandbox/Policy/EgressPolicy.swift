// SPDX-License-Identifier: Apache-2.0
// The addresses that a function with `network: egress` reaches, as a list of routes. Pure; SlotOrder sends it.

import CSandbox
import FunctionModel

/// One route inside a slot's network namespace.
struct EgressRoute: Hashable, Sendable {
    enum Kind: UInt8, Sendable { case gateway = 1, refused = 2 }

    var destination: IPv4Network
    var kind: Kind

    var wire: csandbox_route {
        csandbox_route(
            address: destination.address,
            prefix: destination.prefix,
            kind: kind.rawValue,
            unused: 0
        )
    }
}

/// The routes of one function, and what the firewall makes of its packets.
struct EgressPolicy: Hashable, Sendable {
    /// As `csandbox_egress_class`.
    enum FirewallClass: UInt8, Sendable { case publicOnly, allowed, allowedNameservers }

    /// Networks that only a function that names them may reach: private, shared, link-local and other special
    /// ranges (RFC 6890).
    static let refused = IPv4Network.special
    /// Unusable networks: unspecified, loopback, multicast and reserved ranges; always refused.
    static let never = IPv4Network.unreachable

    let routes: [EgressRoute]
    let firewallClass: FirewallClass

    /// - Parameters:
    ///   - allow: `egress_allow` of the function.
    ///   - nameservers: the host's, which may be in a refused network.
    /// - Throws: ``SandboxError/unsupported(_:)`` naming an entry that is not an IPv4 network or may not be named.
    init(allow: [String], nameservers: [UInt32]) throws(SandboxError) {
        var allowed: [IPv4Network] = []
        for text in allow {
            guard let network = IPv4Network(text) else {
                throw .unsupported("'\(text)' in egress_allow; expected an IPv4 network such as 10.1.0.0/16")
            }
            guard !Self.never.contains(where: { $0.contains(network) }) else {
                throw .unsupported("'\(text)' in egress_allow; no address in it is reachable")
            }
            if !allowed.contains(network) { allowed.append(network) }
        }
        let hosts = nameservers.compactMap { IPv4Network($0, prefix: 32) }
        // A refused network inside an allowed one is opened; one that contains an allowed one stays refused around
        // it.
        let refusals = Self.refused.filter { refused in !allowed.contains { $0.contains(refused) } }
        var ways = [IPv4Network(0, prefix: 0)].compactMap { $0 }
        for way in allowed + hosts where !ways.contains(way) { ways.append(way) }
        routes =
            (Self.never + refusals).map { EgressRoute(destination: $0, kind: .refused) }
            + ways.map { EgressRoute(destination: $0, kind: .gateway) }
        let namesNameserver = hosts.contains { host in allowed.contains { $0.contains(host) } }
        firewallClass = allowed.isEmpty ? .publicOnly : namesNameserver ? .allowedNameservers : .allowed
    }
}
