// SPDX-License-Identifier: Apache-2.0
// The pure half of `network: egress`: networks in text, routes, resolv.conf, ruleset.

import CSandbox
import FunctionModel
import Testing

@testable import Sandbox

@Suite("An egress policy")
struct EgressPolicyTests {
    private func destinations(_ policy: EgressPolicy, _ kind: EgressRoute.Kind) -> [String] {
        policy.routes.filter { $0.kind == kind }.map(\.destination.text)
    }

    @Test("refuses every private, shared, link-local and special network, and leaves one way out")
    func publicOnly() throws {
        let policy = try EgressPolicy(allow: [], nameservers: [])
        #expect(
            destinations(policy, .refused) == [
                "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "10.0.0.0/8", "100.64.0.0/10",
                "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
            ]
        )
        #expect(destinations(policy, .gateway) == ["0.0.0.0/0"])
        #expect(policy.firewallClass == .publicOnly)
    }

    @Test("opens what egress_allow names and keeps the rest of the range refused")
    func allowed() throws {
        let policy = try EgressPolicy(
            allow: ["10.77.0.0/24", "10.77.0.0/24", "192.168.1.5"],
            nameservers: []
        )
        #expect(destinations(policy, .gateway) == ["0.0.0.0/0", "10.77.0.0/24", "192.168.1.5/32"])
        #expect(destinations(policy, .refused).contains("10.0.0.0/8"))
        #expect(policy.firewallClass == .allowed)
    }

    @Test("does not refuse a range that is named as a whole, nor ever open what leads nowhere")
    func allNamed() throws {
        let policy = try EgressPolicy(allow: ["10.0.0.0/8", "0.0.0.0/0"], nameservers: [])
        #expect(destinations(policy, .refused) == ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"])
        #expect(destinations(policy, .gateway) == ["0.0.0.0/0", "10.0.0.0/8"])
    }

    @Test("reaches private name servers, and reports whether egress_allow lists them")
    func nameservers() throws {
        let server = try #require(IPv4Network.address("10.0.0.53"))
        let closed = try EgressPolicy(allow: ["192.168.0.0/16"], nameservers: [server])
        #expect(destinations(closed, .gateway).contains("10.0.0.53/32"))
        #expect(closed.firewallClass == .allowed)
        let open = try EgressPolicy(allow: ["10.0.0.0/24"], nameservers: [server])
        #expect(open.firewallClass == .allowedNameservers)
    }

    @Test(
        "names the entry that is not an IPv4 network or leads nowhere",
        arguments: [
            "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/", "fd00::/8", "", "host",
            "127.0.0.1", "224.0.0.1", "10.0.0.0/8/8", "1.2.3.4 ",
        ]
    )
    func badEntries(entry: String) {
        #expect(throws: SandboxError.self) { try EgressPolicy(allow: [entry], nameservers: []) }
    }

    @Test("agrees with the wire contract about kinds and classes")
    func wire() throws {
        #expect(UInt32(EgressRoute.Kind.gateway.rawValue) == CSANDBOX_ROUTE_GATEWAY.rawValue)
        #expect(UInt32(EgressRoute.Kind.refused.rawValue) == CSANDBOX_ROUTE_REFUSED.rawValue)
        let classes: [EgressPolicy.FirewallClass] = [.publicOnly, .allowed, .allowedNameservers]
        let expected = [
            CSANDBOX_EGRESS_PUBLIC, CSANDBOX_EGRESS_ALLOWED, CSANDBOX_EGRESS_ALLOWED_NAMESERVERS,
        ]
        #expect(classes.map { UInt32($0.rawValue) } == expected.map(\.rawValue))
    }
}

@Suite("A host's resolver")
struct HostResolverTests {
    @Test("keeps three IPv4 servers and the search list, in their order")
    func plain() {
        let resolver = HostResolver(files: [
            """
            # made by hand
            nameserver 10.0.0.53
            nameserver fe80::1
            nameserver 10.0.0.53
            nameserver 9.9.9.9
            nameserver 1.1.1.1
            nameserver 8.8.8.8
            search example.com internal
            options ndots:2
            """
        ])
        #expect(
            resolver.fileContent == """
                nameserver 10.0.0.53
                nameserver 9.9.9.9
                nameserver 1.1.1.1
                search example.com internal

                """
        )
    }

    @Test("looks behind a stub on loopback")
    func stub() {
        let resolver = HostResolver(files: ["nameserver 127.0.0.53\n", "nameserver 192.0.2.53\n"])
        #expect(resolver.fileContent == "nameserver 192.0.2.53\n")
    }

    @Test("is empty when no server can be reached from elsewhere")
    func nothing() {
        #expect(HostResolver(files: ["nameserver 127.0.0.1\nsearch example.com\n", ""]).fileContent.isEmpty)
    }

    @Test("takes over nothing that is not a domain")
    func hostile() {
        let long = String(repeating: "a", count: HostResolver.searchBytesMax + 1)
        let resolver = HostResolver(files: ["nameserver 192.0.2.53\nsearch a;b \(long)\n"])
        #expect(resolver.fileContent == "nameserver 192.0.2.53\n")
    }
}

@Suite("An egress identity")
struct EgressIdentityTests {
    @Test("gives interfaces, table and addresses their names from the data folder alone, besides the run")
    func names() {
        let identity = EgressIdentity(gatewayHash: 0x0012_3456_00ff_00ab, run: 0x1f)
        #expect(identity.interfacePrefix == "mf00ab-")
        #expect(identity.table == "mayfly_0012345600ff00ab_0000001f")
        #expect(identity.network.text == "100.127.192.0/18")
        #expect(EgressIdentity(gatewayHash: 0, run: 0).network.text == "100.64.0.0/18")
    }

    @Test("keeps four addresses for every slot inside its block, the block inside 100.64.0.0/10")
    func room() {
        #expect(1 << (32 - Int(EgressIdentity.prefix)) >= (Int(CSANDBOX_SLOTS_MAX) + 1) * 4)
        #expect(EgressIdentity.blocks << (32 - UInt64(EgressIdentity.prefix)) == 1 << 22)
    }
}
