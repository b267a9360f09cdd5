// SPDX-License-Identifier: Apache-2.0
// A test host whose image has the program of Programs/template.c, and slots that copy it.

import Foundation
import Glibc
import NIOCore
import Synchronization

@testable import Sandbox

/// Makes slots with a template.
struct TemplateHost {
    let host: TestHost

    /// What one copy did.
    struct Answer {
        var output: String
        var errors: String
        var report: ExitReport

        func count(_ text: String) -> Int { output.components(separatedBy: text).count - 1 }
    }

    private static let source = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Programs/template.c")
        .path

    /// Runs `body` with a fresh host and closes it afterwards.
    static func with(makesOverlays: Bool = false, _ body: (TemplateHost) async throws -> Void) async throws {
        try await TestHost.with(makesOverlays: makesOverlays) { host in
            try Probe.build(source, to: host.dataDirectory + "/rootfs/busybox/bin/template")
            try await body(TemplateHost(host: host))
        }
    }

    /// A slot whose template runs in this mode.
    func slot(_ mode: String, plan: SandboxPlan? = nil, port: UInt16? = nil) async throws -> Slot {
        try await slot(arguments: ["/bin/template", mode], plan: plan, port: port)
    }

    /// A slot whose template executes this.
    func slot(arguments: [String], plan: SandboxPlan? = nil, port: UInt16? = nil) async throws -> Slot {
        let slot = try await host.spawner.makeSlot(plan ?? host.plan, copiesTemplate: true)
        do {
            try await slot.makeTemplate(
                SandboxCommand(arguments: arguments, environment: ["PATH=/bin"]),
                port: port
            )
        } catch {
            slot.retire()
            throw error
        }
        return slot
    }

    /// Puts a program of this machine into the image, with the libraries that ldd(1) lists.
    func add(_ program: String) throws {
        let listed = try Probe.onHost("/usr/bin/ldd", [program])
        let libraries = listed.split(whereSeparator: \.isWhitespace).map(String.init)
            .filter { $0.hasPrefix("/") }
        for path in [program] + libraries {
            let target = URL(fileURLWithPath: host.dataDirectory + "/rootfs/busybox" + path)
            guard !FileManager.default.fileExists(atPath: target.path) else { continue }
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            // The content of what a link names.
            try Data(contentsOf: URL(fileURLWithPath: path)).write(to: target)
            chmod(target.path, 0o755)
        }
    }

    /// One copy, from its making to its end.
    static func run(_ slot: Slot, _ request: String, preparesNext: Bool = false) async throws -> Answer {
        let sandbox = try await slot.makeSandbox()
        let errors = Mutex(ByteBuffer())
        try sandbox.start(SandboxCommand(arguments: [], environment: [])) { piece in
            errors.withLock { errors in
                var piece = piece
                errors.writeBuffer(&piece)
            }
        }
        try sandbox.assign(preparesNext: preparesNext)
        _ = await sandbox.write(ByteBuffer(string: request))
        sandbox.closeInput()
        var output = ByteBuffer()
        while var piece = await sandbox.nextOutput() { output.writeBuffer(&piece) }
        let report = await sandbox.exit()
        return Answer(
            output: String(buffer: output),
            errors: errors.withLock { String(buffer: $0) },
            report: report
        )
    }
}
