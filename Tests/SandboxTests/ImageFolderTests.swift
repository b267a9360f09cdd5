// SPDX-License-Identifier: Apache-2.0
// Folders that come from the image can be removed, made again and renamed, on every kernel and both ways of making
// the writable root.

import FunctionModel
import NIOCore
import Testing

@testable import Sandbox

@Suite("Folders of the image", .enabled(if: TestHost.isRoot), .serialized)
struct ImageFolderTests {
    /// Each line fails alone; the last one tells what is there in the end.
    private static let script = """
        set -e
        rm -rf /var && mkdir /var && test -z "$(ls -A /var)"
        touch /var/new && rm -rf /var && ! test -e /var && mkdir -p /var/openfaas && ls -A /var
        mv /home /house && touch /house/f && ! test -e /home && mkdir /home && ls -A /home
        mv /run/secrets /run/told && ls /run
        chmod 700 /etc && rm /etc/hostname && echo x > /etc/hostname && cat /etc/hostname
        stat -c %u:%g / /etc /bin /house/f /var
        """

    private static let expected = """
        openfaas
        told
        x
        0:0
        0:0
        0:0
        0:0
        0:0

        """

    @Test("are removed, made again and renamed", arguments: [false, true])
    func changes(makesOverlays: Bool) async throws {
        try await TestHost.with(makesOverlays: makesOverlays) { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            // The next sandbox of the slot sees the image as it was.
            for _ in 0..<3 {
                let result = try await TestHost.run(slot, ["sh", "-c", Self.script])
                #expect(result.output == Self.expected, "\(result)")
                #expect(result.errors == "")
            }
        }
    }

    @Test("a writable root that was handed over is bounded, fresh and leaves nothing behind")
    func handed() async throws {
        try await TestHost.with(makesOverlays: true) { host in
            var plan = host.plan
            plan.limits.disk = .mebibytes(2)
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let script = """
                test -e /mark -o -e /dev/shm/mark && echo present; touch /mark /dev/shm/mark
                dd if=/dev/zero of=/big bs=1M count=4 2>/dev/null || echo full
                """
            for _ in 0..<5 {
                let result = try await TestHost.run(slot, ["sh", "-c", script])
                #expect(result.output == "full\n", "\(result)")
            }
        }
    }

    @Test(
        "a user of the image owns what it makes, and the image's root stays root",
        arguments: [false, true]
    )
    func owners(makesOverlays: Bool) async throws {
        try await TestHost.with(makesOverlays: makesOverlays) { host in
            var plan = host.plan
            plan.user = ContainerUser(uid: 1000, gid: 1001)
            let script =
                "touch /tmp/f && stat -c %u:%g /tmp/f /bin/busybox; rm /bin/busybox 2>/dev/null || echo kept"
            let result = try await host.shell(script, plan: plan)
            #expect(result.output == "1000:1001\n0:0\nkept\n", "\(result)")
        }
    }
}
