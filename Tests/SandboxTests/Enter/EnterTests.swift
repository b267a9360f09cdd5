// SPDX-License-Identifier: Apache-2.0
// Processes that enter a running container: what they are, and how they end. Real containers, as root.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A process that enters a container", .enabled(if: TestHost.isRoot), .serialized)
struct EnterTests {
    @Test("has its own streams, environment, working directory and exit code")
    func streams() async throws {
        try await EnterScene.with { scene in
            let result = try await scene.shell(
                "pwd; cat; echo $PATH >&2; exit 7",
                input: "in\n",
                directory: "/etc"
            )
            #expect(result.output == "/etc\nin\n")
            #expect(result.errors == "/bin\n")
            #expect(result.report.ending == .exited(code: 7))
            let large = String(repeating: "x", count: 1 << 20)
            #expect(try await scene.shell("cat", input: large).output == large)
        }
    }

    @Test(
        "has what PID 1 has: ids, capabilities, filter, namespaces, mounts, limits, cgroups",
        arguments: [ContainerUser(), ContainerUser(uid: 1000, gid: 7, supplementaryGroups: [8, 9])],
        [false, true]
    )
    func sameAsFirst(user: ContainerUser, sharesEmptyNetwork: Bool) async throws {
        let question = """
            grep -E '^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Seccomp_filters|Cap...|SigBlk|SigIgn):' /proc/$1/status
            cat /proc/$1/limits /proc/$1/cgroup /proc/$1/oom_score_adj /proc/$1/mountinfo
            for n in pid mnt ipc net uts user cgroup; do readlink /proc/$1/ns/$n; done; readlink /proc/$1/root
            """
        let answer = "set -- self; " + question + "\nexec sleep 1000"
        try await EnterScene.with(
            "{ \(answer.replacingOccurrences(of: "exec sleep 1000", with: "true")); } > /tmp/first; echo; exec sleep 1000",
            plan: {
                $0.user = user
                $0.capabilities = ["CAP_CHOWN", "CAP_KILL"]
                $0.limits.memory = try ByteCount("64Mi", field: "")
            },
            sharesEmptyNetwork: sharesEmptyNetwork
        ) { scene in
            _ = await scene.sandbox.nextOutput()
            let first = try await scene.shell("cat /tmp/first").output
            #expect(first.split(separator: "\n").count > 40, "\(first)")
            let entered = try await scene.shell("set -- self; " + question)
            #expect(entered.output == first)
        }
    }

    @Test("may be another user than PID 1, who has PID 1's capabilities as root only")
    func otherUser() async throws {
        let script = "id -u; id -g; id -G; grep -E '^Cap(Prm|Eff|Amb|Inh):' /proc/self/status"
        try await EnterScene.with(plan: { $0.capabilities = ["CAP_CHOWN"] }) { scene in
            let other = ContainerUser(uid: 33, gid: 34, supplementaryGroups: [5])
            let lines = try await scene.shell(script, user: other).output.split(separator: "\n")
            #expect(lines.prefix(3) == ["33", "34", "34 5"])
            #expect(lines.count == 7 && lines.dropFirst(3).allSatisfy { $0.hasSuffix("0000000000000000") })
        }
        try await EnterScene.with(plan: {
            $0.user = ContainerUser(uid: 33, gid: 34)
            $0.capabilities = ["CAP_CHOWN"]
        }) { scene in
            let lines = try await scene.shell(script, user: ContainerUser()).output.split(separator: "\n")
            #expect(lines.prefix(2) == ["0", "0"])
            #expect(lines.contains { $0.hasPrefix("CapEff") && $0.hasSuffix("0000000000000001") }, "\(lines)")
        }
    }

    @Test("in an image with nothing but the program and in a read-only root")
    func bareImages() async throws {
        try await EnterScene.with(plan: { $0.readOnlyRoot = true }) { scene in
            let result = try await scene.shell(
                "echo x > /etc/x || echo refused; echo y > /tmp/y && cat /tmp/y"
            )
            #expect(result.output == "refused\ny\n", "\(result)")
        }
        try await EnterScene.with(plan: { _ in }, makesOverlays: true) { scene in
            let result = try await scene.shell("echo y > /etc/y && cat /etc/y")
            #expect(result.output == "y\n", "\(result)")
        }
    }

    @Test("that is not there, or cannot be executed, reports that instead of an exit")
    func notExecuted() async throws {
        try await EnterScene.with { scene in
            try "#!/no/such/interpreter\n".write(
                toFile: scene.host.plan.rootfs + "/bin/script",
                atomically: false,
                encoding: .utf8
            )
            chmod(scene.host.plan.rootfs + "/bin/script", 0o755)
            let missing = try await scene.run(["no-such-program"]).report
            #expect(missing.ending == .execFailed(errorNumber: ENOENT))
            #expect(ContainerEnd(missing, program: "x").shellCode == 127)
            let folder = try await scene.run(["/etc"]).report
            #expect(folder.ending == .execFailed(errorNumber: EACCES))
            #expect(ContainerEnd(folder, program: "x").shellCode == 126)
            let script = try await scene.run(["/bin/script"]).report
            #expect(script.ending == .execFailed(errorNumber: ENOENT))
            #expect(script.missingInterpreter == "/no/such/interpreter")
            let lost = try await scene.run(["/bin/busybox", "true"], directory: "/no/such").report
            guard case .notStarted(let reason) = lost.ending else {
                Issue.record("\(lost)")
                return
            }
            #expect(reason.contains("working directory"))
            #expect(try await scene.shell("exit 3").report.ending == .exited(code: 3))
        }
    }

    @Test("tells how its execution failed, whenever it is asked")
    func failedExecution() async throws {
        try await EnterScene.with { scene in
            for _ in 0..<200 {
                let process = try await scene.start(["no-such-program"])
                // Without a wait in between the answer comes at another moment each time.
                #expect(await process.executed()?.ending == .execFailed(errorNumber: ENOENT))
                _ = await process.exit()
            }
        }
    }

    @Test("ends by its own signals, which do not reach PID 1")
    func signals() async throws {
        try await EnterScene.with { scene in
            let process = try await scene.endless()
            #expect(await process.executed() == nil)
            process.signal(SIGTERM)
            #expect(await process.exit().ending == .signalled(SIGTERM))
            let second = try await scene.endless()
            second.kill()
            #expect(await second.exit().ending == .signalled(SIGKILL))
            #expect(try await scene.shell("echo alive").output == "alive\n")
        }
    }

    @Test("ends with its container, whose slot serves the next one")
    func endsWithContainer() async throws {
        try await EnterScene.with { scene in
            let process = try await scene.endless()
            _ = await process.executed()
            scene.sandbox.kill()
            #expect(await process.exit().ending == .signalled(SIGKILL))
            #expect(await scene.sandbox.exit().ending == .signalled(SIGKILL))
            await #expect(throws: SandboxError.gone("the container")) { _ = try await scene.endless() }
            let next = try await TestHost.run(scene.slot, ["busybox", "echo", "next"])
            #expect(next.output == "next\n")
        }
    }

    @Test("is refused before the program of PID 1 was executed")
    func tooEarly() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let scene = EnterScene(host: host, slot: slot, sandbox: sandbox)
            await #expect(throws: SandboxError.notYet) { _ = try await scene.endless() }
        }
    }

    @Test("does not wait for others that hold its output")
    func leftBehind() async throws {
        try await EnterScene.with { scene in
            let result = try await scene.shell("sleep 1000 & echo gone")
            #expect(result.output == "gone\n")
            #expect(result.report.ending == .exited(code: 0))
        }
    }

    @Test("fails cleanly at the container's limit of processes, and at the number that may enter")
    func bounds() async throws {
        try await EnterScene.with(plan: { $0.limits.pids = 3 }) { scene in
            let first = try await scene.endless()
            _ = await first.executed()
            // PID 1 and the first; one place is left, and its maker needs one for a moment.
            let second = try await Self.refusal { try await scene.shell("true") }
            #expect(second?.contains("limit of processes") == true, "\(second ?? "entered")")
            first.kill()
            _ = await first.exit()
            #expect(try await scene.run(["/bin/busybox", "true"]).report.ending == .exited(code: 0))
        }
        try await EnterScene.with { scene in
            var processes: [any SandboxHandle] = []
            for _ in 0..<CSANDBOX_ENTERED_MAX { processes.append(try await scene.endless()) }
            let more = try await Self.refusal { try await scene.shell("true") }
            #expect(more?.contains("32 processes") == true, "\(more ?? "entered")")
            for process in processes { process.kill() }
            for process in processes { _ = await process.exit() }
            #expect(try await scene.shell("echo again").output == "again\n")
        }
    }

    /// Why a process was refused, at once or by its end.
    private static func refusal(_ body: () async throws -> RunResult) async throws -> String? {
        do {
            guard case .notStarted(let reason) = try await body().report.ending else { return nil }
            return reason
        } catch let error as SandboxError {
            return error.description
        }
    }

    @Test("has a terminal of its own, with its size")
    func terminal() async throws {
        try await EnterScene.with { scene in
            var plan = ProcessPlan(
                command: SandboxCommand(
                    arguments: [
                        "/bin/busybox", "sh", "-c", "tty; read x; stty size; echo $x >&2; tty </dev/tty",
                    ],
                    environment: ["PATH=/bin"]
                ),
                user: ContainerUser(uid: 1000, gid: 1000),
                workingDirectory: "/"
            )
            plan.hasTerminal = true
            let process = try await scene.sandbox.enter(plan) { _ in }
            process.resizeTerminal(rows: 31, columns: 97)
            _ = await process.write(ByteBuffer(string: "word\n"))
            var output = ByteBuffer()
            while let piece = await process.nextOutput() { output.writeImmutableBuffer(piece) }
            #expect(await process.exit().ending == .exited(code: 0))
            let lines = String(buffer: output).split(whereSeparator: \.isNewline)
            #expect(lines.contains("31 97") && lines.contains("word"), "\(lines)")
            // By its name, and as the controlling one.
            #expect(lines.contains { $0.hasPrefix("/dev/pts/") } && lines.contains("/dev/tty"), "\(lines)")
        }
    }

    @Test("a hundred of them leave nothing: processes, descriptors, memory")
    func hundred() async throws {
        try await EnterScene.with { scene in
            // The slot touches the pages that it uses for them with the first ones.
            for _ in 0..<20 { _ = try await scene.shell("true") }
            let before = try await Self.traces(scene)
            for _ in 0..<100 { #expect(try await scene.shell("true").report.ending == .exited(code: 0)) }
            let after = try await Self.traces(scene)
            #expect(after.processes == before.processes && after.processes == 2)
            #expect(after.descriptors == before.descriptors)
            #expect(after.ours <= before.ours)
            let figures = "KiB of the slot's process: \(before.resident), \(after.resident)"
            #expect(after.resident - before.resident < 256, "\(figures)")
        }
    }

    private struct Traces {
        var processes: Int
        /// Of the slot's process, in the gateway's view.
        var descriptors: Int
        /// Of this process.
        var ours: Int
        /// KiB of the slot's process, besides its program.
        var resident: Int
    }

    private static func traces(_ scene: EnterScene) async throws -> Traces {
        let usage = try #require(await scene.sandbox.usage())
        let slot = try #require(SlotProcess.find())
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(slot)/fd").count
        let ours = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        // Counted page by page, where /proc/PID/status estimates; without the program's own file, which is read as it is
        // used.
        let memory = try String(contentsOfFile: "/proc/\(slot)/smaps_rollup", encoding: .utf8)
        let line = memory.split(separator: "\n").first { $0.hasPrefix("Anonymous:") }
        let resident = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        return Traces(
            // The container's own and the one that looks.
            processes: usage.processCount + 1,
            descriptors: descriptors,
            ours: ours,
            resident: try #require(resident)
        )
    }
}
