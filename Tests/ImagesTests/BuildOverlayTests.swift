// SPDX-License-Identifier: Apache-2.0
// RUN upon a real overlay: the kernel says what a step's changes look like, not a test.

import Foundation
import Glibc
import Sandbox
import Testing

@testable import ImageBuilder
@testable import ImageStore

/// Runs steps in a mount namespace and a chroot: no sandbox, but the same overlay.
struct OverlayRunner: StepRunner {
    func run(
        _ command: StepCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> RunOutcome {
        let script = """
            mkdir "$2/w" "$2/m" && mount -t overlay overlay -o "lowerdir=$0,upperdir=$1,workdir=$2/w" "$2/m" &&
            root=$2/m && shift 2 && exec chroot "$root" "$@"
            """
        let folders = [command.rootfs, command.changes, command.scratch]
        let arguments = ["--mount", "--pid", "--fork", "/bin/sh", "-c", script] + folders + command.arguments
        let code = try await BlockingWork.run { () throws(StepFailure) in
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/unshare")
            process.arguments = arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            do { try process.run() } catch {
                throw .notStarted(command: "unshare", reason: String(describing: error))
            }
            output(Array(pipe.fileHandleForReading.readDataToEndOfFile()))
            process.waitUntilExit()
            return process.terminationStatus
        }
        return RunOutcome(report: ExitReport(ending: .exited(code: code)))
    }

    /// Whether this process may mount an overlay in the temporary folder.
    static let isPossible: Bool = {
        guard geteuid() == 0, access("/bin/busybox", X_OK) == 0 else { return false }
        let folder = NSTemporaryDirectory() + "overlay-probe-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        let script =
            "mkdir -p $0/l $0/u $0/w $0/m && mount -t overlay o -o lowerdir=$0/l,upperdir=$0/u,workdir=$0/w $0/m"
        process.arguments = ["--mount", "/bin/sh", "-c", script, folder]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}

@Suite(.enabled(if: OverlayRunner.isPossible)) struct BuildOverlayTests {
    static func bench() throws -> BuildBench {
        let bench = try BuildBench(runner: OverlayRunner())
        try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: bench.context + "/busybox")
        return bench
    }

    static let base = "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\n"

    @Test("each step sees what the steps before it left, and the image holds what the last one left")
    func steps() async throws {
        let bench = try Self.bench()
        try bench.write("d/a", "A")
        try bench.write("d/b", "B")
        let digest = try await bench.build(
            Self.base + """
                COPY d /d
                RUN <<EOF
                busybox rm /d/a
                busybox mv /d/b /d/c
                busybox chmod 600 /d/c
                busybox mkdir -p /new/deep && echo hi > /new/deep/file
                busybox ln /new/deep/file /new/hard
                busybox ln -s deep /new/soft
                busybox chown -R 7:8 /new
                EOF
                RUN busybox cat /d/c /new/soft/file && busybox rm -r /new/deep && busybox mkdir /new/deep
                RUN busybox test ! -e /new/deep/file && busybox rm -r /d
                """
        )
        #expect(bench.events.output == ["Bhi"])
        #expect(try await bench.file("new/hard", in: digest) == "hi\n")
        #expect(try await bench.file("new/deep/file", in: digest) == nil)
        #expect(try await bench.file("d/c", in: digest) == nil)
        let root = try await bench.store.rootfs(for: digest)
        #expect(access(root + "/d", F_OK) != 0)
        let entries = try await bench.entries(digest)
        #expect(entries.contains("d/.wh.a 644 0:0 = "))
        #expect(entries.contains("d/c 600 0:0 = B"))
        #expect(entries.contains("new/hard 644 7:8 -> new/deep/file"))
        #expect(entries.contains("new/deep/.wh..wh..opq 644 0:0 = "))
        #expect(entries.contains(".wh.d 644 0:0 = "))
    }

    @Test("the same steps give the same layers, made twice")
    func reproducible() async throws {
        let bench = try Self.bench()
        let text = Self.base + "RUN busybox mkdir /x && echo 1 > /x/b && echo 2 > /x/a\n"
        let epoch = ["SOURCE_DATE_EPOCH": "1100000000"]
        let first = try await bench.build(text) { $0.buildArguments = epoch }
        let second = try await bench.build(text) {
            $0.buildArguments = epoch
            $0.noCache = true
        }
        #expect(second == first)
    }

    @Test("a command that fails ends the build with its code and its output")
    func failure() async throws {
        let bench = try Self.bench()
        let failure = try await bench.failure(Self.base + "RUN echo no >&2; exit 4\n")
        #expect(
            failure
                == "Dockerfile:4: RUN echo no >&2; exit 4: '/bin/sh -c echo no >&2; exit 4' exited with code 4"
        )
        #expect(bench.events.output == ["no"])
    }
}
