// SPDX-License-Identifier: Apache-2.0
// What an image's configuration names and its layers may lack: volumes, the working directory, interpreters.
// As Docker does it. Real containers, as root.

import Foundation
import FunctionModel
import Glibc
import Testing

@testable import Sandbox

@Suite("What an image's configuration names", .enabled(if: TestHost.isRoot), .serialized)
struct ImageConfigurationTests {
    private static func run(
        _ script: String,
        makesOverlays: Bool = false,
        image: (String) throws -> Void = { _ in },
        plan change: (inout SandboxPlan) -> Void
    ) async throws -> RunResult {
        try await TestHost.with(makesOverlays: makesOverlays) { host in
            var plan = host.plan
            try image(plan.rootfs)
            change(&plan)
            return try await host.shell(script, plan: plan)
        }
    }

    private static func makeFolder(_ path: String, mode: mode_t, owner: UInt32 = 0) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        chmod(path, mode)
        chown(path, owner, owner)
    }

    @Test(
        "as a volume is a folder that can be written to, also in a read-only root",
        arguments: [(false, false), (true, false), (false, true), (true, true)]
    )
    func volumes(readOnly: Bool, makesOverlays: Bool) async throws {
        let script = """
            echo x > /data/new && cat /data/new; stat -c '%a %u %g' /data
            cat /srv/files/old; echo y > /srv/files/old && cat /srv/files/old; stat -c '%a %u' /srv/files
            (echo z > /home/f) 2>/dev/null && echo written; (echo z > /f) 2>/dev/null && echo written
            echo t > /tmp/f && cat /tmp/f; pwd
            """
        let result = try await Self.run(
            script,
            makesOverlays: makesOverlays,
            image: { root in
                try Self.makeFolder(root + "/srv/files", mode: 0o750, owner: 7)
                try "old\n".write(toFile: root + "/srv/files/old", atomically: true, encoding: .utf8)
                chmod(root + "/srv/files/old", 0o666)
                chown(root + "/srv/files/old", 7, 7)
            },
            plan: { plan in
                plan.readOnlyRoot = readOnly
                plan.volumes = ["/data", "/srv/files", "/", "/proc/x", "/sys", "relative"]
                plan.user = ContainerUser(uid: 0, gid: 7)
                plan.capabilities = ["CAP_DAC_OVERRIDE"]
                plan.workingDirectory = "/made/for/it"
            }
        )
        let written = readOnly ? "" : "written\nwritten\n"
        #expect(
            result.output == "x\n755 0 0\nold\ny\n750 7\n\(written)t\n/made/for/it\n",
            "\(result)"
        )
    }

    @Test("as a volume is empty again for the next sandbox", arguments: [false, true])
    func volumesAreFresh(readOnly: Bool) async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.volumes = ["/data"]
            plan.readOnlyRoot = readOnly
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let script = "ls /data; stat -c %z /dev/shm; sleep 0.02; $@"
            let kept = ["sh", "-c", script, "sh", ":"]
            let first = try await TestHost.run(slot, kept)
            #expect(try await TestHost.run(slot, kept).output == first.output, "nobody wrote")
            let writing = try await TestHost.run(slot, ["sh", "-c", script, "sh", "mkdir", "/data/x"])
            #expect(writing.output == first.output && writing.report.ending == .exited(code: 0), "\(writing)")
            let last = try await TestHost.run(slot, kept)
            #expect(last.output != first.output && !last.output.contains("x"), "\(last)")
        }
    }

    @Test("as the working directory is made, also in a read-only root", arguments: [false, true])
    func workingDirectory(readOnly: Bool) async throws {
        let result = try await Self.run("pwd; stat -c '%a %u %g' . .. ; touch f 2>/dev/null || echo refused")
        {
            $0.workingDirectory = "/not/there/yet"
            $0.readOnlyRoot = readOnly
            $0.user = ContainerUser(uid: 1000, gid: 1000)
        }
        #expect(result.output == "/not/there/yet\n755 0 0\n755 0 0\nrefused\n", "\(result)")
    }

    @Test(
        "as the working directory can be closed to the user, as long as root can enter it, or to no other user",
        arguments: [(mode_t(0o700), UInt32(5)), (0o700, 1000), (0o755, 0), (0o000, 5)]
    )
    func closedDirectory(mode: mode_t, owner: UInt32) async throws {
        for sharesEmptyNetwork in [false, true] {
            try await TestHost.with { host in
                try Self.makeFolder(host.plan.rootfs + "/closed", mode: mode, owner: owner)
                var plan = host.plan
                plan.workingDirectory = "/closed"
                plan.user = ContainerUser(uid: 1000, gid: 1000)
                let slot = try await host.spawner.makeSlot(plan, sharesEmptyNetwork: sharesEmptyNetwork)
                defer { slot.retire() }
                let result = try await TestHost.run(slot, ["sh", "-c", "readlink /proc/self/cwd; id -u"])
                #expect(result.output == "/closed\n1000\n", "\(result)")
            }
        }
    }

    @Test("as the working directory is refused when it is a file")
    func fileDirectory() async throws {
        await #expect(throws: SandboxError.setup(step: "working directory", errorNumber: ENOTDIR)) {
            _ = try await Self.run("pwd") { $0.workingDirectory = "/bin/busybox" }
        }
    }

    @Test(
        "as an interpreter is named when the image lacks it",
        arguments: [
            ("#!/bin/sh\r\necho x\n", "/bin/sh\r"), ("#! /opt/python -u\n", "/opt/python"),
            ("#!/usr/bin/env\tpython\n", "/usr/bin/env"), ("#!/first\n", "/missing"), ("#!/opt/x", "/opt/x"),
        ]
    )
    func interpreters(script: String, expected: String) async throws {
        try await TestHost.with { host in
            for (name, text) in [("x", script), ("first", "#!/missing\n")] {
                let path = host.plan.rootfs + "/" + name
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                chmod(path, 0o755)
            }
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            for command in ["/x", "x"] {
                let result = try await TestHost.run(slot, [command], environment: ["PATH=/bin:/"])
                #expect(result.report.ending == .execFailed(errorNumber: ENOENT))
                #expect(result.report.missingInterpreter == expected)
            }
            let absent = try await TestHost.run(slot, ["/absent"])
            #expect(absent.report.ending == .execFailed(errorNumber: ENOENT))
            #expect(absent.report.missingInterpreter == nil, "what one lacked is not the next one's")
        }
    }

    @Test("as a dynamic linker is named when the image lacks it")
    func linkers() async throws {
        try await TestHost.with { host in
            // The beginning of a program that needs its dynamic linker: this one. The kernel looks for the linker
            // first.
            let own = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/exe"))
            let beginning = try #require(try own.read(upToCount: 64 << 10))
            let path = host.plan.rootfs + "/bin/true"
            try beginning.write(to: URL(fileURLWithPath: path))
            chmod(path, 0o755)
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let result = try await TestHost.run(slot, ["true"])
            #expect(result.report.missingInterpreter?.contains("ld-linux") == true, "\(result.report)")
        }
    }
}
