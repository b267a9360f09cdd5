// SPDX-License-Identifier: Apache-2.0
// Images without names, removal, indexes, archives as streams, and the budget, with a store on the disk.

import CSandbox
import FunctionModel
import Glibc
import Logging
import Synchronization
import Testing

@testable import ImageStore
@testable import OCI
@testable import Registry

@Suite struct ImageCareTests {
    private let scratch: Scratch
    private let store: ImageStore

    init() throws {
        scratch = try Scratch()
        store = try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// An image of one file with bytes that do not compress to nothing.
    private func load(
        _ name: String?,
        content: String,
        platform: Platform = .host
    ) async throws -> Digest {
        var tar = RawTar()
        tar.add("file", content: content)
        let image = try SampleImage([tar], platform: platform)
        try scratch.write(try image.dockerArchive(tags: name.map { [$0] }), to: "archive.tar")
        return try #require(try await store.load(archive: scratch.path + "/archive.tar").first?.digest)
    }

    @Test("an image without a name is listed, and removed by its digest")
    func unnamed() async throws {
        let digest = try await load(nil, content: "x")
        let listed = try await store.list()
        #expect(listed.map(\.familiarName) == ["<none>"])
        #expect(listed.map(\.digest) == [digest])
        #expect(listed[0].reference == nil && listed[0].ownBytes == listed[0].sizeBytes)
        await #expect(throws: ImageError.inUse(reference: digest.description, by: ["f revision 1"])) {
            try await store.remove(digest.description, users: [digest: ["f revision 1"]])
        }
        try await store.remove(digest.description, users: [:])
        #expect(try await store.list().isEmpty)
    }

    @Test("a name that moves on leaves an image without one; a removed last name leaves none")
    func movedName() async throws {
        let first = try await load("hello:1", content: "first")
        _ = try await load("hello:1", content: "second")
        #expect(try await store.list().map(\.familiarName) == ["hello:1", "<none>"])
        #expect(try await store.list().last?.digest == first)
        try await store.remove("hello:1", users: [:])
        #expect(try await store.list().map(\.digest) == [first])
    }

    @Test("a tag without a repository gets the one that the loader gives")
    func bareTag() async throws {
        var files = try SampleImage().layout(reference: "v1")
        #expect(files.removeValue(forKey: "absent") == nil)
        try scratch.write(files, below: "layout")
        #expect(try scratch.run("tar", "-C", "layout", "-cf", "archive.tar", ".").isFine)
        let path = scratch.path + "/archive.tar"
        #expect(try await store.load(archive: path).map(\.reference) == [nil])
        #expect(try await store.list().map(\.familiarName) == ["<none>"])
        let named = try await store.load(archive: path, repository: "my-app")
        #expect(named.map(\.reference) == ["docker.io/library/my-app:v1"])
        #expect(try await store.list().map(\.familiarName) == ["my-app:v1"])
        await #expect(throws: ImageError.self) { try await store.load(archive: path, repository: "No!") }
    }

    @Test("an index holds one image per platform, and a name of the index keeps them all")
    func index() async throws {
        let foreign = Platform.host.architecture == "arm64" ? "amd64" : "arm64"
        let other = Platform(os: "linux", architecture: foreign, variant: nil)
        let own = try await load("own:1", content: "own")
        _ = try await load("foreign:1", content: "foreign", platform: other)
        let digest = try await store.createIndex("both:1", of: ["own:1", "foreign:1"])
        #expect(try await store.createIndex("again:1", of: ["both:1"]) == digest)
        #expect(try await store.resolve("both:1").digest == own)
        await #expect(throws: ImageError.self) { try await store.createIndex("x:1", of: ["own:1", "own:1"]) }
        for name in ["own:1", "foreign:1", "again:1"] { try await store.remove(name, users: [:]) }
        #expect(try await store.list().map(\.familiarName) == ["both:1"])
        _ = try await store.prune(.init(inUse: []))
        #expect(StoredTree(store.blobs).isWhole(digest))
        // What runs is one manifest of it: the name cannot be taken nevertheless.
        var pruning = ImageStore.Pruning(inUse: [own])
        pruning.takesUnused = true
        _ = try await store.prune(pruning)
        #expect(try await store.list().map(\.familiarName) == ["both:1"])
        pruning.inUse = []
        _ = try await store.prune(pruning)
        #expect(try store.blobs.all() == [])
    }

    @Test("an archive is the same as a stream and as a file")
    func stream() async throws {
        _ = try await load("hello:1", content: "x")
        try await store.save(["hello:1"], to: scratch.path + "/file.tar")
        let archive = try await store.archive(of: ["hello:1"])
        let descriptor = open(scratch.path + "/stream.tar", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try archive.write(to: descriptor)
        close(descriptor)
        #expect(scratch.read("stream.tar") == scratch.read("file.tar"))
        await #expect(throws: ImageError.unknownImage("absent")) { try await store.archive(of: ["absent"]) }
    }

    @Test("pruning takes what broken pulls have left, but not what one is writing")
    func partials() async throws {
        let held = Digest(of: [1])
        var writer = try store.blobs.resumeWrite(expected: held, size: 10)
        try writer.write([1, 2, 3])
        var broken = try store.blobs.resumeWrite(expected: Digest(of: [2]), size: 10)
        try broken.write([1, 2, 3, 4])
        _ = consume broken
        #expect(try await store.prune(.init(inUse: [])).freedBytes == 4)
        #expect(try Directories.names(in: store.blobs.partialDirectory) == [held.hex])
        writer.discard()
    }

    @Test("verification looks at what is deployed without a name, too")
    func verifyUnnamed() async throws {
        let digest = try await load(nil, content: "x")
        #expect(try await store.verify(inUse: [digest]).isEmpty)
        let layer = try #require(try await store.image(digest: digest).layers.first)
        unlink(store.blobs.path(of: layer.digest))
        #expect(try await store.verify(inUse: [digest]).map(\.subject) == [digest.description])
    }

    @Test("a budget takes the least recently used that nothing needs, and never what is deployed")
    func budget() async throws {
        let deployed = try await load("deployed:1", content: String(repeating: "d", count: 100_000))
        _ = try await load("old:1", content: String(repeating: "o", count: 100_000))
        _ = try await load("new:1", content: String(repeating: "n", count: 100_000))
        var past = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
        let old = try #require(try await store.list().first { $0.familiarName == "old:1" }?.digest)
        for digest in [deployed, old] { utimensat(AT_FDCWD, store.blobs.path(of: digest), &past, 0) }
        let fits = try await store.fit(.bytes(ByteCount(bytes: 1 << 20)), cache: nil) { [deployed] }
        #expect(fits.isEmpty && fits.usedBytes > 300_000)
        let report = try await store.fit(.bytes(ByteCount(bytes: 270_000)), cache: nil) { [deployed] }
        #expect(report.images == 1 && report.usedBytes < 270_000)
        #expect(try await store.list().map(\.familiarName) == ["deployed:1", "new:1"])
        let rest = try await store.fit(.bytes(ByteCount(bytes: 0)), cache: nil) { [deployed] }
        #expect(rest.images == 1)
        #expect(try await store.list().map(\.familiarName) == ["deployed:1"])
        #expect(try await store.verify(inUse: [deployed]).isEmpty)
    }

    @Test("what an operation under way has looked up is not evicted, nor its tree")
    func heldByOperation() async throws {
        let digest = try await load("held:1", content: String(repeating: "h", count: 100_000))
        let hold = store.hold()
        _ = try await store.resolve("held:1")
        _ = try await store.rootfs(for: digest)
        let report = try await store.fit(.bytes(ByteCount(bytes: 0)), cache: nil) { [] }
        #expect(report.isEmpty)
        try await store.remove("held:1", users: [:])
        #expect(try await store.prune(.init(inUse: [])).removedBlobs == 0)
        #expect(try await store.image(digest: digest).layers.count == 1)
        withExtendedLifetime(hold) {}
    }

    @Test("a tree counts a file with several names once")
    func measure() throws {
        try Directories.make(scratch.path + "/a/folder")
        try scratch.write([UInt8](repeating: 1, count: 8192), to: "a/file")
        let folder = try OpenFile(path: scratch.path + "/a", flags: O_RDONLY | O_DIRECTORY)
        let once = try TreeMeasure.bytes(folder.descriptor)
        #expect(once >= 8192)
        link(scratch.path + "/a/file", scratch.path + "/a/folder/second")
        #expect(try TreeMeasure.bytes(folder.descriptor) == once)
    }

    @Test("a tree that cannot be counted stops no eviction, and its line names the image")
    func uncountable() async throws {
        let lines = LogLines()
        let store = try ImageStore(
            dataDirectory: scratch.path + "/other",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test", factory: { _ in lines.handler })
        )
        for name in ["closed:1", "old:1"] {
            var tar = RawTar()
            tar.add("file", content: name + String(repeating: "x", count: 50_000))
            try scratch.write(try SampleImage([tar]).dockerArchive(tags: [name]), to: "archive.tar")
            let digest = try #require(
                try await store.load(archive: scratch.path + "/archive.tar").first?.digest
            )
            if name == "closed:1" { _ = try await store.rootfs(for: digest) }
        }
        let tree = try #require(try store.roots.all().first)
        // A file in the place of a tree: it cannot be entered.
        try Directories.removeTree(path: store.roots.path(of: tree))
        try scratch.write("no folder", to: "other/rootfs/\(tree.hex)")
        let closed = try await store.resolve("closed:1").digest
        let report = try await store.fit(.bytes(ByteCount(bytes: 0)), cache: nil) { [closed] }
        #expect(report.images == 1)
        #expect(try await store.list().map(\.familiarName) == ["closed:1"])
        #expect(lines.text.contains("docker.io/library/closed:1"), "\(lines.text)")
    }

    @Test("a tree that was changed, or lacks a file, is found and unpacked again")
    func verifyTrees() async throws {
        var tar = RawTar()
        tar.add("kept", content: "kept")
        tar.add("changed", content: "right")
        tar.add("removed", content: "was here")
        tar.add("mode", content: "x", mode: 0o755)
        try scratch.write(try SampleImage([tar]).dockerArchive(tags: ["hello:1"]), to: "archive.tar")
        let digest = try #require(try await store.load(archive: scratch.path + "/archive.tar").first?.digest)
        let path = try await store.rootfs(for: digest)
        #expect(try await store.verify().isEmpty)
        // A container that runs holds the folder itself.
        let running = try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY)
        let tree = String(path.dropFirst(scratch.path.utf8.count + 1))
        try scratch.write("wrong", to: tree + "/changed")
        try scratch.write("more", to: tree + "/added")
        unlink(path + "/removed")
        chmod(path + "/mode", 0o4755)
        let findings = try await store.verify()
        #expect(findings.map(\.subject) == ["docker.io/library/hello:1"])
        #expect(findings.map(\.isRepaired) == [true])
        for part in ["/changed: content", "/removed: missing", "/added: in no layer", "/mode: mode"] {
            #expect(findings[0].problem.contains(part), "\(findings[0].problem)")
        }
        #expect(!findings[0].problem.contains("/kept"))
        #expect(scratch.read(tree + "/changed") == "right" && scratch.read(tree + "/removed") == "was here")
        #expect(faccessat(running.descriptor, "added", F_OK, 0) == 0)
        #expect(try await store.verify().isEmpty)
        store.roots.durability.settle()
    }

    @Test("a load that is cancelled says so and keeps nothing")
    func cancelledLoad() async throws {
        var tar = RawTar()
        tar.add("file", content: String(repeating: "x", count: 3_000_000))
        try scratch.write(try SampleImage([tar]).dockerArchive(tags: ["big:1"]), to: "archive.tar")
        let (store, path) = (store, scratch.path + "/archive.tar")
        let loading = Task { () async throws -> [LoadedImage] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.load(archive: path)
        }
        await #expect(throws: ImageError.cancelled) { try await loading.value }
        #expect(try store.blobs.all().isEmpty)
        #expect(try Directories.names(in: store.blobs.partialDirectory).isEmpty)
    }
}

/// A log that a test reads.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    var handler: any LogHandler { Handler(lines: self) }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
