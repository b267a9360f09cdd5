// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: a folder of their own, sample values, a log that can be read.

import Foundation
import FunctionModel
import FunctionStore
import Logging
import Synchronization
import Testing

/// A folder that is gone with its owner.
final class TemporaryFolder: Sendable {
    let path: String
    /// Stores in memory that belong to the folder, as its database does.
    let memory: MemoryStore
    let memorySecrets: MemorySecrets

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/mayfly-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        memory = MemoryStore(folder: path)
        memorySecrets = MemorySecrets(folder: path)
    }

    var database: String { path + "/mayfly.sqlite" }

    func open() throws -> SQLiteStore {
        try SQLiteStore(path: database, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    deinit {
        // A folder left in /tmp harms nothing, and a deinit cannot throw.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// A tmpfs that is gone with its owner; only root can make one.
final class TemporaryMount {
    let path: String
    private let folder: TemporaryFolder

    init(in folder: TemporaryFolder, options: String) throws {
        self.folder = folder
        path = folder.path + "/disk"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try Self.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path)
    }

    deinit {
        // Lazily, so that it goes even when a failed expectation left a database open.
        #expect(throws: Never.self) { try Self.run("umount", "-l", path) }
    }

    private static func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments)")
    }
}

/// Keeps every message, so that a test can ask what was said.
struct LogCapture: LogHandler {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let values = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.append("\(event.level) \(event.message) \(values.joined(separator: " "))")
    }
}

/// A fixed point in time, so that no test depends on the clock.
let noon = Date(timeIntervalSince1970: 1_800_000_000.123456)

func name(_ text: String) throws -> FunctionName { try FunctionName(text) }

func invocation(
    _ id: String,
    of function: String = "hello",
    at seconds: Double = 0,
    outcome: Outcome = .ok
) throws -> Invocation {
    Invocation(
        id: id,
        function: try FunctionName(function),
        revision: 1,
        trigger: .http,
        startedAt: noon.addingTimeInterval(seconds),
        status: outcome == .ok ? 200 : 500,
        outcome: outcome
    )
}

func line(
    _ text: String,
    of function: String = "hello",
    by invocation: String = "a",
    at seconds: Double = 0
) throws -> LogLine {
    LogLine(
        function: try FunctionName(function),
        revision: 1,
        invocation: invocation,
        timestamp: noon.addingTimeInterval(seconds),
        text: text
    )
}

extension Digest {
    /// A digest for each letter, in their order.
    static func sample(_ text: String) -> Digest {
        Digest(hash: [UInt8](repeating: text.utf8.first ?? 0, count: 32))
    }
}

extension FunctionRepository {
    /// Names and current revisions of all functions.
    func currentRevisions() async throws -> [Revision] {
        try await changes(since: .none).changes.compactMap(\.revision)
    }

    @discardableResult
    func deploySample(
        _ function: String = "hello",
        digest: Digest = .sample("aa"),
        configuration: FunctionConfiguration = .init()
    ) async throws -> Revision {
        try await deploy(
            function: FunctionName(function),
            imageReference: "hello:latest",
            imageDigest: digest,
            configuration: configuration,
            createdAt: noon,
            unchangedSince: nil
        )
    }
}
