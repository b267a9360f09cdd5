// SPDX-License-Identifier: Apache-2.0
// Programs run by the tests: to their end with their output, or in the background.

import Foundation

/// What a program said and how it ended.
struct CommandResult: Sendable {
    /// Exit code, or 128 plus the signal.
    var code: Int32
    var output: Data
    var error: String

    var text: String { String(decoding: output, as: UTF8.self) }
}

/// The harness itself failed: no statement about the gateway.
struct HarnessError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Runs programs.
enum Command {
    /// No program of the tests takes longer; a stuck one must not hold the whole run.
    static let secondsMax = Patience.seconds(300)

    /// Runs a program to its end.
    ///
    /// Suspends; output passes through files, so that nothing can block.
    static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: Data? = nil,
        secondsMax: Double = Command.secondsMax
    ) async throws -> CommandResult {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = folder.url.appendingPathComponent("output")
        let error = folder.url.appendingPathComponent("error")
        process.standardOutput = try createFile(output)
        process.standardError = try createFile(error)
        if let input {
            let file = folder.url.appendingPathComponent("input")
            try input.write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        let code = try await end(of: process, secondsMax: secondsMax)
        return CommandResult(
            code: code,
            output: try Data(contentsOf: output),
            error: String(decoding: try Data(contentsOf: error), as: UTF8.self)
        )
    }

    /// Runs a program of the system and insists on success.
    @discardableResult
    static func require(_ words: String...) async throws -> String {
        let result = try await run("/usr/bin/env", words)
        guard result.code == 0 else {
            throw HarnessError("\(words.joined(separator: " ")): code \(result.code): \(result.error)")
        }
        return result.text
    }

    static func createFile(_ url: URL) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
            throw HarnessError("cannot create \(url.path)")
        }
        return try FileHandle(forWritingTo: url)
    }

    /// Starts a process and suspends until its end.
    private static func end(of process: Process, secondsMax: Double) async throws -> Int32 {
        let (ends, continuation) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            continuation.yield(process.terminationStatus + (isSignal ? 128 : 0))
            continuation.finish()
        }
        try process.start()
        let processID = process.processIdentifier
        let limit = Task {
            try await Task.sleep(for: .seconds(secondsMax))
            kill(processID, SIGKILL)
        }
        defer { limit.cancel() }
        return await ends.first { _ in true } ?? -1
    }
}

/// A folder that goes when the test is over.
struct TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("mayfly-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: url,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
    }

    /// Writes a file of the folder, making folders on the way.
    func write(_ text: String, to name: String) throws {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: file)
    }

    func remove() {
        // What is left in the system's temporary folder harms no test.
        try? FileManager.default.removeItem(at: url)
    }
}
