// SPDX-License-Identifier: Apache-2.0
// The static program that asks the kernel from inside a sandbox: Programs/probe.c.

import Foundation
import Glibc

/// Compiles the probe into a test image, once per image.
enum Probe {
    private static let source = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Programs/probe.c")
        .path
    /// Compiled before, for machines without a compiler.
    private static let ready = ProcessInfo.processInfo.environment["MAYFLY_TEST_PROBE"]

    /// Leaves the program at `path`.
    static func compile(to path: String) throws {
        if let ready { return try FileManager.default.copyItem(atPath: ready, toPath: path) }
        try build(source, to: path)
    }

    /// Whether programs can be made here.
    static var hasCompiler: Bool { access("/usr/bin/cc", X_OK) == 0 }

    /// Compiles a static program, or one with other flags.
    static func build(
        _ sources: String...,
        to path: String,
        compiler: String = "/usr/bin/cc",
        flags: [String] = ["-static", "-Os"]
    ) throws {
        guard Self.run([compiler] + flags + ["-o", path] + sources) == 0 else {
            throw CocoaError(.executableLoad)
        }
    }

    /// What the probe at `path` prints on the host.
    static func onHost(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Foundation.Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    /// Runs a program to its end.
    private static func run(_ arguments: [String]) -> Int32 {
        var pid = pid_t()
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        guard posix_spawn(&pid, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
        var status: Int32 = 0
        return waitpid(pid, &status, 0) == pid ? status : -1
    }
}
