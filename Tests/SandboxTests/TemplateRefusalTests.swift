// SPDX-License-Identifier: Apache-2.0
// Programs that cannot be copied, each refused with its reason; and templates that die.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A template", .enabled(if: TestHost.isRoot && Probe.hasCompiler), .serialized)
struct TemplateRefusalTests {
    /// Mode of Programs/template.c, and the reason.
    private static let refusals: [(String, String)] = [
        ("thread", "it has 2 threads"),
        ("child", "it has 1 child or other processes"),
        ("zombie", "it has 1 child or other processes"),
        ("orphan", "it has 1 child or other processes"),
        ("vm", "it has 1 child or other processes"),
        ("filter", "it has installed a system call filter"),
        ("stdout", "its standard streams are not those it was given"),
        ("closed", "its standard streams are not those it was given"),
        ("output", "it has written to its standard output before its request"),
        ("pipe", "descriptor 3 is open: pipe:["),
        ("lock", "descriptor 3 is open: /etc/hosts"),
        ("deleted", "descriptor 3 is open: /tmp/gone (deleted)"),
        ("renamed", "descriptor 3 is open: /tmp/a (deleted)"),
        ("files", "is open: too many files"),
        ("epoll", "descriptor 3 is open: anon_inode:[eventpoll]"),
        ("eventfd", "descriptor 3 is open: anon_inode:[eventfd]"),
        ("inotify", "descriptor 3 is open: anon_inode:inotify"),
        ("timerfd", "descriptor 3 is open: anon_inode:[timerfd]"),
        ("socket", "descriptor 3 is open: socket:["),
        ("folder", "descriptor 3 is open: /etc"),
        ("path", "descriptor 3 is open: /etc/hosts"),
        ("writer", "descriptor 3 is open: /tmp/log"),
        ("anonymous", "it shares memory that a copy cannot have: /dev/zero"),
        ("memfd", "it shares memory that a copy cannot have: /memfd:x"),
        ("segment", "it shares memory that a copy cannot have: /SYSV"),
        ("dontfork", "it shares memory that a copy cannot have"),
        ("mappings", "it has more than 8192 memory mappings"),
        ("timer", "it has a timer"),
        ("end", "its program ended before it read its request"),
    ]

    @Test("that a copy would not be independent of is refused with the reason", arguments: refusals)
    func refused(mode: String, reason: String) async throws {
        try await TemplateHost.with { host in
            let error = await #expect(throws: SandboxError.self) { try await host.slot(mode) }
            #expect(error?.description.contains(reason) == true, "\(mode): \(String(describing: error))")
            // Others do not notice.
            let other = try await host.host.shell("echo well")
            #expect(other.output == "well\n")
        }
    }

    @Test("that never reads its request is refused after its time")
    func neverReady() async throws {
        try await TemplateHost.with { host in
            let error = await #expect(throws: SandboxError.self) { try await host.slot("sleep") }
            #expect(
                error == .notCopyable("it was not waiting for its request after 9 s"),
                "\(String(describing: error))"
            )
        }
    }

    @Test("whose folder was removed makes no copy, and leaves nothing")
    func removedFolder() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("cwd")
            let error = await #expect(throws: SandboxError.self) { try await slot.makeSandbox() }
            #expect(
                error == .setup(step: "set-up in the copy", errorNumber: ENOENT),
                "\(String(describing: error))"
            )
            slot.retire()
            try await Self.leavesNothing(host)
        }
    }

    @Test("is not made where the spawner makes overlays")
    func oldKernel() async throws {
        try await TemplateHost.with(makesOverlays: true) { host in
            let error = await #expect(throws: SandboxError.self) { try await host.slot("plain") }
            #expect(error == .notCopyable("templates need Linux 6.6 or later"))
        }
    }

    @Test("makes a hundred copies, after which the slot has what it had before")
    func leavesNothingInTheSlot() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("own")
            defer { slot.retire() }
            let process = try #require(try Self.slotProcess(host))
            var first: String?
            for turn in 0..<100 {
                let answer = try await TemplateHost.run(slot, "cwd ids")
                #expect(answer.output.hasPrefix("cwd /tmp/work mark 0\npid 1 "), "\(turn): \(answer)")
                guard turn % 25 == 4 else { continue }
                let now = try await Self.settledPossessions(of: process, as: first)
                first = first ?? now
                #expect(now == first, "turn \(turn)")
            }
        }
    }

    @Test("that is killed ends no running copy; the next one is refused, and a new slot works")
    func killedTemplate() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            let process = try #require(try Self.slotProcess(host))
            let sandbox = try await Self.assignedCopy(of: slot)
            let template = try #require(
                try Self.children(of: process).first { try Self.isTraced($0) },
                "a stopped child"
            )
            kill(template, SIGKILL)
            #expect(await sandbox.write(ByteBuffer(string: "ids")))
            sandbox.closeInput()
            guard case .complete(let output, _) = await sandbox.collect(upTo: 1024) else {
                Issue.record("the copy did not end with its template killed")
                return
            }
            #expect(String(buffer: output).hasPrefix("pid 1 "))
            await #expect(throws: SandboxError.self) { try await slot.makeSandbox() }
            slot.retire()
            try await Self.leavesNothing(host)
            let other = try await host.slot("plain")
            defer { other.retire() }
            let answer = try await TemplateHost.run(other, "ids")
            #expect(answer.output.hasPrefix("pid 1 "))
        }
    }

    @Test("dies with its slot, and its copy with it")
    func killedSlot() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            let process = try #require(try Self.slotProcess(host))
            let sandbox = try await Self.assignedCopy(of: slot)
            kill(process, SIGKILL)
            guard case .lost = await sandbox.exit().ending else {
                Issue.record("the sandbox outlived its slot")
                return
            }
            try await Self.leavesNothing(host)
        }
    }

    /// A copy that waits for its input.
    private static func assignedCopy(of slot: Slot) async throws -> WarmSandbox {
        let sandbox = try await slot.makeSandbox()
        try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
        try sandbox.assign()
        return sandbox
    }

    /// What a slot has once it has tidied up after a copy: two samples in a row are the same, and as `expected`; after
    /// two seconds without, the last sample.
    private static func settledPossessions(of process: pid_t, as expected: String?) async throws -> String {
        var last = try possessions(of: process)
        for _ in 0..<100 {
            try await Task.sleep(for: .milliseconds(20))
            let now = try possessions(of: process)
            if now == last, now == expected ?? now { break }
            last = now
        }
        return last
    }

    /// Waits until the spawner has no descendant except its own.
    private static func leavesNothing(_ host: TemplateHost) async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while try slotProcess(host) != nil || hasTemplate(host) {
            guard ContinuousClock.now < deadline else {
                Issue.record("a slot or its template is left")
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Whether a template is a child of the spawner, which inherits the children of a dead slot.
    private static func hasTemplate(_ host: TemplateHost) throws -> Bool {
        try children(of: host.host.spawner.processID).contains { try name($0) == "template" }
    }

    /// The process of the only slot that is bound.
    private static func slotProcess(_ host: TemplateHost) throws -> pid_t? {
        try children(of: host.host.spawner.processID).first { try !children(of: $0).isEmpty }
    }

    private static func children(of process: pid_t) throws -> [pid_t] {
        let path = "/proc/\(process)/task/\(process)/children"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    private static func name(_ process: pid_t) throws -> String {
        let text = (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func isTraced(_ process: pid_t) throws -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        return text.contains("State:\tt")
    }

    /// Descriptors, mounts and children of a slot's process.
    private static func possessions(of process: pid_t) throws -> String {
        let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").sorted()
        let mounts = try String(contentsOfFile: "/proc/\(process)/mountinfo", encoding: .utf8)
        return "\(files) \(mounts.split(separator: "\n").count) \(try children(of: process).count)"
    }
}
