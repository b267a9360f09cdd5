// SPDX-License-Identifier: Apache-2.0
// A context folder, a store and a builder in a scratch folder, and what a built image holds.

import CSandbox
import HTTPClient
import FoundationEssentials
import FunctionModel
import Glibc
import ImageBuilder
import ImageStore
import OCI
import Logging
import Synchronization

/// Everything that a build test needs; gone with its owner.
final class BuildBench {
    let scratch: Scratch
    let store: ImageStore
    let builder: ImageBuilder
    let events = EventList()
    let clock = BuildClock()

    var context: String { scratch.path + "/context" }

    /// A bench whose downloads reach the given networks besides the public internet.
    convenience init(
        runner: any StepRunner = UnavailableStepRunner(),
        reaching networks: [IPv4Network] = []
    ) throws {
        try self.init(reaching: networks) { _ in runner }
    }

    /// A bench whose runner `runner` makes, given DATA.
    ///
    /// Its clock stands still until a test sets it, so that the same input gives the same image.
    init(reaching networks: [IPv4Network] = [], _ makeRunner: (String) -> any StepRunner) throws {
        scratch = try Scratch()
        let data = scratch.path + "/data"
        let runner = makeRunner(data)
        let logger = Logger(label: "test")
        store = try ImageStore(dataDirectory: data, references: MemoryReferenceStore(), logger: logger)
        builder = try ImageBuilder(
            dataDirectory: data,
            store: store,
            runner: runner,
            destinations: DestinationPolicy(allowed: networks),
            clock: { [clock] in clock.now },
            logger: logger
        )
        mkdir(scratch.path + "/context", 0o755)
    }

    /// Writes a file of the context, with its folders.
    func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        let full = context + "/" + path
        let folder = full[..<(full.lastIndex(of: "/") ?? full.endIndex)]
        try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: full))
        chmod(full, mode)
    }

    /// Dates a name of the context, a link itself.
    func touch(_ path: String, _ seconds: Int) {
        let time = timespec(tv_sec: seconds, tv_nsec: 900_000_000)
        utimensat(AT_FDCWD, context + "/" + path, [time, time], AT_SYMLINK_NOFOLLOW)
    }

    func link(_ path: String, to target: String) { symlink(target, context + "/" + path) }

    /// Builds with the given Dockerfile.
    @discardableResult
    func build(_ dockerfile: String, _ change: (inout BuildRequest) -> Void = { _ in }) async throws -> Digest
    {
        try write("Dockerfile", dockerfile)
        return try await build(change)
    }

    /// Builds with what lies in the context.
    @discardableResult
    func build(_ change: (inout BuildRequest) -> Void = { _ in }) async throws -> Digest {
        var request = BuildRequest(contextDirectory: context)
        change(&request)
        events.clear()
        let list = events
        return try await builder.build(request) { list.add($0) }
    }

    /// The error that a build ends with, as users see it; nil when it succeeds.
    func failure(_ dockerfile: String, _ change: (inout BuildRequest) -> Void = { _ in }) async throws
        -> String?
    {
        do {
            try await build(dockerfile, change)
            return nil
        } catch let error as BuildError {
            return error.description
        }
    }

    /// The entries of every layer, in order: path, kind, mode, owner, content or target; times apart.
    func entries(_ digest: Digest) async throws -> [String] {
        try await layers(digest).flatMap { $0 }
    }

    /// The same, each layer's by itself.
    func layers(_ digest: Digest) async throws -> [[String]] {
        var layers: [[String]] = []
        for layer in try await store.image(digest: digest).layers {
            var lines: [String] = []
            let file = try OpenFile(path: store.blobs.path(of: layer.digest))
            var reader = try TarReader(descriptor: file.descriptor, name: "layer")
            while let entry = try reader.next() {
                let mode = String(entry.mode, radix: 8)
                var line = "\(entry.displayName) \(mode) \(entry.uid):\(entry.gid)"
                switch entry.kind {
                case .file:
                    let bytes = try reader.content(limit: 64 << 20, of: entry)
                    line += " = " + (bytes.count > 4096 ? "…" : String(decoding: bytes, as: UTF8.self))
                case .symbolicLink, .hardLink:
                    line += " -> " + String(decoding: entry.linkTarget, as: UTF8.self)
                default: break
                }
                lines.append(line)
            }
            layers.append(lines)
        }
        return layers
    }

    /// The modification times of every entry of every layer, in seconds since 1970.
    func times(_ digest: Digest) async throws -> Set<Int> { Set(try await dates(digest).values) }

    /// The modification time of each name, in seconds since 1970; of one in several layers, the topmost.
    func dates(_ digest: Digest) async throws -> [String: Int] {
        var times: [String: Int] = [:]
        for layer in try await store.image(digest: digest).layers {
            let file = try OpenFile(path: store.blobs.path(of: layer.digest))
            var reader = try TarReader(descriptor: file.descriptor, name: "layer")
            while let entry = try reader.next() { times[entry.displayName] = entry.modified.seconds }
        }
        return times
    }

    func file(_ path: String, in digest: Digest) async throws -> String? {
        let root = try await store.rootfs(for: digest)
        guard let data = try? Data(contentsOf: URL(filePath: root + "/" + path)) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}

/// The time of builds, in seconds since 1970.
final class BuildClock: Sendable {
    static let start = 1_600_000_000
    private let seconds = Mutex(BuildClock.start)

    var now: Int { seconds.withLock { $0 } }
    func set(_ now: Int) { seconds.withLock { $0 = now } }
}

/// Events in the order in which they came.
final class EventList: Sendable {
    private let list = Mutex<[BuildEvent]>([])

    var all: [BuildEvent] { list.withLock { $0 } }
    var cachedCount: Int { all.count { $0 == .cached } }
    var warnings: [String] { all.compactMap { if case .warning(_, let text) = $0 { text } else { nil } } }
    var output: [String] { all.compactMap { if case .output(let text) = $0 { text } else { nil } } }

    func add(_ event: BuildEvent) { list.withLock { $0.append(event) } }
    func clear() { list.withLock { $0 = [] } }
}

/// Counts calls from any thread.
final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
