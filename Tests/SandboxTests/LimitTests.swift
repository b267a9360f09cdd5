// SPDX-License-Identifier: Apache-2.0
// Functions that take what they can get: each limit stops them, and the next sandbox works. Real containers, as root.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A limit", .enabled(if: TestHost.isRoot), .serialized)
struct LimitTests {
    @Test("of processes stops a fork bomb, and nothing of it is left")
    func forkBomb() async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.limits.pids = 16
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let bomb =
                "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done; ls /proc | grep -c '^[0-9]'"
            let result = try await TestHost.run(slot, ["sh", "-c", bomb])
            #expect(result.errors.contains("fork"), "\(result)")
            #expect(result.report.limitsReached == [.pids])
            let after = try await TestHost.run(slot, ["sh", "-c", "ls /proc | grep -c '^[0-9]'"])
            // The shell, ls and grep.
            #expect(after.output == "3\n")
            #expect(
                after.report.limitsReached.isEmpty,
                "a limit that one sandbox reached is not the next one's"
            )
        }
    }

    @Test("is a slot's own, whatever the slot before it in the same cgroup had")
    func anotherSlots() async throws {
        try await TestHost.with { host in
            for pids in [16, 64, 16] {
                var plan = host.plan
                plan.limits.pids = pids
                let slot = try await host.spawner.makeSlot(plan)
                let started = "i=0; while [ $i -lt 30 ]; do sleep 60 & i=$((i+1)); done; echo $i"
                let result = try await TestHost.run(slot, ["sh", "-c", started])
                #expect(result.report.limitsReached == (pids == 16 ? [.pids] : []), "\(result)")
                slot.retire()
                // The next one takes its place when it is reaped.
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    @Test("of the disk stops a writer, everywhere it can write", arguments: ["/f", "/tmp/f", "/dev/shm/f"])
    func disk(path: String) async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.limits.disk = .mebibytes(4)
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let script = "head -c 6m /dev/zero > \(path); wc -c < \(path)"
            let result = try await TestHost.run(slot, ["sh", "-c", script])
            #expect(result.output == "4194304\n", "\(result)")
            #expect(result.report.limitsReached == [.disk])
            #expect(try await TestHost.run(slot, ["sh", "-c", ":"]).report.limitsReached.isEmpty)
        }
    }

    @Test("of open files ends at the soft limit")
    func openFiles() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let result = try await host.shell("probe flood")
            #expect(result.output == "1021 24\n")
        }
    }

    @Test("of memory is reported, also when only a child of the command reached it")
    func childMemory() async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.limits.memory = .mebibytes(16)
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let result = try await TestHost.run(
                slot,
                ["sh", "-c", "sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'; echo survived"]
            )
            #expect(result.output == "survived\n" && result.report.ending == .exited(code: 0), "\(result)")
            #expect(result.report.oomKilled)
            let next = try await TestHost.run(slot, ["sh", "-c", "exit 3"])
            #expect(next.report.ending == .exited(code: 3) && !next.report.oomKilled)
        }
    }

    @Test("of memory counts the writable layer too")
    func layerMemory() async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.limits.memory = .mebibytes(16)
            plan.limits.disk = .mebibytes(64)
            let result = try await host.shell("head -c 40m /dev/zero > /tmp/f", plan: plan)
            #expect(result.report.oomKilled, "\(result)")
        }
    }

    @Test("on objects that the kernel counts per user is each sandbox's own: no sandbox can use up another's")
    func perUser() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let slots = [
                try await host.spawner.makeSlot(host.plan), try await host.spawner.makeSlot(host.plan),
            ]
            defer { for slot in slots { slot.retire() } }
            let hoarder = try await slots[0].makeSandbox()
            try hoarder.release(
                SandboxCommand(arguments: ["/bin/probe", "hoard"], environment: [])
            ) { _ in }
            var piece = try #require(await hoarder.nextOutput())
            let taken = piece.readString(length: piece.readableBytes)
            let other = try await TestHost.run(slots[1], ["/bin/probe", "hoard"])
            #expect(other.output == taken && !other.output.contains("0 "), "\(other)")
            hoarder.closeInput()
            _ = await hoarder.exit()
        }
    }

    @Test("of memory bounds what unread connections hold")
    func socketMemory() async throws {
        try await TestHost.with { host in
            let probe = host.plan.rootfs + "/bin/probe"
            try Probe.compile(to: probe)
            func bytes(_ output: String) -> Int { Int(output.prefix { $0 != " " }) ?? -1 }
            let limit = 64 << 20
            // Without the limit it is more, on this kernel too.
            #expect(bytes(try Probe.onHost(probe, ["unread", "100"])) > limit)
            var plan = host.plan
            plan.limits.memory = ByteCount(bytes: limit)
            let result = try await host.shell("probe unread 100", plan: plan)
            // By the kernel's word on what it took, or by its end for it; a probe that could do nothing says less.
            #expect(result.report.oomKilled || (1 << 20..<limit).contains(bytes(result.output)), "\(result)")
        }
    }

    @Test("of the processor holds a spinning function to its share")
    func processor() async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.limits.cpu = Millicores(count: 200)
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let spin = SandboxCommand(
                arguments: ["sh", "-c", "while :; do :; done"],
                environment: ["PATH=/bin"]
            )
            try sandbox.release(spin) { _ in }
            try await Task.sleep(for: .seconds(1))
            sandbox.kill()
            let report = await sandbox.exit()
            let used = report.userTimeMicroseconds + report.systemTimeMicroseconds
            // A fifth of a second and one period of slack: an unlimited spinner uses five times that.
            #expect(used < 500_000, "\(used) µs")
            #expect(report.ending == .signalled(SIGKILL))
        }
    }
}
