// SPDX-License-Identifier: Apache-2.0
// A test host whose image has the program of Programs/template.c, and slots that copy it.

import Foundation
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import Sandbox

/// How the program of the tests is linked.
enum CLibrary: String, CaseIterable, Sendable {
    case staticGlibc
    case sharedGlibc
    case musl

    fileprivate static let muslCompiler = "/usr/bin/musl-gcc"

    /// Whether this machine can make it.
    var isPresent: Bool { self != .musl || access(Self.muslCompiler, X_OK) == 0 }
}

/// Makes slots with a template.
struct TemplateHost {
    let host: TestHost

    /// What one copy did.
    struct Answer {
        var output: String
        var errors: String
        var report: ExitReport

        func count(_ text: String) -> Int { output.components(separatedBy: text).count - 1 }

        /// Of a copy that was asked for "seen marks seen mounts": it found nothing, left its own marks, and shows no
        /// place of the slot.
        func expectFresh(_ location: SourceLocation = #_sourceLocation) {
            let empty = "segment 0\n/tmp:\n/dev/shm:\n/dev/mqueue:\n"
            let marked = "segment 1\n/tmp: mark\n/dev/shm: mark\n/dev/mqueue:\n"
            #expect(output.hasPrefix(empty + marked), "\(self)", sourceLocation: location)
            #expect(output.contains("mounts: / "), "\(self)", sourceLocation: location)
            for place in ["/base", "/stage"] {
                #expect(!output.contains(place), "\(self)", sourceLocation: location)
            }
        }
    }

    private static let source = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Programs/template.c")
        .path

    /// Compiled before, for machines without a compiler.
    private static let ready = ProcessInfo.processInfo.environment["MAYFLY_TEST_TEMPLATE"]

    /// Whether the program can be had here.
    static var isPresent: Bool { ready != nil || Probe.hasCompiler }

    /// Runs `body` with a fresh host and closes it afterwards.
    static func with(makesOverlays: Bool = false, _ body: (TemplateHost) async throws -> Void) async throws {
        try await TestHost.with(makesOverlays: makesOverlays) { host in
            let program = host.dataDirectory + "/rootfs/busybox/bin/template"
            if let ready {
                try FileManager.default.copyItem(atPath: ready, toPath: program)
            } else {
                try Probe.build(source, to: program)
            }
            try await body(TemplateHost(host: host))
        }
    }

    /// A slot whose template runs in this mode.
    func slot(
        _ mode: String,
        plan: SandboxPlan? = nil,
        intake: TemplateIntake = .standardInput
    ) async throws -> Slot {
        try await slot(arguments: ["/bin/template", mode], plan: plan, intake: intake)
    }

    /// A slot whose template executes this.
    func slot(
        arguments: [String],
        plan: SandboxPlan? = nil,
        intake: TemplateIntake = .standardInput
    ) async throws -> Slot {
        try await typedSlot(arguments, plan: plan, intake: intake)
    }

    /// As ``slot(arguments:plan:intake:)``, with the type of its error.
    func typedSlot(
        _ arguments: [String],
        plan: SandboxPlan? = nil,
        intake: TemplateIntake = .standardInput
    ) async throws(SandboxError) -> Slot {
        let slot = try await host.spawner.makeSlot(plan ?? host.plan, copiesTemplate: true)
        do throws(SandboxError) {
            try await slot.makeTemplate(
                SandboxCommand(arguments: arguments, environment: ["PATH=/bin"]),
                intake: intake
            )
        } catch {
            slot.retire()
            throw error
        }
        return slot
    }

    /// The program of the tests, linked in this way, in the image.
    ///
    /// - Returns: its path there.
    func program(_ library: CLibrary) throws -> String {
        let path = "/bin/template-\(library)"
        let target = host.dataDirectory + "/rootfs/busybox" + path
        switch library {
        case .staticGlibc: try Probe.build(Self.source, to: target)
        case .sharedGlibc:
            let shared = host.dataDirectory + "/template-shared"
            try Probe.build(Self.source, to: shared, flags: ["-Os"])
            try add(shared, as: path)
        case .musl:
            // Headers of the kernel, which musl does not come with.
            let folders = ["/usr/include", "/usr/include/x86_64-linux-gnu"].flatMap { ["-idirafter", $0] }
            try Probe.build(
                Self.source,
                to: target,
                compiler: CLibrary.muslCompiler,
                flags: ["-static", "-Os"] + folders
            )
        }
        return path
    }

    /// Puts a program of this machine into the image, with the libraries that ldd(1) lists.
    func add(_ program: String, as place: String? = nil) throws {
        let listed = try Probe.onHost("/usr/bin/ldd", [program])
        let libraries = listed.split(whereSeparator: \.isWhitespace).map(String.init)
            .filter { $0.hasPrefix("/") }
        for path in [program] + libraries {
            let inside = path == program ? place ?? path : path
            let target = URL(fileURLWithPath: host.dataDirectory + "/rootfs/busybox" + inside)
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
    static func run(_ slot: Slot, _ request: String, preparesNext: Bool = false) async throws(SandboxError)
        -> Answer
    {
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
