// SPDX-License-Identifier: Apache-2.0
// Programs that cannot be copied, each refused with its reason; and templates that die.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A template", .enabled(if: TestHost.isRoot && TemplateHost.isPresent), .serialized)
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
        ("filledpair", "descriptor 3 is open: socket:["),
        ("halfpair", "descriptor 3 is open: socket:["),
        ("closedwatch", "descriptor 5 is open: an epoll set with a closed file or another set"),
        ("nested", "descriptor 3 is open: an epoll set with a closed file or another set"),
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
            try await host.waitForNoSlot()
        }
    }

    @Test("makes no copy where there is no user namespace left for it, says so, and leaves nothing")
    func noUserNamespace() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            let process = try #require(host.slotProcess)
            // The limit of the slot's own user namespace: no other namespace is affected.
            let arguments = [
                "-U", "-t", "\(process)", "sh", "-c", "echo 0 > /proc/sys/user/max_user_namespaces",
            ]
            _ = try Probe.onHost("/usr/bin/nsenter", arguments)
            let error = await #expect(throws: SandboxError.self) { try await slot.makeSandbox() }
            #expect(error?.description.contains("user namespace") == true, "\(String(describing: error))")
            #expect(error?.description.contains("user.max_user_namespaces") == true)
            slot.retire()
            try await host.waitForNoSlot()
        }
    }

    @Test("that is killed ends no running copy; the next one is refused, and a new slot works")
    func killedTemplate() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            let process = try #require(host.slotProcess)
            let sandbox = try await Self.assignedCopy(of: slot)
            let template = try #require(TemplateHost.template(of: process), "a stopped child")
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
            try await host.waitForNoSlot()
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
            let process = try #require(host.slotProcess)
            let sandbox = try await Self.assignedCopy(of: slot)
            kill(process, SIGKILL)
            guard case .lost = await sandbox.exit().ending else {
                Issue.record("the sandbox outlived its slot")
                return
            }
            try await host.waitForNoSlot()
        }
    }

    /// A copy that waits for its input.
    private static func assignedCopy(of slot: Slot) async throws -> WarmSandbox {
        let sandbox = try await slot.makeSandbox()
        try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
        try sandbox.assign()
        return sandbox
    }
}
