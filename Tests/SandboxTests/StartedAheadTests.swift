// SPDX-License-Identifier: Apache-2.0
// Programs that are started before their invocation is known, in real containers.

import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A program that is started ahead", .enabled(if: TestHost.isRoot), .serialized)
struct StartedAheadTests {
    private static let waitMax = Duration.seconds(10)

    @Test("gets its input when it is assigned, and its times count from then", arguments: [false, true])
    func assigned(preparesNext: Bool) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            // Some processor time that is not the invocation's.
            let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo up; cat"
            try sandbox.start(Self.command(busy)) { _ in }
            let up = await sandbox.nextOutput()
            #expect(up.map { String(buffer: $0) } == "up\n")
            try sandbox.assign(preparesNext: preparesNext)
            #expect(await sandbox.write(ByteBuffer(string: "hello")))
            sandbox.closeInput()
            guard case .complete(let output, let report) = await sandbox.collect(upTo: 1024) else {
                Issue.record("more output than written")
                return
            }
            #expect(String(buffer: output) == "hello")
            #expect(report.ending == .exited(code: 0))
            #expect(report.startNanoseconds == 0)
            #expect(!report.waitedForSetUp)
            // The loop takes some hundred milliseconds.
            #expect(report.userTimeMicroseconds < 50_000, "\(report)")
            #expect(try await TestHost.run(slot, ["sh", "-c", "echo next"]).output == "next\n")
        }
    }

    @Test("serves one invocation after the other, and its exit has the processor time of all of them")
    func assignedAgain() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let script =
                "while read -r word; do i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; echo $word; done; exit 5"
            try sandbox.start(Self.command(script)) { _ in }
            for number in 1...5 {
                try sandbox.assign(preparesNext: false)
                #expect(throws: SandboxError.self) { try sandbox.assign(preparesNext: false) }
                #expect(await sandbox.write(ByteBuffer(string: "\(number)\n")))
                #expect(await sandbox.nextOutput() == ByteBuffer(string: "\(number)\n"))
                sandbox.unassign()
                #expect(await sandbox.exit().ending == .returned)
            }
            try sandbox.assign(preparesNext: false)
            sandbox.closeInput()
            let report = await sandbox.exit()
            #expect(report.ending == .exited(code: 5))
            // Each loop takes tens of milliseconds.
            #expect(report.userTimeMicroseconds > 50_000, "\(report)")
        }
    }

    @Test("may be assigned before it executes")
    func assignedAtOnce() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            for _ in 0..<20 {
                let sandbox = try await slot.makeSandbox()
                try sandbox.start(Self.command("cat")) { _ in }
                try sandbox.assign(preparesNext: true)
                #expect(await sandbox.write(ByteBuffer(string: "x")))
                sandbox.closeInput()
                guard case .complete(let output, let report) = await sandbox.collect(upTo: 16) else {
                    Issue.record("more output than written")
                    return
                }
                #expect(String(buffer: output) == "x")
                #expect(report.ending == .exited(code: 0))
            }
        }
    }

    @Test("that exits before its assignment is reported with its exit, and cannot be assigned")
    func exitsBefore() async throws {
        try await Self.unused(script: "exit 3", reason: "exit code 3") { _ in }
    }

    @Test("that is killed before its assignment is reported as well")
    func killedBefore() async throws {
        try await Self.unused(script: "echo up; sleep 100", reason: "signal 9") { $0.kill() }
    }

    @Test("in a slot that is given up is reported as well")
    func retiredBefore() async throws {
        try await Self.unused(script: "sleep 100", reason: "the slot (retired) is gone") { $0.slot.retire() }
    }

    private static func unused(
        script: String,
        reason: String,
        _ end: (WarmSandbox) -> Void
    ) async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let (reasons, told) = AsyncStream<String>.makeStream()
            sandbox.whenUnused { told.yield($0) }
            try sandbox.start(command(script)) { _ in }
            // Killed earlier, it would be killed before its program ran.
            if script.hasPrefix("echo") { _ = await sandbox.nextOutput() }
            end(sandbox)
            let limit = Task {
                try await Task.sleep(for: waitMax)
                told.finish()
            }
            let found = await reasons.first { _ in true }
            limit.cancel()
            #expect(found?.contains(reason) == true, "\(found ?? "nothing")")
            #expect(throws: SandboxError.self) { try sandbox.assign() }
        }
    }

    private static func command(_ script: String) -> SandboxCommand {
        SandboxCommand(arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
    }
}
