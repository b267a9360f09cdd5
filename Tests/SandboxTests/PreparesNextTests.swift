// SPDX-License-Identifier: Apache-2.0
// A slot that makes its next sandbox unasked: seen from outside, by the processes below the spawner.

import CSandbox
import Foundation
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A slot that prepares its next sandbox", .enabled(if: TestHost.isRoot), .serialized)
struct PreparesNextTests {
    private static let waitMax = Duration.seconds(10)

    @Test("makes its next sandbox before it is requested, and leases that one")
    func unasked() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            #expect(try await Self.end(slot, preparesNext: true) == .exited(code: 0))
            let standing = try await Self.sandboxes(of: host.spawner, count: 1)
            let next = try await TestHost.run(slot, ["sh", "-c", "ls /tmp; echo $$"])
            #expect(next.output == "1\n")
            #expect(standing.allSatisfy { kill($0, 0) != 0 })
        }
    }

    @Test("makes its first sandbox unasked, where the order says so")
    func first() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan, preparesNext: true)
            defer { slot.retire() }
            let standing = try await Self.sandboxes(of: host.spawner, count: 1)
            #expect(try await TestHost.run(slot, ["sh", "-c", "echo first"]).output == "first\n")
            #expect(standing.allSatisfy { kill($0, 0) != 0 })
        }
    }

    /// As many calls as it takes for some to end while the kernel still counts what the function left.
    private static let inflightCalls = 60

    @Test("reports each end, also where descriptors in flight of the function prevent others from being sent")
    func inflight() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            for turn in 1...Self.inflightCalls {
                // A slot with something left in it ends after its report.
                let slot = try await host.spawner.makeSlot(host.plan)
                defer { slot.retire() }
                let sandbox = try await slot.makeSandbox()
                try sandbox.release(Self.command("probe inflight"), preparesNext: true) { _ in }
                sandbox.closeInput()
                // Ends the wait of a call without a report: the slot ends, and the sandbox with it.
                let limit = Task {
                    try await Task.sleep(for: Self.waitMax)
                    slot.retire()
                }
                let report = await sandbox.exit()
                limit.cancel()
                try #require(report.ending == .exited(code: 0), "call \(turn)")
            }
        }
    }

    @Test("reports at once when its unused sandbox ends")
    func standingKilled() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let standing = try await Self.sandboxes(of: host.spawner, count: 1)
            let (reasons, told) = AsyncStream<String>.makeStream()
            sandbox.whenUnused { told.yield($0) }
            for process in standing { kill(process, SIGKILL) }
            let limit = Task {
                try await Task.sleep(for: Self.waitMax)
                told.finish()
            }
            let reason = await reasons.first { _ in true }
            limit.cancel()
            #expect(reason?.isEmpty == false)
            // Also for a later caller.
            sandbox.whenUnused { told.yield($0) }
            let again = await reasons.first { _ in true }
            #expect(again == reason)
        }
    }

    @Test("makes none without a request")
    func asked() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            #expect(try await Self.end(slot, preparesNext: false) == .exited(code: 0))
            // As long as one takes, many times over.
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await Self.sandboxes(of: host.spawner, count: 0).isEmpty)
        }
    }

    @Test("may release the next one at once, which executes when it is set up")
    func releasedAhead() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            var ahead = 0
            // Of so many one at least is released while it is being set up.
            for turn in 1...50 {
                let sandbox = try await slot.makeSandbox()
                try sandbox.release(Self.command("echo \(turn) $$; ls /tmp"), preparesNext: true) { _ in }
                sandbox.closeInput()
                guard case .complete(let output, let report) = await sandbox.collect(upTo: 1024) else {
                    Issue.record("more output than written")
                    return
                }
                #expect(String(buffer: output) == "\(turn) 1\n")
                #expect(report.ending == .exited(code: 0))
                #expect(report.startNanoseconds > 0)
                if report.waitedForSetUp { ahead += 1 }
            }
            #expect(ahead > 0)
        }
    }

    @Test("ends with a sandbox that died before its release, so that no other sandbox reads its message")
    func diedUnreleased() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            _ = try await Self.end(slot, preparesNext: true)
            let next = try await slot.makeSandbox()
            for sandbox in try await Self.sandboxes(of: host.spawner, count: 1) { kill(sandbox, SIGKILL) }
            guard case .notStarted = await next.exit().ending else {
                Issue.record("nothing of it has run")
                return
            }
            #expect {
                try next.release(Self.command("echo stale")) { _ in }
            } throws: { error in
                guard case .gone(let what)? = error as? SandboxError else { return false }
                return what.contains("was killed before")
            }
            // Not a step that fails each time: another slot may well do.
            await #expect {
                try await slot.makeSandbox()
            } throws: { error in
                (error as? SandboxError)?.isDeath == true
            }
        }
    }

    @Test("does not hand a signal for one sandbox to the next one")
    func lateSignal() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            _ = try await Self.end(slot, preparesNext: true)
            let next = try await slot.makeSandbox()
            slot.send(CSANDBOX_SIGNAL, value: SIGKILL, sandbox: 1)
            try next.release(Self.command("sleep 0.2; echo alive")) { _ in }
            next.closeInput()
            #expect(await next.exit().ending == .exited(code: 0))
        }
    }

    /// One sandbox that leaves a file behind, to its end.
    private static func end(_ slot: Slot, preparesNext: Bool) async throws -> ExitReport.Ending {
        let sandbox = try await slot.makeSandbox()
        try sandbox.release(command("echo mine >/tmp/file"), preparesNext: preparesNext) { _ in }
        sandbox.closeInput()
        return await sandbox.exit().ending
    }

    private static func command(_ script: String) -> SandboxCommand {
        SandboxCommand(arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
    }

    /// Processes whose parent is a slot, when there are as many as expected.
    private static func sandboxes(of spawner: Spawner, count: Int) async throws -> [Int32] {
        let deadline = ContinuousClock.now + waitMax
        while true {
            let parents = try parents()
            let slots = Set(parents.filter { $0.value == spawner.processID }.map(\.key))
            let found = parents.filter { slots.contains($0.value) }.map(\.key)
            if found.count == count { return found }
            try #require(ContinuousClock.now < deadline, "\(found.count) sandboxes, not \(count)")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Every living process's parent.
    private static func parents() throws -> [Int32: Int32] {
        var parents: [Int32: Int32] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let id = Int32(name),
                let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { continue }
            let fields = text[text.index(after: end)...].split(separator: " ")
            if fields[0] != "Z", let parent = Int32(fields[1]) { parents[id] = parent }
        }
        return parents
    }
}
