// SPDX-License-Identifier: Apache-2.0
// RUN: what the runner is asked, and what becomes of what it leaves.

import OCI
import ImageStore
import CSandbox
import Foundation
import FunctionModel
import Glibc
import Logging
import Sandbox
import Synchronization
import Testing

@testable import ImageBuilder

/// Plays a sandbox: notes what it is asked and changes what the test says.
final class FakeRunner: StepRunner {
    private let asked = Mutex<[StepCommand]>([])
    private let action: @Sendable (StepCommand) throws -> ExitReport.Ending
    private let text: String

    init(
        printing text: String = "",
        _ action: @escaping @Sendable (StepCommand) throws -> ExitReport.Ending = { _ in .exited(code: 0) }
    ) {
        self.text = text
        self.action = action
    }

    var commands: [StepCommand] { asked.withLock { $0 } }

    func run(
        _ command: StepCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> RunOutcome {
        asked.withLock { $0.append(command) }
        output(Array(text.utf8))
        do {
            return RunOutcome(report: ExitReport(ending: try action(command)))
        } catch {
            throw .notStarted(command: "fake", reason: String(describing: error))
        }
    }
}

@Suite struct BuildRunTests {
    /// Writes a file into the step's changes.
    static func write(_ path: String, _ text: String, _ command: StepCommand) throws {
        let full = command.changes + "/" + path
        let folder = URL(filePath: full).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: full))
    }

    @Test("a host without a sandbox refuses RUN")
    func unavailable() async throws {
        let failure = try await BuildBench().failure("FROM scratch\nRUN make\n")
        #expect(failure == "Dockerfile:2: RUN make: RUN is not available on this gateway")
    }

    @Test("the runner gets command, environment, user, folder, network and the current tree")
    func command() async throws {
        let runner = FakeRunner()
        let bench = try BuildBench(runner: runner)
        try bench.write("passwd", "me:x:5:6::/home/me:/bin/sh\n")
        try await bench.build(
            """
            FROM scratch
            COPY passwd /etc/passwd
            ARG A=arg
            ARG B=hidden
            ENV B=env
            USER me
            WORKDIR /w
            RUN echo $A
            SHELL ["/bin/bash", "-c"]
            RUN --network=none x
            RUN ["exec", "$A"]
            """
        ) { $0.buildArguments = ["http_proxy": "p"] }
        let first = try #require(runner.commands.first)
        #expect(
            runner.commands.map(\.arguments) == [
                ["/bin/sh", "-c", "echo $A"], ["/bin/bash", "-c", "x"], ["exec", "$A"],
            ]
        )
        #expect(runner.commands.map(\.network) == [.egress, .none, .egress])
        let plan = try StepPlan.plan(
            for: first,
            limits: .ofHost,
            dataDirectory: bench.scratch.path + "/data",
            translatesOwners: true
        )
        #expect(
            plan.command.environment == [
                "A=arg", "B=env", "HOME=/home/me", RunPlan.defaultPath, "http_proxy=p",
            ]
        )
        #expect(plan.arguments == ["/bin/sh", "-c", "echo $A"])
        #expect(plan.sandbox.user == ContainerUser(uid: 5, gid: 6))
        #expect(plan.sandbox.workingDirectory == "/w")
        #expect(first.rootfs.hasPrefix(bench.scratch.path + "/data/rootfs/"))
        #expect(first.changes.hasPrefix(bench.scratch.path + "/data/build/step-"))
        #expect(access(first.changes, F_OK) != 0)
    }

    @Test("here-documents become the script, a program of their own, or the shell's")
    func heredocs() async throws {
        let scripts = Mutex<[String]>([])
        let runner = FakeRunner { command in
            if case .host(let path)? = command.mounts.first?.source {
                let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
                scripts.withLock { $0.append(text) }
            }
            return .exited(code: 0)
        }
        let bench = try BuildBench(runner: runner)
        try await bench.build(
            "FROM scratch\nRUN <<E\na\nb\nE\nRUN <<E\n#!/bin/python\nx\nE\nRUN cat <<A <<B\n1\nA\n2\nB\n"
                + "RUN << E\na\nE\nRUN cat << E > /d\nx\nE\n"
        )
        #expect(
            runner.commands.map(\.arguments) == [
                ["/bin/sh", "-c", "a\nb\n"], [RunPlan.scriptPath],
                ["/bin/sh", "-c", "cat <<A <<B\n1\nA\n2\nB\n"], ["/bin/sh", "-c", "a\n"],
                ["/bin/sh", "-c", "cat << E > /d\nx\nE\n"],
            ]
        )
        #expect(scripts.withLock { $0 } == ["#!/bin/python\nx\n"])
    }

    @Test("what a step adds, changes and removes is its layer")
    func changes() async throws {
        let runner = FakeRunner { command in
            try Self.write("etc/new", "N", command)
            chmod(command.changes + "/etc/new", 0o600)
            mknod(command.changes + "/etc/old", S_IFCHR, 0)
            try Self.write("fresh/x", "X", command)
            setxattr(command.changes + "/fresh", "user.overlay.opaque", "y", 1, 0)
            link(command.changes + "/fresh/x", command.changes + "/fresh/y")
            symlink("x", command.changes + "/fresh/z")
            return .exited(code: 0)
        }
        let bench = try BuildBench(runner: runner)
        try bench.write("etc/old", "O")
        try bench.write("fresh/before", "B")
        let text = "FROM scratch\nCOPY etc /etc\nCOPY fresh /fresh\nRUN change\n"
        let digest = try await bench.build(text)
        #expect(
            try await bench.entries(digest).dropFirst(4) == [
                "etc/ 755 0:0", "etc/.wh.old 644 0:0 = ", "etc/new 600 0:0 = N", "fresh/ 755 0:0",
                "fresh/.wh..wh..opq 644 0:0 = ", "fresh/x 644 0:0 = X", "fresh/y 644 0:0 -> fresh/x",
                "fresh/z 777 0:0 -> x",
            ]
        )
        #expect(try await bench.file("etc/old", in: digest) == nil)
        #expect(try await bench.file("etc/new", in: digest) == "N")
        #expect(try await bench.file("fresh/before", in: digest) == nil)
        #expect(try await bench.file("fresh/y", in: digest) == "X")
        #expect(try await bench.build(text) == digest)
        #expect(runner.commands.count == 1)
        // The next step starts from the changed tree.
        try await bench.build(text + "RUN again\n")
        #expect(runner.commands.count == 2)
        let rootfs = try #require(runner.commands.last?.rootfs)
        #expect(rootfs == (try await bench.store.rootfs(for: digest)))
    }

    @Test("a step that changes nothing makes no layer")
    func noChanges() async throws {
        let bench = try BuildBench(runner: FakeRunner())
        let image = try await bench.store.image(digest: bench.build("FROM scratch\nRUN true\n"))
        #expect(image.layers.isEmpty)
        #expect(image.configuration.history?.first?.emptyLayer == true)
    }

    @Test("output comes as lines, a rewritten line as its last state")
    func output() async throws {
        let bench = try BuildBench(runner: FakeRunner(printing: "one\ntwo\r\n10%\r20%\nlast"))
        try await bench.build("FROM scratch\nRUN x\n")
        #expect(bench.events.output == ["one", "two", "20%", "last"])
    }

    static let endings: [(ExitReport.Ending, String)] = [
        (.exited(code: 3), "'/bin/sh -c x' exited with code 3"),
        (.signalled(9), "'/bin/sh -c x' was killed by signal 9"),
        (
            .execFailed(errorNumber: ENOENT),
            "'/bin/sh -c x' could not be started: '/bin/sh' is not in the container, "
                + "or the interpreter or loader that it names is not"
        ),
        (.lost(reason: "gone"), "'/bin/sh -c x' could not be started: gone"),
    ]

    @Test("a step that fails ends the build, says how, and leaves nothing", arguments: endings)
    func failures(ending: ExitReport.Ending, expected: String) async throws {
        let bench = try BuildBench(runner: FakeRunner { _ in ending })
        #expect(try await bench.failure("FROM scratch\nRUN x\n") == "Dockerfile:2: RUN x: " + expected)
        let left = try FileManager.default.contentsOfDirectory(atPath: bench.scratch.path + "/data/build")
        #expect(!left.contains { $0.hasPrefix("step-") })
    }

    @Test("arguments and mounts count for the cache, proxies do not")
    func cacheKeys() async throws {
        let runner = FakeRunner()
        let bench = try BuildBench(runner: runner)
        let text = "FROM scratch\nARG v=1\nRUN x\n"
        try await bench.build(text)
        try await bench.build(text) { $0.buildArguments = ["http_proxy": "p"] }
        #expect(runner.commands.count == 1)
        try await bench.build(text) { $0.buildArguments = ["v": "2"] }
        #expect(runner.commands.count == 2)
        try await bench.build(text.replacingOccurrences(of: "RUN", with: "RUN --mount=type=tmpfs,target=/t"))
        #expect(runner.commands.count == 3)
        try await bench.build(text) { $0.networkMode = .none }
        #expect(runner.commands.count == 4)
    }

    @Test(
        "an unsupported instruction is named",
        arguments: [
            ("RUN --security=insecure x", "RUN --security=insecure is not available"),
            ("RUN --network=host x", "RUN --network=host is not available"),
            ("RUN --mount=type=ssh x", "RUN --mount=type=ssh is not available"),
            (
                "RUN --mount=type=cache,from=a,target=/x x",
                "RUN --mount=type=cache with from is not available"
            ),
        ]
    )
    func notAvailable(text: String, expected: String) async throws {
        let failure = try await BuildBench(runner: FakeRunner()).failure("FROM scratch\n" + text + "\n")
        #expect(failure?.contains(expected) == true, "\(failure ?? "built")")
    }

    @Test("steps left by a killed process are swept")
    func sweep() throws {
        let bench = try BuildBench()
        let folder = bench.scratch.path + "/data/build/step-dead/changes"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try ImageBuilder(
            dataDirectory: bench.scratch.path + "/data",
            store: bench.store,
            logger: .init(label: "test")
        )
        #expect(access(bench.scratch.path + "/data/build/step-dead", F_OK) != 0)
    }
}
