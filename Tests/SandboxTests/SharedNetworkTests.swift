// SPDX-License-Identifier: Apache-2.0
// Slots that share the empty network: without a network namespace of their own until they are called, and then no
// different from others. Real containers, as root.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import Testing

@testable import Sandbox

@Suite("A slot that shares the empty network", .enabled(if: TestHost.isRoot), .serialized)
struct SharedNetworkTests {
    /// Of processes on this host.
    private func network(of process: Int32) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
    }

    /// Slots of the helper, oldest first.
    private func slotProcesses(_ host: TestHost) throws -> [Int32] {
        let children = "/proc/\(host.spawner.processID)/task/\(host.spawner.processID)/children"
        return try String(contentsOfFile: children, encoding: .utf8).split(separator: " ").compactMap {
            Int32($0)
        }
    }

    private func plan(_ host: TestHost, uid: UInt32, capabilities: [String] = []) -> SandboxPlan {
        var plan = host.plan
        plan.user = ContainerUser(uid: uid, gid: uid)
        plan.capabilities = capabilities
        return plan
    }

    /// Its network namespace, a connection of its processes over loopback, interfaces, user ids and capabilities.
    private static let look = [
        "sh", "-c",
        """
        busybox readlink /proc/self/ns/net
        busybox nc -l -p 7000 & n=0
        until probe tcp 127.0.0.1 7000 | busybox grep '^0 0'; do
            n=$((n + 1)); test $n -lt 200 || break; busybox usleep 10000; done
        busybox ls /sys/class/net; busybox cat /sys/class/net/lo/flags
        busybox grep -c : /proc/net/dev; busybox wc -l < /proc/net/route
        busybox grep -E '^(Uid|Gid|Cap)' /proc/self/status; probe call 272 0x40000000
        """,
    ]

    /// What every function sees, whatever its slot did before; the namespace apart.
    private func expectOrdinary(_ result: RunResult, uid: UInt32, capabilities: UInt64 = 0) -> String {
        let lines = result.output.split(separator: "\n").map(String.init)
        let kept = String(capabilities, radix: 16)
        let set = String(repeating: "0", count: 16 - kept.count) + kept
        let none = String(repeating: "0", count: 16)
        let ids = (1...4).map { _ in "\(uid)" }.joined(separator: "\t")
        let expected =
            ["0 0", "lo", "0x9", "1", "1", "Uid:\t" + ids, "Gid:\t" + ids, "CapInh:\t" + none]
            + ["CapPrm:\t" + set, "CapEff:\t" + set, "CapBnd:\t" + set, "CapAmb:\t" + none, "-1 1"]
        #expect(Array(lines.dropFirst()) == expected, "\(result)")
        return lines.first ?? ""
    }

    /// The network namespace that the slot's next sandbox sees.
    private static func name(_ slot: Slot) async throws -> String {
        let result = try await TestHost.run(slot, ["sh", "-c", "readlink /proc/self/ns/net"])
        return String(result.output.dropLast())
    }

    @Test(
        "shares a network namespace while it waits, and its functions have one of their own, as any",
        arguments: [
            (UInt32(0), [String]()), (UInt32(1000), [String]()), (UInt32(0), ["CAP_CHOWN", "CAP_SETUID"]),
        ]
    )
    func called(uid: UInt32, capabilities: [String]) async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let plan = plan(host, uid: uid, capabilities: capabilities)
            let mask = try Capabilities.mask(capabilities)
            let slots = [
                try await host.spawner.makeSlot(plan, sharesEmptyNetwork: true),
                try await host.spawner.makeSlot(plan, sharesEmptyNetwork: true),
            ]
            defer { for slot in slots { slot.retire() } }
            let processes = try slotProcesses(host)
            let shared = Set(try processes.map(network))
            #expect(processes.count == 2 && shared.count == 1)
            let hosts = try network(of: getpid())
            #expect(!shared.contains(hosts))
            var kept: [String] = []
            for slot in slots {
                // What each of them does over loopback costs its namespace.
                for _ in 0..<3 {
                    let result = try await TestHost.run(slot, Self.look)
                    let own = expectOrdinary(result, uid: uid, capabilities: mask)
                    #expect(!shared.union([hosts]).contains(own))
                }
                let names = try await [Self.name(slot), Self.name(slot)]
                #expect(Set(names).count == 1, "nobody used it")
                kept += names.prefix(1)
            }
            #expect(shared.union(kept).union([hosts]).count == 4, "\(kept) \(shared)")
            let own = try processes.map(network)
            #expect(Set(own) == Set(kept))
        }
    }

    @Test("has a network namespace of its own from the start when it was not asked to share")
    func ownNetwork() async throws {
        try await TestHost.with { host in
            let slots = [
                try await host.spawner.makeSlot(host.plan), try await host.spawner.makeSlot(host.plan),
            ]
            defer { for slot in slots { slot.retire() } }
            let networks = try slotProcesses(host).map(network)
            #expect(Set(networks).count == 2)
        }
    }

    @Test("ends with a sandbox that is given back unused")
    func unused() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan, sharesEmptyNetwork: true)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            sandbox.kill()
            guard case .notStarted = await sandbox.exit().ending else {
                Issue.record("nothing of it has run")
                return
            }
            let deadline = ContinuousClock.now + .seconds(10)
            while try !slotProcesses(host).isEmpty {
                try #require(ContinuousClock.now < deadline, "its process is still there")
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("reports before the call that its working directory is not a folder")
    func workingDirectory() async throws {
        try await TestHost.with { host in
            for uid in [UInt32(1000), 0] {
                var plan = plan(host, uid: uid)
                plan.workingDirectory = "/bin/busybox"
                let slot = try await host.spawner.makeSlot(plan, sharesEmptyNetwork: true)
                defer { slot.retire() }
                let expected = SandboxError.setup(step: "working directory", errorNumber: ENOTDIR)
                await #expect(throws: expected) { _ = try await slot.makeSandbox() }
            }
        }
    }

    @Test(
        "executes nothing when no network namespace can be made, and says so",
        arguments: [UInt32(0), 1000]
    )
    func noNamespace(uid: UInt32) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(plan(host, uid: uid), sharesEmptyNetwork: true)
            defer { slot.retire() }
            let process = try #require(try slotProcesses(host).first)
            try Self.setNetworksMax(0, inUserNamespaceOf: process)
            let result = try await TestHost.run(slot, ["sh", "-c", "echo executed"])
            #expect(result.output.isEmpty)
            guard case .lost(let reason) = result.report.ending else {
                Issue.record("\(result)")
                return
            }
            #expect(reason.contains("network namespace of the sandbox") && reason.contains("\(ENOSPC)"))
            await #expect(throws: SandboxError.setup(step: "slot namespaces", errorNumber: ENOSPC)) {
                _ = try await slot.makeSandbox()
            }
        }
    }

    @Test("is refused for what needs a network from the start, or serves one sandbox only")
    func refused() async throws {
        let expected = SandboxError.setup(step: "protocol", errorNumber: EINVAL)
        try await TestHost.with { host in
            var terminal = host.plan
            terminal.hasTerminal = true
            var mounts = host.plan
            mounts.mounts = [SandboxMount(source: .memory(sizeBytes: 4096), target: "/tmp")]
            for plan in [terminal, mounts] {
                await #expect(throws: expected) {
                    _ = try await host.spawner.makeSlot(plan, sharesEmptyNetwork: true)
                }
            }
            let next = try await host.shell("echo works")
            #expect(next.output == "works\n")
        }
        try await TestNetwork.with { host, _ in
            var plan = host.plan
            plan.network = .egress
            let egress = plan
            await #expect(throws: expected) {
                _ = try await host.spawner.makeSlot(egress, sharesEmptyNetwork: true)
            }
        }
    }

    /// Writes the limit of a user namespace (namespaces(7)) from inside of it; no other namespace is affected.
    private static func setNetworksMax(_ count: Int, inUserNamespaceOf process: Int32) throws {
        let command = Process()
        command.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
        command.arguments = [
            "-U", "-t", "\(process)", "sh", "-c", "echo \(count) > /proc/sys/user/max_net_namespaces",
        ]
        try command.run()
        command.waitUntilExit()
        try #require(command.terminationStatus == 0)
    }
}
