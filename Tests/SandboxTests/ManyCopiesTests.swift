// SPDX-License-Identifier: Apache-2.0
// Many copies of one template: each is as fresh as the first, and the slot and the template stay as they were.

import Foundation
import FunctionModel
import Testing

@testable import Sandbox

@Suite("Many copies", .enabled(if: TestHost.isRoot && TemplateHost.isPresent), .serialized)
struct ManyCopiesTests {
    /// Copies of one template; `MAYFLY_TEST_CALLS` asks for more than a usual run has time for.
    private static let count =
        ProcessInfo.processInfo.environment["MAYFLY_TEST_CALLS"].flatMap(Int.init) ?? 100

    /// Lines that each copy prints, in this order: nothing found, then what it leaves, its ids and descriptors, and that
    /// it reaches loopback alone.
    private static let lines = """
        segment 0
        /tmp:
        /dev/shm:
        /dev/mqueue:
        segment 1
        /tmp: mark
        /dev/shm: mark
        /dev/mqueue:
        pid 1 ppid 0 tid 1 sid 1
        descriptors: 0 1 2
        loopback 1
        /sys/class/net: lo
        mount 1 umount 1 chroot 1 unshare 1 hostname 1 parent 38 setuid 1

        """

    @Test(
        "each is fresh and without privileges, also after exec; nothing is left, and the template is unharmed"
    )
    func copies() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("plain")
            defer { slot.retire() }
            let process = try #require(host.slotProcess)
            let template = try #require(TemplateHost.template(of: process))
            let untouched = try TemplateHost.memory(of: template)
            var first: String?
            for turn in 0..<Self.count {
                let answer = try await TemplateHost.run(
                    slot,
                    "seen marks seen ids descriptors network refusals status child"
                )
                try #require(Self.isFresh(answer), "copy \(turn): \(answer)")
                guard turn == 4 || turn == Self.count - 1 else { continue }
                let now = try await TemplateHost.settledPossessions(of: process, as: first)
                first = first ?? now
                #expect(now == first, "copy \(turn)")
            }
            #expect(TemplateHost.template(of: process) == template)
            let memory = try TemplateHost.memory(of: template)
            #expect(TemplateHost.isUnharmed(untouched, memory))
        }
    }

    /// Once for the copy and once for the program that it executes.
    private static func isFresh(_ answer: TemplateHost.Answer) -> Bool {
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        return answer.output.hasPrefix(lines) && answer.output.hasSuffix("child 2 0\n")
            && sets.allSatisfy { answer.count("\($0):\t0000000000000000\n") == 2 }
            && answer.count("NoNewPrivs:\t1\n") == 2 && answer.count("Seccomp_filters:\t") == 2
            && answer.count("Seccomp_filters:\t0") == 0 && answer.count("TracerPid:\t0\n") == 2
            && answer.report.ending == .exited(code: 0)
    }

    @Test("a slot whose program has a layer, an event loop and open files has what it had before")
    func leavesNothing() async throws {
        try await TemplateHost.with { host in
            for (mode, request, expected) in [
                ("own", "cwd ids", "cwd /tmp/work mark 0\npid 1 "), ("loop", "loop", "loop 1111 data 1 "),
                ("file", "file", "file 4 0.0.1 "),
            ] {
                let slot = try await host.slot(mode)
                defer { slot.retire() }
                let process = try #require(host.slotProcess)
                var first: String?
                for turn in 0..<Self.count / 3 {
                    let answer = try await TemplateHost.run(slot, request)
                    try #require(answer.output.hasPrefix(expected), "\(mode) \(turn): \(answer)")
                    guard turn == 4 || turn == Self.count / 3 - 1 else { continue }
                    let now = try await TemplateHost.settledPossessions(of: process, as: first)
                    first = first ?? now
                    #expect(now == first, "\(mode) \(turn)")
                }
                slot.retire()
                try await host.waitForNoSlot()
            }
        }
    }
}
