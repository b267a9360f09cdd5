// SPDX-License-Identifier: Apache-2.0
// One running container and processes that enter it, for the tests beside this file.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import Sandbox

/// A container whose program runs until it is killed.
struct EnterScene {
    let host: TestHost
    let slot: Slot
    let sandbox: WarmSandbox

    /// Runs `body` with a container whose program is `script`; it writes a line once it has started.
    static func with(
        _ script: String = "exec sleep 1000",
        plan: (inout SandboxPlan) throws -> Void = { _ in },
        sharesEmptyNetwork: Bool = false,
        makesOverlays: Bool = false,
        _ body: (EnterScene) async throws -> Void
    ) async throws {
        try await TestHost.with(makesOverlays: makesOverlays) { host in
            var wanted = host.plan
            try plan(&wanted)
            let slot = try await host.spawner.makeSlot(wanted, sharesEmptyNetwork: sharesEmptyNetwork)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let command = SandboxCommand(
                arguments: ["/bin/busybox", "sh", "-c", "echo up; " + script],
                environment: ["PATH=/bin"]
            )
            try sandbox.release(command) { _ in }
            #expect(await sandbox.nextOutput() == ByteBuffer(string: "up\n"))
            try await body(EnterScene(host: host, slot: slot, sandbox: sandbox))
        }
    }

    /// Lets a process enter, gives it its input, and waits for its end.
    func run(
        _ arguments: [String],
        input: String = "",
        user: ContainerUser? = nil,
        directory: String = "/",
        environment: [String] = ["PATH=/bin"]
    ) async throws -> RunResult {
        var plan = ProcessPlan(
            command: SandboxCommand(arguments: arguments, environment: environment),
            user: user ?? sandbox.defaults.user,
            workingDirectory: directory
        )
        plan.hasTerminal = false
        let errors = Mutex(ByteBuffer())
        let process = try await sandbox.enter(plan) { piece in
            errors.withLock { _ = $0.writeImmutableBuffer(piece) }
        }
        // At the same time: a program that echoes more than the pipes hold waits for its reader.
        let writing = Task {
            _ = await process.write(ByteBuffer(string: input))
            process.closeInput()
        }
        var output = ByteBuffer()
        while let piece = await process.nextOutput() { output.writeImmutableBuffer(piece) }
        let report = await process.exit()
        await writing.value
        return RunResult(
            output: String(buffer: output),
            errors: errors.withLock { String(buffer: $0) },
            report: report
        )
    }

    /// The same of a shell script.
    func shell(
        _ script: String,
        input: String = "",
        user: ContainerUser? = nil,
        directory: String = "/"
    ) async throws -> RunResult {
        try await run(
            ["/bin/busybox", "sh", "-c", script],
            input: input,
            user: user,
            directory: directory
        )
    }

    /// A process that runs until it is ended.
    func endless() async throws -> any SandboxHandle {
        try await start(["/bin/busybox", "sleep", "1000"])
    }

    /// A process whose output is not read.
    func start(_ arguments: [String]) async throws -> any SandboxHandle {
        let command = SandboxCommand(arguments: arguments, environment: ["PATH=/bin"])
        return try await sandbox.enter(
            ProcessPlan(command: command, user: ContainerUser(), workingDirectory: "/")
        ) { _ in }
    }
}

/// The slot's process of the one container of this test.
enum SlotProcess {
    /// Its id here; nil when no descendant of this process is a slot with a child.
    static func find() -> Int32? {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.first { process in
            guard text(process, "comm") == "mayfly-slot\n", isOurs(process) else { return false }
            return text(process, "task/\(process)/children").contains { $0.isNumber }
        }
    }

    private static func text(_ process: Int32, _ name: String) -> String {
        (try? String(contentsOfFile: "/proc/\(process)/\(name)", encoding: .utf8)) ?? ""
    }

    private static func isOurs(_ process: Int32) -> Bool {
        var process = process
        while process > 1 {
            if process == getpid() { return true }
            let fields = text(process, "stat").split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 1, let parent = Int32(fields[1]) else { return false }
            process = parent
        }
        return false
    }
}
