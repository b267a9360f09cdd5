// SPDX-License-Identifier: Apache-2.0
// Real containers, as root: what a function sees and how its end is reported.

import FunctionModel
import NIOCore
import Testing

@testable import Sandbox

@Suite("Running a sandbox", .enabled(if: TestHost.isRoot), .serialized)
struct SandboxRunTests {
    @Test("stdin goes in, stdout comes out, the exit code is reported")
    func roundTrip() async throws {
        try await TestHost.with { host in
            let result = try await host.shell("cat; echo there; exit 42", input: "hello ")
            #expect(result.output == "hello there\n")
            #expect(result.report.ending == .exited(code: 42))
            #expect(result.report.startNanoseconds > 0)
        }
    }

    @Test("a variable that is no UTF-8 arrives byte for byte")
    func byteVariables() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let script = "printf %s \"$RAW\" | busybox od -An -tx1 | busybox tr -d ' \\n'"
            var command = SandboxCommand(arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
            command.byteEnvironment = [Array("RAW=a".utf8) + [0xff, 0x80, 0xe9]]
            try sandbox.release(command) { _ in }
            sandbox.closeInput()
            guard case .complete(let output, _) = await sandbox.collect(upTo: 65536) else {
                Issue.record("no end")
                return
            }
            #expect(String(buffer: output) == "61ff80e9")
        }
    }

    @Test("PID 1 is the command, with its own processes, host name and loopback only")
    func ownWorld() async throws {
        try await TestHost.with { host in
            let script = """
                echo pid $$; hostname; ls /proc | grep -c '^[0-9]'; cat /proc/net/dev | grep -c :;
                cat /sys/class/net/lo/operstate; cat /proc/self/status | grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:'
                """
            let result = try await host.shell(script)
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines.prefix(2) == ["pid 1", "test-host"], "\(result)")
            #expect(result.output.contains("CapEff:\t0000000000000000"))
            #expect(result.output.contains("CapBnd:\t0000000000000000"))
            #expect(result.output.contains("NoNewPrivs:\t1"))
            #expect(result.output.contains("Seccomp:\t2"))
        }
    }

    @Test("what one sandbox writes, the next one of the same slot does not see")
    func freshness() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let script = "test -e /tmp/f -o -e /f && echo present || echo absent; touch /tmp/f /f"
            for _ in 0..<5 {
                let result = try await TestHost.run(slot, ["sh", "-c", script])
                #expect(result.output == "absent\n", "\(result)")
            }
        }
    }

    @Test("what one sandbox was sent, the next one of the same slot has nowhere in its memory")
    func memory() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let (secret, question) = ("needle-in-a-request", "offemf.jo.b.sfrvftu")
            let scan = ["/bin/probe", "scan", question]
            let own = try await TestHost.run(slot, scan, environment: ["A=\(secret)"], input: secret)
            #expect(own.output.hasPrefix("1 "), "\(own)")
            for _ in 0..<3 {
                let next = try await TestHost.run(slot, scan)
                #expect(next.output.hasPrefix("0 "), "\(next)")
            }
        }
    }

    @Test(
        "each kind of end is reported",
        arguments: [
            ("exit 0", ExitReport.Ending.exited(code: 0)), ("exit 127", .exited(code: 127)),
            ("kill -SEGV $$; sleep 1", .exited(code: 0)),
        ]
    )
    func endings(script: String, ending: ExitReport.Ending) async throws {
        try await TestHost.with { host in
            let result = try await host.shell(script)
            #expect(result.report.ending == ending)
        }
    }

    @Test("a missing command is an exec failure with its errno")
    func missingCommand() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let missing = try await TestHost.run(slot, ["nowhere"])
            #expect(missing.report.ending == .execFailed(errorNumber: 2))
            let folder = try await TestHost.run(slot, ["/etc"])
            #expect(folder.report.ending == .execFailed(errorNumber: 13))
        }
    }

    @Test("a memory hog is killed and reported as out of memory")
    func outOfMemory() async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.limits.memory = .mebibytes(16)
            let result = try await host.shell(
                "head -c 100m /dev/zero | tail -c 90m | wc -c; exit 3",
                plan: plan
            )
            #expect(result.report.oomKilled, "\(result)")
        }
    }

    @Test("10 MiB pass both ways byte for byte")
    func largeBodies() async throws {
        try await TestHost.with { host in
            let body = String(repeating: "0123456789abcdef", count: 655_360)
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            try sandbox.release(SandboxCommand(arguments: ["busybox", "cat"], environment: ["PATH=/bin"])) {
                _ in
            }
            async let written: Bool = {
                let whole = await sandbox.write(ByteBuffer(string: body))
                sandbox.closeInput()
                return whole
            }()
            guard case .open(var output) = await sandbox.collect(upTo: 65536) else {
                Issue.record("10 MiB cannot be complete at once")
                return
            }
            while var piece = await sandbox.nextOutput() { output.writeBuffer(&piece) }
            #expect(await written)
            #expect(String(buffer: output) == body)
            #expect(await sandbox.exit().ending == .exited(code: 0))
        }
    }

    @Test("output without a reader is dropped when the function has ended")
    func abandonedOutput() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            var sandbox: WarmSandbox? = try await slot.makeSandbox()
            weak let observed = sandbox
            let flood = SandboxCommand(
                arguments: ["busybox", "head", "-c", "100000", "/dev/zero"],
                environment: ["PATH=/bin"]
            )
            try sandbox?.release(flood) { _ in }
            sandbox?.closeInput()
            // More than the buffer holds and less than buffer and pipe hold: it ends, and some is never read.
            let ending = await sandbox?.exit().ending
            #expect(ending == .exited(code: 0))
            sandbox = nil
            // The reactor's thread may be in the middle of the exit still.
            for _ in 0..<100 where observed != nil { try await Task.sleep(for: .milliseconds(10)) }
            #expect(observed == nil)
        }
    }
}
