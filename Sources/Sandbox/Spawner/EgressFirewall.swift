// SPDX-License-Identifier: Apache-2.0
// The ruleset of the one table for all functions with a network. The supervisor runs nft to load it when the
// first of them needs it.

import CSandbox
import Foundation
import FunctionModel
import Glibc

/// Names and addresses of this gateway's part of the host's network.
struct EgressIdentity: Hashable, Sendable {
    /// Addresses that one gateway has: four for each of 4,000 slots.
    static let prefix: UInt8 = 18
    /// Blocks of 100.64.0.0/10 (RFC 6598: neither public nor in private use), one for each data folder.
    ///
    /// Two gateways with the same block are noticed: the kernel refuses the second one's route.
    static let blocks: UInt64 = 256

    let gatewayHash: UInt64
    /// Distinguishes the tables of two runs.
    let run: UInt32

    init(gatewayHash: UInt64, run: UInt32) {
        self.gatewayHash = gatewayHash
        self.run = run
    }

    init(dataDirectory: String) {
        self.init(
            gatewayHash: CgroupPreparation.gatewayHash(dataDirectory),
            run: UInt32.random(in: 0...UInt32.max)
        )
    }

    /// The addresses of this gateway's slots.
    var network: (address: UInt32, text: String) {
        let address: UInt32 = 100 << 24 | 64 << 16 | UInt32((gatewayHash >> 16) % Self.blocks) << 14
        return (address, IPv4Network.text(address) + "/\(Self.prefix)")
    }

    /// What the names of the host's ends of the interfaces begin with; the slot's number follows.
    var interfacePrefix: String { "mf" + Self.hexadecimal(gatewayHash & 0xffff, digits: 4) + "-" }

    /// As the helper composes it.
    var table: String {
        "mayfly_\(Self.hexadecimal(gatewayHash, digits: 16))_\(Self.hexadecimal(UInt64(run), digits: 8))"
    }

    private static func hexadecimal(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}

enum EgressFirewall {
    /// Where the helper looks for nft.
    private static let places = ["/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft", "/usr/bin/nft"]

    /// Whether this process may change the host's network and the tool for it is there.
    static var isPossible: Bool { HostPrivileges.areFull && places.contains { access($0, X_OK) == 0 } }

    /// The ruleset in a memory file.
    ///
    /// - Throws: ``SandboxError`` when the kernel refuses the file.
    static func rulesetFile(_ identity: EgressIdentity, nameservers: [UInt32]) throws(SandboxError)
        -> OwnedDescriptor
    {
        let file = csandbox_memory_file("ruleset")
        guard file >= 0 else { throw .system(call: "memfd_create", errorNumber: -file) }
        let descriptor = OwnedDescriptor(owning: file)
        let text = ruleset(identity, nameservers: nameservers)
        guard write(file, text, text.utf8.count) == text.utf8.count else {
            throw .system(call: "write", errorNumber: errno)
        }
        return descriptor
    }

    /// One table for nft(8); other tables of the host are not touched.
    ///
    /// Routes inside each slot already refuse what the sets name. These rules hold when a function finds a way around
    /// its routes, and add what routes cannot say: ports, connections, the host itself.
    static func ruleset(_ identity: EgressIdentity, nameservers: [UInt32]) -> String {
        let ours = "\"\(identity.interfacePrefix)*\""
        let group = UInt32(CSANDBOX_EGRESS_GROUP)
        let addresses = nameservers.map { IPv4Network.text($0) }
        return """
            table inet \(identity.table) {
            \(set("refused", EgressPolicy.refused.map(\.text)))
            \(set("never", EgressPolicy.never.map(\.text) + [identity.network.text]))
            \(set("nameservers", addresses))
                chain input {
                    type filter hook input priority filter; policy accept;
                    iifname != \(ours) accept
                    ct state established accept
                    ip daddr @nameservers meta l4proto { tcp, udp } th dport 53 accept
                    drop
                }
                chain forward {
                    type filter hook forward priority filter; policy accept;
                    iifname \(ours) oifname "mf*" drop
                    oifname \(ours) ct state established,related accept
                    oifname \(ours) drop
                    iifname != \(ours) accept
                    meta nfproto ipv6 drop
                    ip saddr != \(identity.network.text) drop
                    fib saddr . iif oif missing drop
                    ip daddr @never drop
                    ip daddr @nameservers meta l4proto { tcp, udp } th dport 53 accept
                    meta iifgroup \(group + CSANDBOX_EGRESS_PUBLIC.rawValue) ip daddr @refused drop
                    meta iifgroup \(group + CSANDBOX_EGRESS_ALLOWED.rawValue) ip daddr @nameservers ip daddr @refused drop
                    accept
                }
                chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr \(identity.network.text) oifname != \(ours) masquerade
                }
            }

            """
    }

    private static func set(_ name: String, _ elements: [String]) -> String {
        let list = elements.isEmpty ? "" : "elements = { \(elements.joined(separator: ", ")) }"
        return "    set \(name) { type ipv4_addr; flags interval; auto-merge; \(list) }"
    }
}
