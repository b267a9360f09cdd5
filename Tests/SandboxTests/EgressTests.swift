// SPDX-License-Identifier: Apache-2.0
// `network: egress` against a real kernel: what a function reaches, what it does not, and that nothing is left. As
// root.

import Foundation
import FunctionModel
import Glibc
import Synchronization
import Testing

@testable import Sandbox

@Suite("A function's network", .enabled(if: TestHost.isRoot), .serialized)
struct EgressTests {
    private func plan(_ host: TestHost, allow: [String] = []) -> SandboxPlan {
        var plan = host.plan
        plan.network = .egress
        plan.egressAllow = allow
        return plan
    }

    /// Which of the addresses accept a connection, by text.
    private func reached(
        _ addresses: [String],
        port: UInt16 = TestNetwork.port,
        in host: TestHost,
        allow: [String] = []
    )
        async throws -> [String]
    {
        let script = addresses.map { "probe tcp \($0) \(port)" }.joined(separator: "; ")
        let result = try await host.shell(script, plan: plan(host, allow: allow))
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == addresses.count, "\(result)")
        return zip(addresses, lines).filter { $1 == "0 0" }.map(\.0)
    }

    private func address(_ host: TestHost, slot: UInt32, isHost: Bool) throws -> String {
        let identity = try #require(host.spawner.host.egress)
        return IPv4Network.text(identity.network.address + slot * 4 + (isHost ? 1 : 2))
    }

    @Test("reaches the public internet, under the host's address")
    func outside() async throws {
        try await TestNetwork.with { host, network in
            let found = try await reached([TestNetwork.outside], in: host)
            #expect(found == [TestNetwork.outside])
            var source = pollfd(fd: network.outsideListener, events: Int16(POLLIN), revents: 0)
            try #require(poll(&source, 1, 5_000) == 1)
            var peer = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let accepted = withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept(network.outsideListener, $0, &size)
                }
            }
            close(accepted)
            #expect(IPv4Network.text(UInt32(bigEndian: peer.sin_addr.s_addr)) == TestNetwork.hostAddresses[0])
        }
    }

    @Test("does not reach the host, private networks, link-local services or itself from outside")
    func refused() async throws {
        try await TestNetwork.with { host, _ in
            let addresses =
                TestNetwork.hostAddresses + [
                    try address(host, slot: 1, isHost: true), TestNetwork.inside, TestNetwork.metadata,
                    "255.255.255.255", "224.0.0.1",
                ]
            #expect(try await reached(addresses + [TestNetwork.outside], in: host) == [TestNetwork.outside])
        }
    }

    @Test("does not reach another sandbox that listens, not even with egress_allow")
    func neighbours() async throws {
        try await TestNetwork.with { host, _ in
            // Both may route to each other: only the firewall separates them.
            let shared = "100.64.0.0/10"
            let slot = try await host.spawner.makeSlot(plan(host, allow: [shared]))
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let listen = ["sh", "-c", "while busybox nc -l -p \(TestNetwork.port); do :; done"]
            try sandbox.release(SandboxCommand(arguments: listen, environment: ["PATH=/bin"])) { _ in }
            let neighbour = try address(host, slot: 1, isHost: false)
            #expect(try await reached([neighbour], in: host).isEmpty)
            #expect(try await reached([neighbour], in: host, allow: [shared]).isEmpty)
        }
    }

    @Test("reaches what egress_allow names, and still nothing else")
    func allowed() async throws {
        try await TestNetwork.with { host, _ in
            let addresses =
                [TestNetwork.inside, TestNetwork.outside, TestNetwork.metadata] + TestNetwork.hostAddresses
            let found = try await reached(addresses, in: host, allow: ["10.77.0.0/24"])
            #expect(found == [TestNetwork.inside, TestNetwork.outside])
        }
    }

    @Test("reaches a private name server for DNS only, and finds it in /etc/resolv.conf")
    func nameserver() async throws {
        try await TestNetwork.with { host, _ in
            let file = try await host.shell("busybox cat /etc/resolv.conf", plan: plan(host))
            #expect(file.output == "nameserver \(TestNetwork.inside)\nsearch example.com\n")
            #expect(try await reached([TestNetwork.inside], port: 53, in: host) == [TestNetwork.inside])
            for allow in [[], ["192.168.0.0/16"]] {
                #expect(try await reached([TestNetwork.inside], in: host, allow: allow).isEmpty)
            }
            let none = try await host.shell("busybox cat /etc/resolv.conf")
            #expect(none.output.isEmpty)
        }
    }

    @Test("is held by the firewall where its own routes are gone")
    func firewallAlone() async throws {
        try await TestNetwork.with(nameserver: "203.0.113.53") { host, network in
            let slot = try await host.spawner.makeSlot(plan(host))
            defer { slot.retire() }
            let children = "/proc/\(host.spawner.processID)/task/\(host.spawner.processID)/children"
            let process = try #require(
                try String(contentsOfFile: children, encoding: .utf8).split(separator: " ").first
            )
            let name = network.hostName + "-slot"
            try TestNetwork.ip(["netns", "attach", name, String(process)])
            defer { _ = try? TestNetwork.ip(["netns", "delete", name]) }
            for range in EgressPolicy.refused + EgressPolicy.never {
                try TestNetwork.ip(["-n", name, "route", "delete", "unreachable", range.text])
            }
            let targets = [TestNetwork.inside, TestNetwork.metadata, TestNetwork.outside]
            let script = targets.map { "probe tcp \($0) \(TestNetwork.port)" }.joined(separator: "; ")
            let result = try await TestHost.run(slot, ["sh", "-c", script])
            #expect(result.output == "-1 115\n-1 115\n0 0\n", "\(result)")
        }
    }

    @Test("has IPv4 alone, on one interface besides loopback")
    func interfaces() async throws {
        try await TestNetwork.with { host, _ in
            let script = "busybox ls /sys/class/net; busybox cut -c 1-32 /proc/net/if_inet6"
            let result = try await host.shell(script, plan: plan(host))
            #expect(result.output == "eth0\nlo\n00000000000000000000000000000001\n", "\(result)")
        }
    }

    @Test("is loopback alone, and up, without egress")
    func none() async throws {
        try await TestHost.with { host in
            let result = try await host.shell(
                "busybox ls /sys/class/net; busybox cat /sys/class/net/lo/flags; busybox wc -l < /proc/net/route"
            )
            // IFF_UP and IFF_LOOPBACK; the line is the heading.
            #expect(result.output == "lo\n0x9\n1\n", "\(result)")
        }
    }

    @Test("leaves no interface and no rule on the host when the gateway stops")
    func nothingLeft() async throws {
        try await TestNetwork.with { host, network in
            let slot = try await host.spawner.makeSlot(plan(host))
            let identity = try #require(host.spawner.host.egress)
            #expect(try network.onHost(["ip", "-o", "link"]).contains(identity.interfacePrefix + "1"))
            #expect(try network.onHost(["nft", "list", "tables"]) == "table inet \(identity.table)\n")
            slot.retire()
            await host.spawner.stop()
            #expect(try network.onHost(["nft", "list", "tables"]).isEmpty)
            try await expectNoInterface(identity, network)
        }
    }

    @Test("of a killed helper is cleared away by the next one")
    func killed() async throws {
        try await TestNetwork.with { host, network in
            _ = try await host.spawner.makeSlot(plan(host))
            let identity = try #require(host.spawner.host.egress)
            kill(try #require(host.spawner.supervisorPID), SIGKILL)
            try await expectNoInterface(identity, network)
            #expect(try network.onHost(["nft", "list", "tables"]).contains(identity.table))
            let next = try network.spawner(dataDirectory: host.dataDirectory)
            #expect(try network.onHost(["nft", "list", "tables"]).isEmpty)
            await next.stop()
        }
    }

    @Test("is refused while the firewall's table is gone, and comes back with it")
    func flushed() async throws {
        try await TestNetwork.with { host, network in
            let before = try await reached([TestNetwork.outside], in: host)
            #expect(before == [TestNetwork.outside])
            _ = try network.onHost(["nft", "flush", "ruleset"])
            let expected = SandboxError.setup(step: "egress firewall", errorNumber: ENOENT)
            await #expect(throws: expected) { _ = try await host.spawner.makeSlot(plan(host)) }
            #expect(try await reached([TestNetwork.outside], in: host) == [TestNetwork.outside])
        }
    }

    @Test("is refused with the reason where the host cannot provide one")
    func unsupported() async throws {
        try await TestHost.with { host in
            host.spawner.state.withLock { $0.features = 0 }
            await #expect {
                _ = try await host.spawner.makeSlot(plan(host))
            } throws: { error in
                guard case SandboxError.unsupported(let what) = error else { return false }
                return what.hasPrefix("network: egress")
            }
            #expect(host.spawner.findings.contains { $0.name == "egress" && $0.level == .missing })
        }
    }

    /// The kernel takes an interface away soon after the last process of its namespace: within 5 s here.
    private func expectNoInterface(_ identity: EgressIdentity, _ network: TestNetwork) async throws {
        for _ in 0..<500 {
            if try !network.onHost(["ip", "-o", "link"]).contains(identity.interfacePrefix) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("an interface is left")
    }
}
