// SPDX-License-Identifier: Apache-2.0
// A data folder with one busybox image, a spawner over it, and one-call helpers: what every root test needs.

import Foundation
import FunctionModel
import Glibc
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Sandbox

/// What one sandbox did.
struct RunResult {
    var output: String
    var errors: String
    var report: ExitReport
}

final class TestHost: Sendable {
    /// Containers need root here; rootless suites say so themselves.
    static var isRoot: Bool { geteuid() == 0 }

    let dataDirectory: String
    let spawner: Spawner

    /// A host whose spawner `start` makes, given the data folder.
    init(
        start: (String) throws -> Spawner = {
            try Spawner(dataDirectory: $0, logger: Logger(label: "test"))
        }
    ) throws {
        dataDirectory = FileManager.default.temporaryDirectory.path + "/mayfly-test-" + UUID().uuidString
        try Self.makeRootfs(dataDirectory + "/rootfs/busybox")
        spawner = try start(dataDirectory)
    }

    var plan: SandboxPlan { SandboxPlan(rootfs: dataDirectory + "/rootfs/busybox", hostname: "test-host") }

    /// Hierarchies that have this data folder's cgroup.
    var cgroupCount: Int {
        let folder = CgroupPreparation.folderName(dataDirectory)
        let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let found = CgroupLayout.find(mountinfo: mounts, ownCgroups: own) { parent in
            (try? String(contentsOfFile: parent + "/cgroup.controllers", encoding: .utf8)) ?? ""
        }
        return found.count { hierarchy in
            ([hierarchy.parent] + CgroupLayout.foldersAbove(hierarchy))
                .contains { FileManager.default.fileExists(atPath: $0 + "/" + folder) }
        }
    }

    /// Stops everything and removes the folder.
    func close() async throws {
        await spawner.stop()
        try FileManager.default.removeItem(atPath: dataDirectory)
    }

    /// Runs `body` with a fresh host and closes it afterwards; `makesOverlays` as on kernels before 6.6.
    static func with<Result>(
        makesOverlays: Bool = false,
        _ body: (TestHost) async throws -> Result
    ) async throws -> Result {
        let host = try TestHost {
            try Spawner(
                host: HostEnvironment(dataDirectory: $0, makesOverlays: makesOverlays),
                logger: Logger(label: "test")
            )
        }
        do {
            let result = try await body(host)
            try await host.close()
            return result
        } catch {
            try await host.close()
            throw error
        }
    }

    private static func makeRootfs(_ path: String) throws {
        let files = FileManager.default
        for folder in [
            "bin", "proc", "dev", "sys", "tmp", "etc", "run/secrets", "var/openfaas/secrets", "home",
        ] {
            try files.createDirectory(atPath: path + "/" + folder, withIntermediateDirectories: true)
        }
        try files.copyItem(atPath: "/bin/busybox", toPath: path + "/bin/busybox")
        try files.createSymbolicLink(atPath: path + "/bin/sh", withDestinationPath: "busybox")
        chmod(path + "/tmp", 0o1777)
        chmod(path + "/home", 0o777)
    }

    /// Runs a shell script in a fresh slot.
    func shell(_ script: String, input: String = "", plan: SandboxPlan? = nil) async throws -> RunResult {
        let slot = try await spawner.makeSlot(plan ?? self.plan)
        defer { slot.retire() }
        return try await Self.run(slot, ["sh", "-c", script], input: input)
    }

    /// One sandbox of a slot, from birth to exit.
    static func run(
        _ slot: Slot,
        _ arguments: [String],
        environment: [String] = ["PATH=/bin"],
        input: String = ""
    ) async throws -> RunResult {
        let sandbox = try await slot.makeSandbox()
        let errors = Mutex(ByteBuffer())
        try sandbox.release(SandboxCommand(arguments: arguments, environment: environment)) { piece in
            errors.withLock { errors in
                var piece = piece
                errors.writeBuffer(&piece)
            }
        }
        _ = await sandbox.write(ByteBuffer(string: input))
        sandbox.closeInput()
        var output = ByteBuffer()
        var report: ExitReport?
        switch await sandbox.collect(upTo: 65536) {
        case .complete(let bytes, let ending): (output, report) = (bytes, ending)
        case .open(let bytes):
            output = bytes
            while var piece = await sandbox.nextOutput() { output.writeBuffer(&piece) }
        }
        let ending = if let report { report } else { await sandbox.exit() }
        return RunResult(
            output: String(buffer: output),
            errors: errors.withLock { String(buffer: $0) },
            report: ending
        )
    }
}
