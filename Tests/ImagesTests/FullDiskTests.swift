// SPDX-License-Identifier: Apache-2.0
// A disk that fills up in the middle: reported as such, and nothing of the operation stays.

import Glibc
import Logging
import Testing

@testable import ImageStore

@Suite struct FullDiskTests {
    /// A file system of two mebibytes for the store, unmounted with its last owner.
    private final class SmallDisk {
        let path: String

        init(_ path: String) throws {
            self.path = path
            try Directories.make(path)
            try SystemCall.check("mount", path) { mount("tmpfs", path, "tmpfs", 0, "size=2m") }
        }

        deinit { umount2(path, Int32(MNT_DETACH)) }
    }

    private func store(_ scratch: Scratch) throws -> ImageStore {
        try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
    }

    @Test(
        "loading into a full disk keeps no blob and no name",
        .enabled(if: geteuid() == 0, "needs root to mount")
    )
    func load() async throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch.path + "/data")
        var first = RawTar()
        first.add("first", content: String(repeating: "x", count: 1_200_000))
        var second = RawTar()
        second.add("second", content: String(repeating: "x", count: 1_200_000))
        let archive = try SampleImage([first, second]).dockerArchive(tags: ["big"])
        try scratch.write(archive, to: "archive.tar")
        let store = try store(scratch)
        await #expect {
            try await store.load(archive: scratch.path + "/archive.tar")
        } throws: { error in
            if case .noSpace? = error as? ImageError { true } else { false }
        }
        #expect(try store.blobs.all() == [])
        #expect(try Directories.names(in: disk.path + "/blobs/partial") == [])
        #expect(try await store.list() == [])
    }

    @Test(
        "unpacking into a full disk leaves no tree, and works when there is space again",
        .enabled(if: geteuid() == 0, "needs root to mount")
    )
    func unpack() async throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch.path + "/data")
        var tar = RawTar()
        tar.add("file", content: String(repeating: "x", count: 700_000))
        let archive = try SampleImage([tar]).dockerArchive(tags: ["big"])
        try scratch.write(archive, to: "archive.tar")
        let store = try store(scratch)
        let digest = try await store.load(archive: scratch.path + "/archive.tar")[0].digest
        try scratch.write(String(repeating: "x", count: 700_000), to: "data/filler")
        await #expect {
            try await store.rootfs(for: digest)
        } throws: { error in
            if case .noSpace? = error as? ImageError { true } else { false }
        }
        #expect(try Directories.names(in: disk.path + "/rootfs") == [".boot", ".form"])
        try Directories.removeTree(path: disk.path + "/filler")
        #expect(try await store.rootfs(for: digest).hasPrefix(disk.path))
        store.roots.durability.settle()
    }

    @Test("an archive that ends in the middle of its second layer leaves nothing of the first")
    func truncated() async throws {
        let scratch = try Scratch()
        var layers: [RawTar] = []
        for name in ["first", "second"] {
            var tar = RawTar()
            tar.add(name, content: String(repeating: "x", count: 1_200_000))
            layers.append(tar)
        }
        let archive = try SampleImage(layers).dockerArchive(tags: ["big"])
        try scratch.write(Array(archive.prefix(2_000_000)), to: "archive.tar")
        let store = try store(scratch)
        await #expect(throws: ImageError.self) {
            try await store.load(archive: scratch.path + "/archive.tar")
        }
        #expect(try store.blobs.all() == [])
        #expect(try Directories.names(in: scratch.path + "/data/blobs/partial") == [])
    }
}
