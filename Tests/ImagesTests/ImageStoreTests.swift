// SPDX-License-Identifier: Apache-2.0
// The store as the other rooms use it: load, resolve, unpack, name, remove.

import FoundationEssentials
import FunctionModel
import Logging
import Testing

@testable import ImageStore
@testable import OCI

@Suite struct ImageStoreTests {
    let scratch: Scratch
    let store: ImageStore

    init() throws {
        scratch = try Scratch()
        store = try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
    }

    /// Trees, whole or not.
    private var trees: [String] {
        scratch.listing("data/rootfs").filter { line in
            ![".boot", ".form"].contains { line.hasPrefix($0) } && !line.contains(".synced ")
        }
    }

    private func blobCount() throws -> Int { try store.blobs.all().count }

    @Test("a docker archive is loaded, resolved by its short name, and unpacked")
    func dockerArchive() async throws {
        let image = try SampleImage()
        try scratch.write(try image.dockerArchive(tags: ["hello:latest"]), to: "archive.tar")
        let loaded = try await store.load(archive: scratch.path + "/archive.tar")
        #expect(loaded.map(\.reference) == ["docker.io/library/hello:latest"])
        let resolved = try await store.resolve("hello")
        #expect(resolved.digest == loaded.first?.digest)
        #expect(resolved.command() == ["/hello"])
        let path = try await store.rootfs(for: resolved.digest)
        #expect(path == scratch.path + "/data/rootfs/" + resolved.chainID.hex)
        let listing = scratch.listing("data/rootfs/\(resolved.chainID.hex)")
        #expect(listing.contains { $0.hasPrefix("hello 100755") && $0.hasSuffix("hello, world") })
        #expect(listing.contains { $0.hasPrefix("tmp 41777") })
        #expect(listing.contains { $0.hasPrefix("etc/resolv.conf 100644") })
        // Manifest, configuration, layer; nothing else of the archive stays.
        #expect(try blobCount() == 3)
    }

    @Test("old archives whose layers are links to others are loaded")
    func linkedLayers() async throws {
        var tar = RawTar()
        let layer = try SampleImage().layers[0]
        tar.add("one/layer.tar", content: String(decoding: layer, as: UTF8.self))
        tar.add("two/layer.tar", .symbolicLink, link: "../one/layer.tar")
        var image = try SampleImage()
        image.configuration.rootfs.diffIDs = [Digest(of: layer), Digest(of: layer)]
        tar.add("config.json", content: String(decoding: try image.configurationBytes, as: UTF8.self))
        tar.add(
            "manifest.json",
            content: #"[{"Config":"config.json","RepoTags":null,"Layers":["one/layer.tar","two/layer.tar"]}]"#
        )
        try scratch.write(tar.finished, to: "archive.tar")
        let loaded = try await store.load(archive: scratch.path + "/archive.tar")
        #expect(loaded.count == 1 && loaded[0].reference == nil)
        #expect(try await store.image(digest: loaded[0].digest).layers.count == 2)
    }

    @Test("an archive whose layer does not match its digest is refused and leaves nothing")
    func wrongDiffID() async throws {
        var image = try SampleImage()
        image.configuration.rootfs.diffIDs = [Digest(of: [1])]
        try scratch.write(try image.dockerArchive(tags: ["bad"]), to: "archive.tar")
        await #expect {
            _ = try await store.load(archive: scratch.path + "/archive.tar")
        } throws: { error in
            if case .digestMismatch(let what, _, _)? = error as? ImageError {
                what.contains("layer0/layer.tar")
            } else {
                false
            }
        }
        #expect(try blobCount() == 0)
        #expect(try await store.list().isEmpty)
    }

    @Test("a layout whose layer was changed is refused and nothing gets a name")
    func changedLayer() async throws {
        let image = try SampleImage()
        var files = try image.layout(reference: "bad:1")
        files["blobs/sha256/" + Digest(of: image.layers[0]).hex]?[3] ^= 1
        try scratch.write(files, below: "layout")
        await #expect(throws: ImageError.self) {
            try await store.loadLayout(directory: scratch.path + "/layout")
        }
        #expect(try await store.list().isEmpty)
        #expect(try !store.blobs.all().contains(Digest(of: image.layers[0])))
    }

    @Test(
        "an archive that ends too early is refused at any place and leaves nothing",
        arguments: [1, 511, 513, 2000, 4000]
    )
    func truncated(keep: Int) async throws {
        let archive = try SampleImage().dockerArchive(tags: ["hello"])
        try #require(archive.count > 4000)
        try scratch.write(Array(archive.prefix(keep)), to: "archive.tar")
        await #expect(throws: ImageError.self) {
            try await store.load(archive: scratch.path + "/archive.tar")
        }
        #expect(try blobCount() == 0)
    }

    @Test("an image for another processor is stored, and refused by naming both when it is to run")
    func otherPlatform() async throws {
        let image = try SampleImage(platform: Platform(architecture: "s390x"))
        try scratch.write(try image.dockerArchive(tags: ["mainframe"]), to: "archive.tar")
        let loaded = try await store.load(archive: scratch.path + "/archive.tar")
        #expect(loaded.count == 1)
        await #expect(
            throws: ImageError.wrongPlatform(
                reference: "mainframe",
                image: "linux/s390x",
                host: Platform.host.description
            )
        ) { try await store.resolve("mainframe") }
    }

    @Test("a layout folder is loaded; unknown kinds of content in its index are passed over")
    func layout() async throws {
        var files = try SampleImage().layout(reference: "example.org/tool:2")
        var index = try Documents.decode(ImageIndex.self, files["index.json"] ?? [], name: "index")
        index.manifests.insert(
            Descriptor(mediaType: "application/vnd.example+json", digest: Digest(of: [7]), size: 1),
            at: 0
        )
        files["index.json"] = try Documents.encode(index, name: "index")
        try scratch.write(files, below: "layout")
        let loaded = try await store.loadLayout(directory: scratch.path + "/layout")
        #expect(loaded.map(\.reference) == ["example.org/tool:2"])
        #expect(try await store.resolve("example.org/tool:2").layers.count == 1)
    }

    @Test("an unknown media type is named")
    func unknownMediaType() async throws {
        var files = try SampleImage().layout(reference: "odd:1")
        let text = String(decoding: files["index.json"] ?? [], as: UTF8.self)
        let manifest = try #require(
            files.first { String(decoding: $0.value, as: UTF8.self).contains("\"layers\":") }
        )
        let odd = Array(
            String(decoding: manifest.value, as: UTF8.self)
                .replacing(MediaType.layer, with: "application/x-cake").utf8
        )
        files[manifest.key] = nil
        files["blobs/sha256/" + Digest(of: odd).hex] = odd
        files["index.json"] = Array(
            text.replacing(String(manifest.key.dropFirst(13)), with: Digest(of: odd).hex)
                .replacing("\"size\":\(manifest.value.count)", with: "\"size\":\(odd.count)").utf8
        )
        try scratch.write(files, below: "layout")
        await #expect {
            _ = try await store.loadLayout(directory: scratch.path + "/layout")
        } throws: { error in
            if case .invalid(.unknownMediaType("application/x-cake", _))? = error as? ImageError {
                true
            } else {
                false
            }
        }
    }

    @Test("names are given, listed and taken away; what is in use stays")
    func names() async throws {
        try scratch.write(try SampleImage().dockerArchive(tags: ["hello:1"]), to: "archive.tar")
        let digest = try #require(try await store.load(archive: scratch.path + "/archive.tar").first?.digest)
        try await store.tag("hello:1", as: "example.org/hello:2")
        #expect(try await store.list().map(\.familiarName) == ["hello:1", "example.org/hello:2"])
        #expect(
            try await store.list().allSatisfy { $0.sharedBytes == 0 && $0.ownBytes == $0.sizeBytes }
        )
        try await store.remove("hello:1", users: [digest: ["greeter"]])
        await #expect(throws: ImageError.inUse(reference: "example.org/hello:2", by: ["greeter"])) {
            try await store.remove("example.org/hello:2", users: [digest: ["greeter"]])
        }
        try await store.remove("example.org/hello:2", users: [:])
        await #expect(throws: ImageError.unknownImage("hello:1")) { try await store.resolve("hello:1") }
    }

    @Test("pruning keeps what has a name or is in use, and removes the rest")
    func prune() async throws {
        try scratch.write(try SampleImage().dockerArchive(tags: nil), to: "archive.tar")
        let digest = try #require(try await store.load(archive: scratch.path + "/archive.tar").first?.digest)
        #expect(try await store.prune(.init(inUse: [digest])).removedBlobs == 0)
        #expect(try await store.image(digest: digest).layers.count == 1)
        let report = try await store.prune(.init(inUse: []))
        #expect(report.removedBlobs == 3 && report.freedBytes > 2048)
        #expect(try blobCount() == 0)
    }

    @Test("pruning leaves what a running operation has brought")
    func pruneBesideOperation() async throws {
        let lease = store.blobs.lease()
        let digest = try store.blobs.put([1, 2, 3])
        #expect(try await store.prune(.init(inUse: [])).removedBlobs == 0)
        #expect(store.blobs.size(of: digest) == 3)
        withExtendedLifetime(lease) {}
    }

    @Test("verification names damaged content and the images that need it")
    func verify() async throws {
        let image = try SampleImage()
        try scratch.write(try image.dockerArchive(tags: ["hello"]), to: "archive.tar")
        _ = try await store.load(archive: scratch.path + "/archive.tar")
        #expect(try await store.verify().isEmpty)
        let layer = Digest(of: image.layers[0])
        try scratch.write(Array(image.layers[0].dropLast()), to: "data/blobs/sha256/" + layer.hex)
        let findings = try await store.verify()
        #expect(findings.map(\.subject) == [layer.description, "docker.io/library/hello:latest"])
    }

    @Test("a compressed layer that unpacks to something else is refused and leaves no tree")
    func wrongPlainDigest() async throws {
        var image = try SampleImage()
        let other = try SampleImage([RawTar()])
        image.configuration.rootfs = other.configuration.rootfs
        try scratch.write(try image.layout(reference: "bad:1"), below: "layout")
        let loaded = try await store.loadLayout(directory: scratch.path + "/layout")
        await #expect {
            _ = try await store.rootfs(for: loaded[0].digest)
        } throws: { error in
            if case .digestMismatch? = error as? ImageError { true } else { false }
        }
        #expect(trees.isEmpty)
    }

    @Test("many callers for one image get the same tree")
    func singleFlight() async throws {
        try scratch.write(try SampleImage().dockerArchive(tags: ["hello"]), to: "archive.tar")
        let digest = try await store.load(archive: scratch.path + "/archive.tar")[0].digest
        let store = store
        let paths = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 { group.addTask { try await store.rootfs(for: digest) } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(paths.count == 1)
    }

    @Test("a half-made tree of a killed process is gone after the next start")
    func leftovers() async throws {
        try Directories.make(scratch.path + "/data/rootfs/.partial-1/etc")
        try scratch.write("x", to: "data/blobs/partial/new-1")
        _ = try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
        #expect(trees.isEmpty)
        #expect(scratch.listing("data/blobs/partial").isEmpty)
    }

    @Test("what is saved and loaded again has the same digests, and the same input gives the same bytes")
    func roundTrip() async throws {
        var second = RawTar()
        second.add("second", content: "2")
        try scratch.write(try SampleImage().dockerArchive(tags: ["one:1", "two:2"]), to: "one.tar")
        try scratch.write(try SampleImage([second]).layout(reference: "example.org/three:3"), below: "layout")
        var before = try await store.load(archive: scratch.path + "/one.tar")
        before += try await store.loadLayout(directory: scratch.path + "/layout")
        let names = ["one:1", "two:2", "example.org/three:3"]
        for file in ["a.tar", "b.tar"] { try await store.save(names, to: scratch.path + "/" + file) }
        #expect(scratch.read("a.tar") != nil && scratch.read("a.tar") == scratch.read("b.tar"))
        let copy = try ImageStore(
            dataDirectory: scratch.path + "/copy",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
        let after = try await copy.load(archive: scratch.path + "/a.tar")
        #expect(Set(after) == Set(before))
    }
}
