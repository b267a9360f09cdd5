// SPDX-License-Identifier: Apache-2.0
// Containers that write to a folder of the host, have mounts of it, or a terminal. Real containers, as root.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A sandbox with something of the host", .enabled(if: TestHost.isRoot), .serialized)
struct BorrowedFolderTests {
    /// A plan whose changes go to DATA/step.
    private func plan(_ host: TestHost) throws -> SandboxPlan {
        for folder in ["changes", "scratch"] {
            let path = host.dataDirectory + "/step/" + folder
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for file in ["hosts", "hostname", "resolv.conf"] {
            try Data().write(to: URL(fileURLWithPath: host.plan.rootfs + "/etc/" + file))
        }
        var plan = host.plan
        plan.writableLayer = HostPlace(folder: host.dataDirectory, name: "step")
        plan.capabilities = Capabilities.ofRoot
        return plan
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(lstat(path, &status) == 0, "\(path)")
        return status
    }

    @Test("leaves its changes in the folder, owned as it saw them, and nothing of what is mounted")
    func layer() async throws {
        try await TestHost.with { host in
            let result = try await host.shell(
                """
                set -e
                busybox mkdir /made; echo hi > /made/file; busybox chown 7:8 /made/file; busybox chmod 4755 /made/file
                busybox rm -r /home; busybox ln -s /made /link
                echo 1.2.3.4 added >> /etc/hosts; busybox cat /etc/hostname
                """,
                plan: try plan(host)
            )
            #expect(result.output == "test-host\n", "\(result)")
            let changes = host.dataDirectory + "/step/changes"
            let file = try status(changes + "/made/file")
            #expect(file.st_uid == 7 && file.st_gid == 8 && file.st_mode & 0o7777 == 0o4755)
            #expect(try status(changes + "/made").st_uid == 0)
            let gone = try status(changes + "/home")
            #expect(gone.st_mode & S_IFMT == S_IFCHR && gone.st_rdev == 0)
            let names = try FileManager.default.contentsOfDirectory(atPath: changes)
            #expect(names.sorted() == ["home", "link", "made"])
            #expect(access(host.plan.rootfs + "/made", F_OK) != 0)
        }
    }

    @Test("sees folders and files of the host as its own, read-only ones unchanged")
    func volumes() async throws {
        try await TestHost.with { host in
            let shared = host.dataDirectory + "/shared"
            try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
            try "in".write(toFile: shared + "/in", atomically: true, encoding: .utf8)
            var plan = host.plan
            plan.mounts = [
                SandboxMount(source: .host(HostPlace(folder: shared)), target: "/made/for/it"),
                SandboxMount(
                    source: .host(HostPlace(folder: shared, name: "in")),
                    target: "/etc/in",
                    readOnly: true
                ),
                SandboxMount(source: .memory(sizeBytes: 65536), target: "/cache"),
            ]
            let result = try await host.shell(
                """
                busybox cat /made/for/it/in /etc/in; echo out > /made/for/it/out; (echo x > /etc/in) 2>/dev/null && echo written
                busybox df -k /cache | busybox tail -1 | busybox awk '{print $2}'
                """,
                plan: plan
            )
            #expect(result.output == "inin64\n", "\(result)")
            #expect(try String(contentsOfFile: shared + "/out", encoding: .utf8) == "out\n")
            #expect(try status(shared + "/out").st_uid == 0)
        }
    }

    @Test(
        "resolves a mount's target in its own root, and refuses /proc, /sys and /dev behind links",
        arguments: [
            ("/link/x", "../../../../tmp/mayfly-escape", true), ("/link", "/proc", false),
            ("/link/fs", "/sys", false), ("/link/thread-self/attr", "/proc", false),
            ("/link", "/sys", false), ("/link", "/dev", false), ("/link/sys", "/proc", false),
        ]
    )
    func hostileTargets(target: String, link: String, isFine: Bool) async throws {
        try await TestHost.with { host in
            try FileManager.default.createSymbolicLink(
                atPath: host.plan.rootfs + "/link",
                withDestinationPath: link
            )
            try FileManager.default.createDirectory(
                atPath: host.plan.rootfs + "/tmp/mayfly-escape",
                withIntermediateDirectories: true
            )
            var plan = host.plan
            plan.mounts = [SandboxMount(source: .memory(sizeBytes: 4096), target: target)]
            let hostile = plan
            if isFine {
                let result = try await host.shell("test -d /tmp/mayfly-escape/x && echo in", plan: hostile)
                #expect(result.output == "in\n", "\(result)")
            } else {
                await #expect(throws: SandboxError.self) { _ = try await host.shell("echo", plan: hostile) }
            }
            #expect(access("/tmp/mayfly-escape", F_OK) != 0)
        }
    }

    @Test("is refused places behind links below a folder, and places that are not there")
    func hostilePlaces() async throws {
        try await TestHost.with { host in
            let shared = host.dataDirectory + "/shared"
            try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: shared + "/out",
                withDestinationPath: "/etc/shadow"
            )
            for name in ["out", "../rootfs", "absent", "out/x"] {
                var plan = host.plan
                let place = HostPlace(folder: shared, name: name)
                plan.mounts = [SandboxMount(source: .host(place), target: "/x")]
                let hostile = plan
                await #expect(throws: SandboxError.self, "\(name)") {
                    _ = try await host.spawner.makeSlot(hostile)
                }
            }
            for target in ["/", "/proc/x", "relative", "/a/../proc", "/dev"] {
                #expect(SandboxMount.refusal(of: target) != nil, "\(target)")
            }
            #expect(SandboxMount.refusal(of: "/processes") == nil)
            #expect(try await host.shell("echo alive").output == "alive\n")
        }
    }

    @Test("has a terminal of its own when it wants one, with the requested size")
    func terminal() async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.hasTerminal = true
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            sandbox.resizeTerminal(rows: 33, columns: 77)
            let script =
                "tty; busybox stty size; test -t 2 && echo err; read line; echo got $line > /dev/tty; ls /dev/pts"
            try sandbox.release(
                SandboxCommand(arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
            ) { _ in }
            _ = await sandbox.write(ByteBuffer(string: "word\n"))
            var text = ""
            while let piece = await sandbox.nextOutput() { text += String(buffer: piece) }
            let lines = text.split(whereSeparator: \.isNewline).map(String.init)
            #expect(
                lines.contains("/dev/pts/0") && lines.contains("33 77") && lines.contains("err"),
                "\(text)"
            )
            #expect(lines.contains("got word"), "\(text)")
            #expect(lines.last?.split(separator: " ") == ["0", "ptmx"], "\(text)")
            #expect(await sandbox.exit().ending == .exited(code: 0))
        }
    }

    @Test("has no terminal when it wants none")
    func noTerminal() async throws {
        try await TestHost.with { host in
            let result = try await host.shell(
                "test -t 1 || echo pipe; (echo > /dev/tty) 2>/dev/null || echo none; ls /dev/console 2>/dev/null"
            )
            #expect(result.output == "pipe\nnone\n", "\(result)")
        }
    }
}
