// SPDX-License-Identifier: Apache-2.0
// The root that a slot keeps from one sandbox to the next: for as long as it is unmodified, and not longer.

import Foundation
import Testing

@testable import Sandbox

@Suite("The root of a slot's sandboxes", .enabled(if: TestHost.isRoot), .serialized)
struct KeptRootTests {
    /// Both change only when the root is replaced: they are not set in between.
    private static let birth = "stat -c '%z' /dev/shm /dev/pts"

    /// When the root was made, as one sandbox sees it; then it does what `script` says.
    ///
    /// Takes longer than the steps in which some kernels count a file's time.
    private func birth(_ slot: Slot, then script: String = ":") async throws -> String {
        let result = try await TestHost.run(
            slot,
            ["sh", "-c", "\(Self.birth); \(script) >/dev/null; sleep 0.02"]
        )
        #expect(result.report.ending == .exited(code: 0), "\(result)")
        return result.output
    }

    /// An extended attribute; a file where tmpfs has none, before Linux 6.6.
    private static func mark(_ place: String) -> String {
        "probe mark \(place) | grep -q '^0 ' || echo x >\(place)/f"
    }

    // msgget, semget and shmget of a private object on x86-64.
    private static let messageQueue = "probe call 68 0 0600"
    private static let semaphores = "probe call 64 0 1 0600"
    private static let sharedMemory = "probe call 29 0 4096 0600"

    /// ipc_min_cycle in the kernel's ipc/util.c.
    private static let objectsInOneGo = 64

    /// Makes a System V object and removes it again: what is left is the number that the next one gets.
    private static func removed(_ making: String, control: Int) -> String {
        let remove = control == 66 ? "probe call 66 $1 0 0" : "probe call \(control) $1 0 0"
        return "set -- $(\(making)); \(remove) | grep -q '^0 ' || exit 1"
    }

    private static func probed(_ host: TestHost, readOnly: Bool = false) throws -> SandboxPlan {
        var plan = host.plan
        try Probe.compile(to: plan.rootfs + "/bin/probe")
        plan.readOnlyRoot = readOnly
        return plan
    }

    @Test(
        "is kept by sandboxes that only look",
        arguments: [
            ":", "find / >/dev/null 2>&1 || true", "cat /etc/hosts", "echo hello >/dev/null",
            "probe call 41 1 1 0", ": </dev/ptmx",
        ]
    )
    func kept(script: String) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            let first = try await birth(slot, then: script)
            #expect(first != "")
            for _ in 0..<3 { #expect(try await birth(slot, then: script) == first) }
        }
    }

    @Test("is kept for longer than the kernel counts its objects in one go")
    func keptForLong() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            let first = try await birth(slot)
            for _ in 0..<Self.objectsInOneGo {
                #expect(try await TestHost.run(slot, ["sh", "-c", ":"]).report.ending == .exited(code: 0))
            }
            #expect(try await birth(slot) == first)
        }
    }

    @Test(
        "is replaced after one that left a trace",
        arguments: [
            "echo x >/f", "echo x >/f && rm /f", "mkdir /dev/shm/x", "echo x >/tmp/f", "rm /etc/hosts",
            "mv /bin/probe /bin/other", "chmod 711 /", "chmod 700 /dev/shm", "touch -t 200001010000 /dev/shm",
            "touch -t 200001010000 /", "chmod 600 /dev/pts/ptmx", "chmod 700 /dev/pts",
            Self.mark("/"), Self.mark("/dev/shm"), "probe flag /", "probe flag /dev/shm",
            "touch /dev/mqueue/x", "sleep 0.3; touch /dev/mqueue/x", "chmod 700 /dev/mqueue",
            // Its times have steps of a second; within the one in which the root was made nothing of it is left.
            "sleep 1.1; touch /dev/mqueue/x && rm /dev/mqueue/x",
            Self.messageQueue, Self.semaphores, Self.sharedMemory,
            Self.removed(Self.messageQueue, control: 71), Self.removed(Self.semaphores, control: 66),
            Self.removed(Self.sharedMemory, control: 31),
            // As many as bring the kernel back to the number where it began.
            "for i in $(seq \(Self.objectsInOneGo)); do \(Self.removed(Self.semaphores, control: 66)); done",
        ]
    )
    func anew(script: String) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            let first = try await birth(slot, then: script)
            let second = try await birth(slot)
            #expect(second != first)
            #expect(try await birth(slot) == second)
        }
    }

    @Test(
        "is replaced after one that left a message queue, whichever of them it was",
        arguments: [0, 20, 1100]
    )
    func laterQueue(milliseconds: Int) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            let first = try await birth(slot)
            try await Task.sleep(for: .milliseconds(milliseconds))
            #expect(try await birth(slot, then: "touch /dev/mqueue/x") == first)
            let second = try await TestHost.run(slot, ["sh", "-c", "\(Self.birth); ls /dev/mqueue"])
            #expect(second.output != first)
            #expect(!second.output.contains("x"), "\(second.output)")
        }
    }

    @Test("is replaced after one that left a message queue, also where the numbers have wrapped around")
    func numbersComeRound() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            // The next number then has a predecessor in the same round.
            for _ in 0..<3 { _ = try await birth(slot) }
            let first = try await birth(slot, then: "probe circle | grep -q '^0 ' || exit 1")
            #expect(try await birth(slot) != first)
        }
    }

    @Test(
        "has an unused network namespace, also after a sandbox that has used its own",
        arguments: [false, true]
    )
    func network(sharesEmptyNetwork: Bool) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(
                Self.probed(host),
                sharesEmptyNetwork: sharesEmptyNetwork
            )
            defer { slot.retire() }
            // A connection is tried, and refused, over loopback: two packets.
            let use = "probe tcp 127.0.0.1 1 | grep -q 111"
            // Not the namespaces' names: the number of one that is gone is given out again.
            let look = "cat /proc/net/dev /proc/net/snmp"
            var seen: [String] = []
            for _ in 0..<3 {
                let result = try await TestHost.run(
                    slot,
                    ["sh", "-c", "\(look); \(use)"]
                )
                #expect(result.report.ending == .exited(code: 0), "\(result)")
                seen.append(result.output)
            }
            #expect(Set(seen).count == 1, "\(seen)")
        }
    }

    @Test("comes with nothing of a call before it that lingers in the network namespace without a packet")
    func flowLabels() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            for _ in 0..<3 {
                let result = try await TestHost.run(
                    slot,
                    ["sh", "-c", "grep -c . /proc/net/ip6_flowlabel; probe label"]
                )
                #expect(result.output == "1\n0 0\n", "\(result)")
            }
        }
    }

    @Test(
        "comes with nothing that is on its way between sockets which no process has any more",
        arguments: [false, true]
    )
    func inFlight(sharesEmptyNetwork: Bool) async throws {
        try await TestHost.with { host in
            let plan = try Self.probed(host)
            // The kernel collects them some time after; until then a next call must not meet them.
            for _ in 0..<10 {
                let slot = try await host.spawner.makeSlot(plan, sharesEmptyNetwork: sharesEmptyNetwork)
                defer { slot.retire() }
                let look = "probe abstract left; probe lock /bin/busybox; probe lock /dev/null"
                let leave = "probe cycle left /dev/null; probe cycle other /bin/busybox"
                for _ in 0..<3 {
                    // A slot in which something is left ends, and another one takes its place.
                    guard let result = try? await TestHost.run(slot, ["sh", "-c", "\(look); \(leave)"]) else {
                        break
                    }
                    #expect(result.output == "-1 111\n0 0\n0 0\n1 0\n1 0\n", "\(result)")
                }
            }
        }
    }

    @Test("is kept by sandboxes whose local sockets are gone with them")
    func localSockets() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host))
            defer { slot.retire() }
            let look =
                "\(Self.birth); readlink /proc/self/ns/net; probe call 41 1 1 0 | grep -q ' 0' && probe abstract x"
            var seen: Set<String> = []
            for _ in 0..<3 { seen.insert(try await TestHost.run(slot, ["sh", "-c", look]).output) }
            #expect(seen.count == 1 && seen.first?.contains("-1 111") == true, "\(seen)")
        }
    }

    @Test("keeps its network namespace while it is unused")
    func networkKept() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            var names: Set<String> = []
            for _ in 0..<3 {
                let result = try await TestHost.run(slot, ["sh", "-c", "readlink /proc/self/ns/net"])
                #expect(result.output.hasPrefix("net:"))
                names.insert(result.output)
            }
            #expect(names.count == 1, "\(names)")
        }
    }

    @Test(
        "is replaced where only /tmp and /dev/shm can be written, too",
        arguments: [
            "echo x >/tmp/f", "echo x >/tmp/f && rm /tmp/f", "chmod 700 /tmp", "touch -t 200001010000 /tmp",
            Self.mark("/tmp"), "echo x >/dev/shm/f",
        ]
    )
    func readOnly(script: String) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(Self.probed(host, readOnly: true))
            defer { slot.retire() }
            let first = try await birth(slot)
            #expect(try await birth(slot, then: script) == first)
            #expect(try await birth(slot) != first)
        }
    }

    @Test("shows nothing of the mounts that it is made from, and has one of each kind")
    func mounts() async throws {
        try await TestHost.with { host in
            let result = try await host.shell("cut -d' ' -f5 /proc/self/mountinfo | sort")
            let places = result.output.split(separator: "\n").map(String.init)
            #expect(Set(places).count == places.count, "\(places)")
            #expect(places.contains("/") && places.contains("/proc") && places.contains("/dev/mqueue"))
            #expect(!places.contains { $0.hasPrefix("/base") || $0 == "/newroot" }, "\(places)")
        }
    }

    @Test("covers nothing, even for a process that could unmount it", arguments: [false, true])
    func nothingBeneath(readOnly: Bool) async throws {
        try await TestHost.with { host in
            let plan = try Self.probed(host, readOnly: readOnly)
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(
                Int32.init
            )
            let slots = processes.filter { Self.parent($0) == host.spawner.processID }
            let first = try #require(processes.first { slots.contains(Self.parent($0)) })
            let found = try Probe.onHost(plan.rootfs + "/bin/probe", ["beneath", "/proc/\(first)/ns/mnt"])
            #expect(found == "0 0\n")
            sandbox.kill()
        }
    }

    private static func parent(_ process: Int32) -> Int32 {
        // One that just ended has no file.
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields.count > 2 ? Int32(fields[2]) ?? 0 : 0
    }
}
