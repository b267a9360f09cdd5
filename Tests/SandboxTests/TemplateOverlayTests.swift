// SPDX-License-Identifier: Apache-2.0
// Copies whose roots the spawner makes, as it does before Linux 6.6, and the files of the image that their template
// changed.

import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite(
    "A copy's root that the spawner makes",
    .enabled(if: TestHost.isRoot && TemplateHost.isPresent),
    .serialized
)
struct TemplateOverlayTests {
    @Test(
        "has the folders that the program removed, made again and filled before its request, and changes them alone",
        arguments: [true, false]
    )
    func changedFolders(makesOverlays: Bool) async throws {
        try await TemplateHost.with(makesOverlays: makesOverlays) { host in
            let slot = try await host.slot("changed")
            defer { slot.retire() }
            let process = try #require(host.slotProcess)
            var first: String?
            for turn in 0..<5 {
                let answer = try await TemplateHost.run(
                    slot,
                    "changed change changed ids",
                    preparesNext: turn < 3
                )
                #expect(
                    answer.output == """
                        /var: template
                        home -1 made 0 hostname -1
                        failures 0
                        /home:
                        /var: copy
                        home 0 made -1 hostname 0
                        pid 1 ppid 0 tid 1 sid 1

                        """,
                    "\(turn): \(answer)"
                )
                guard turn > 2 else { continue }
                let now = try await TemplateHost.settledPossessions(of: process, as: first)
                first = first ?? now
                #expect(now == first)
            }
        }
    }

    @Test("is fresh, without privileges, and shows no place that it was made from", arguments: [false, true])
    func isFresh(readOnly: Bool) async throws {
        try await TemplateHost.with(makesOverlays: true) { host in
            var plan = host.host.plan
            plan.readOnlyRoot = readOnly
            let slot = try await host.slot("plain", plan: plan)
            defer { slot.retire() }
            for _ in 0..<3 {
                let answer = try await TemplateHost.run(slot, "seen marks seen mounts status refusals child")
                answer.expectFresh()
                // Of it, and of the program that it executes.
                #expect(answer.count("CapEff:\t0000000000000000") == 2, "\(answer)")
                #expect(answer.count("CapBnd:\t0000000000000000") == 2, "\(answer)")
                #expect(
                    answer.output.contains("mount 1 umount 1 chroot 1 unshare 1 hostname 1 "),
                    "\(answer)"
                )
            }
        }
    }

    @Test("has the size of its function's, whatever the template wrote, and belongs to its user")
    func bounds() async throws {
        try await TemplateHost.with(makesOverlays: true) { host in
            var plan = host.host.plan
            plan.limits.disk = .mebibytes(1)
            plan.user = ContainerUser(uid: 1000, gid: 1000)
            let slot = try await host.slot("own", plan: plan)
            defer { slot.retire() }
            for _ in 0..<2 {
                let answer = try await TemplateHost.run(slot, "cwd size status disk")
                #expect(answer.output.hasPrefix("cwd /tmp/work mark 0\nsize 1048576\n"), "\(answer)")
                #expect(answer.count("Uid:\t1000\t1000\t1000\t1000") == 1, "\(answer)")
                #expect(answer.output.hasSuffix("full 1\n"), "\(answer)")
                #expect(answer.report.limitsReached.contains(.disk), "\(answer.report)")
            }
        }
    }

    @Test("is not made of a program that cannot be copied; the spawner keeps nothing of slots that are gone")
    func leavesNothing() async throws {
        try await TemplateHost.with(makesOverlays: true) { host in
            let spawner = host.host.spawner.processID
            var first: String?
            for turn in 0..<6 {
                let error = await #expect(throws: SandboxError.self) { try await host.slot("writer") }
                #expect(error == .notCopyable("descriptor 3 is open: /tmp/log"))
                let slot = try await host.slot("changed")
                let answer = try await TemplateHost.run(slot, "changed")
                #expect(answer.output.hasPrefix("/var: template\n"), "\(answer)")
                slot.retire()
                try await host.waitForNoSlot()
                // The first slots make what all share.
                guard turn > 1 else { continue }
                let now = try await TemplateHost.settledPossessions(of: spawner, as: first)
                first = first ?? now
                #expect(now == first, "\(turn)")
            }
        }
    }

    @Test("belongs to the copy's own user namespace for what enters it, which gets no capability over it")
    func enters() async throws {
        try await TemplateHost.with(makesOverlays: true) { host in
            let slot = try await host.slot("changed")
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
            let scene = EnterScene(host: host.host, slot: slot, sandbox: sandbox)
            let question = """
                ls /var; grep -c '^Cap.*0000000000000000$' /proc/self/status
                mount -t tmpfs none /tmp 2>/dev/null || umount / 2>/dev/null || echo refused
                """
            #expect(try await scene.shell(question).output == "template\n5\nrefused\n")
            try sandbox.assign()
            sandbox.closeInput()
            _ = await sandbox.exit()
        }
    }
}
