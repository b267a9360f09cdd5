// SPDX-License-Identifier: Apache-2.0
// One faasctl serve on a data folder of its own and a free port; every test makes its own.

import Foundation
import Synchronization

/// A running gateway, seen from outside only.
final class GatewayUnderTest: Sendable {
    /// Start-up builds the spawner's world; a loaded machine takes its time.
    private static let startSecondsMax = Patience.seconds(30)

    let dataFolder: String
    let address: String
    let processID: Int32
    private let logFolder: TemporaryFolder
    private let ending: Task<Int32, Never>
    private let life: Life

    /// Whether the process has ended: its number may be another's then.
    private final class Life: Sendable {
        let hasEnded = Atomic(false)
    }

    /// Starts a gateway and waits for its ready line.
    ///
    /// - Parameters:
    ///   - dataFolder: DATA; made when it does not exist.
    ///   - arguments: more flags of `serve`.
    ///   - wrapper: words in front of the program, for example `unshare --mount`.
    ///   - program: faasctl, where others can execute it.
    ///   - namesPlace: false leaves address and folder to a configuration file, which has to name a free port.
    /// - Throws: ``HarnessError`` with what it wrote when it did not start.
    init(
        dataFolder: String,
        arguments: [String] = [],
        wrapper: [String] = [],
        program: String = Fixtures.faasctl,
        namesPlace: Bool = true
    ) async throws {
        let folder = try TemporaryFolder()
        let output = folder.url.appendingPathComponent("output")
        let error = folder.url.appendingPathComponent("error")
        let place = namesPlace ? ["--listen", "127.0.0.1:0", "--data-dir", dataFolder] : []
        let words = wrapper + [program, "serve"] + place + arguments
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Command.createFile(output)
        process.standardError = try Command.createFile(error)
        let (ends, continuation) = AsyncStream<Int32>.makeStream()
        let life = Life()
        process.terminationHandler = { process in
            life.hasEnded.store(true, ordering: .relaxed)
            let isSignal = process.terminationReason == .uncaughtSignal
            continuation.yield(process.terminationStatus + (isSignal ? 128 : 0))
            continuation.finish()
        }
        try process.start()
        self.dataFolder = dataFolder
        self.life = life
        logFolder = folder
        ending = Task { await ends.first { _ in true } ?? -1 }
        let launched = process.processIdentifier
        processID = launched
        do {
            address = try await Self.readyAddress(output: output, error: error, processID: launched)
        } catch {
            folder.remove()
            throw error
        }
    }

    /// A test that throws before ``stop()`` leaves no gateway behind.
    deinit {
        if !life.hasEnded.load(ordering: .relaxed) { kill(processID, SIGKILL) }
        logFolder.remove()
    }

    /// Starts a gateway on a new folder, hands it over, stops it and removes everything.
    static func with<Value: Sendable>(
        arguments: [String] = [],
        wrapper: [String] = [],
        _ body: (GatewayUnderTest) async throws -> Value
    ) async throws -> Value {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let gateway = try await GatewayUnderTest(
            dataFolder: folder.url.appendingPathComponent("data").path,
            arguments: arguments,
            wrapper: wrapper
        )
        do {
            let value = try await body(gateway)
            await gateway.stop()
            return value
        } catch {
            await gateway.stop()
            throw error
        }
    }

    /// What the gateway wrote to standard error so far.
    var logText: String {
        // Not there yet is the same as empty.
        (try? String(contentsOf: logFolder.url.appendingPathComponent("error"), encoding: .utf8)) ?? ""
    }

    /// Sends a signal to the gateway process alone.
    func signal(_ number: Int32) { kill(processID, number) }

    /// Suspends until the process has ended; its exit code or 128 plus the signal.
    func ended() async -> Int32 { await ending.value }

    /// Ends it as an operator would, and by force if it does not end.
    func stop() async {
        signal(SIGTERM)
        let force = Task { [processID] in
            try await Task.sleep(for: .seconds(40))
            kill(processID, SIGKILL)
        }
        _ = await ended()
        force.cancel()
    }

    /// Runs faasctl against this gateway.
    func faasctl(_ arguments: String..., input: Data? = nil) async throws -> CommandResult {
        try await faasctl(arguments, input: input)
    }

    func faasctl(_ arguments: [String], input: Data? = nil) async throws -> CommandResult {
        try await Command.run(
            Fixtures.faasctl,
            arguments,
            environment: ["FAASCTL_GATEWAY": address, "MAYFLY_DATA_DIR": dataFolder],
            input: input
        )
    }

    /// Runs faasctl and insists on success.
    @discardableResult
    func require(_ arguments: String...) async throws -> String {
        let result = try await faasctl(arguments)
        guard result.code == 0 else {
            throw HarnessError(
                "faasctl \(arguments.joined(separator: " ")): code \(result.code): \(result.error)\(logText)"
            )
        }
        return result.text
    }

    private static func readyAddress(output: URL, error: URL, processID: Int32) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(startSecondsMax)
        while ContinuousClock.now < deadline {
            let text = try String(contentsOf: output, encoding: .utf8)
            if text.hasSuffix("\n"), let start = text.range(of: "http") {
                return text[start.lowerBound...].trimmingCharacters(in: .whitespacesAndNewlines)
            }
            guard kill(processID, 0) == 0 else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        kill(processID, SIGKILL)
        throw HarnessError("the gateway did not start: \(try String(contentsOf: error, encoding: .utf8))")
    }
}
