// SPDX-License-Identifier: Apache-2.0
// What one sandbox can learn and hold through files that others have too: watches and locks are of inodes. Real
// containers, as root.

import Foundation
import FunctionModel
import NIOCore
import Testing

@testable import Sandbox

@Suite("A file that two sandboxes see", .enabled(if: TestHost.isRoot), .serialized)
struct SharedInodeTests {
    /// A function of the one image; its layer has room for nothing, its memory for what the kernel keeps of each
    /// watch.
    private static func plan(_ host: TestHost, readOnly: Bool, network: NetworkMode = .none) -> SandboxPlan {
        var plan = host.plan
        plan.readOnlyRoot = readOnly
        plan.network = network
        plan.limits.memory = .mebibytes(512)
        return plan
    }

    /// What the watcher saw, and what the other sandbox found locked, while both of them had everything open.
    private static func seen(by watching: Slot, of visiting: Slot) async throws -> String {
        let watcher = try await watching.makeSandbox()
        try watcher.release(
            SandboxCommand(arguments: ["/bin/probe", "watch"], environment: [])
        ) { _ in }
        var output = ""
        while !output.contains("ready\n") {
            var piece = try #require(await watcher.nextOutput(), "\(output)")
            output += piece.readString(length: piece.readableBytes) ?? ""
        }
        let other = try await TestHost.run(visiting, ["/bin/probe", "visit"])
        #expect(other.report.ending == .exited(code: 0))
        watcher.closeInput()
        while var piece = await watcher.nextOutput() {
            output += piece.readString(length: piece.readableBytes) ?? ""
        }
        #expect(await watcher.exit().ending == .exited(code: 0))
        return output.replacing("ready\n", with: "") + other.output
    }

    @Test(
        "is another inode for each of them: neither watches nor locks reach from one to the other",
        arguments: [(false, false), (true, false), (true, true), (false, true)]
    )
    func nothingSeen(readOnly: Bool, sharesEmptyNetwork: Bool) async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let plan = Self.plan(host, readOnly: readOnly)
            let slots = [
                try await host.spawner.makeSlot(plan, sharesEmptyNetwork: sharesEmptyNetwork),
                try await host.spawner.makeSlot(plan, sharesEmptyNetwork: sharesEmptyNetwork),
            ]
            defer { for slot in slots { slot.retire() } }
            #expect(try await Self.seen(by: slots[0], of: slots[1]) == "")
        }
    }

    @Test("is another inode with roots that the helper makes, too")
    func handedOverlays() async throws {
        try await TestHost.with(makesOverlays: true) { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let plan = Self.plan(host, readOnly: false)
            let slots = [try await host.spawner.makeSlot(plan), try await host.spawner.makeSlot(plan)]
            defer { for slot in slots { slot.retire() } }
            #expect(try await Self.seen(by: slots[0], of: slots[1]) == "")
        }
    }

    @Test("is another inode with a network, too")
    func egress() async throws {
        try await TestNetwork.with { host, _ in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let plan = Self.plan(host, readOnly: false, network: .egress)
            let slots = [try await host.spawner.makeSlot(plan), try await host.spawner.makeSlot(plan)]
            defer { for slot in slots { slot.retire() } }
            #expect(try await Self.seen(by: slots[0], of: slots[1]) == "")
        }
    }

    @Test("shows what its own sandbox does: the probe would see more")
    func probeSees() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let result = try await host.shell(
                """
                busybox mkfifo /home/in; probe watch </home/in >/home/out & exec 3>/home/in
                until grep -q ready /home/out; do sleep 0.1; done
                cat /dev/null; probe visit >/dev/null; exec 3>&-; wait; cat /home/out
                """,
                plan: Self.plan(host, readOnly: false)
            )
            #expect(result.output.contains("saw /dev/null"), "\(result.output.suffix(500))")
            #expect(result.output.contains("saw /sys"), "\(result.output.suffix(500))")
        }
    }

    @Test("of the image cannot be marked for the next sandbox by a hint about how it is written")
    func hints() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let result = try await host.shell("probe hint /; probe hint /bin/probe; probe call 72 0 1")
            #expect(result.output == "-1 1\n-1 1\n0 0\n", "\(result)")
        }
    }
}
