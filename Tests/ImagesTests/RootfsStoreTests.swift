// SPDX-License-Identifier: Apache-2.0
// Trees: what they share, and what is left of them after a crash.

import Glibc
import Logging
import Testing

@testable import Images

@Suite struct RootfsStoreTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open() throws -> ImageStore {
        try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
    }

    private var lower: RawTar {
        var tar = RawTar()
        tar.add("folder/", .directory, mode: 0o2750, owner: 7, mtime: 99)
        tar.add("folder/same", content: "same", mode: 0o4755, owner: 8)
        tar.add("folder/replaced", content: "old")
        tar.add("folder/removed", content: "gone")
        tar.add("link", .symbolicLink, link: "folder/same")
        tar.add("second", .hardLink, link: "folder/same")
        return tar
    }

    private var upper: RawTar {
        var tar = RawTar()
        tar.add("folder/replaced", content: "new")
        tar.add("folder/.wh.removed")
        tar.add("third", .hardLink, link: "folder/same")
        return tar
    }

    /// Loads an image of these layers and unpacks it.
    private func unpack(_ layers: [RawTar], in store: ImageStore) async throws -> String {
        let archive = try SampleImage(layers).dockerArchive(tags: nil)
        try scratch.write(archive, to: "archive.tar")
        let digest = try await store.load(archive: scratch.path + "/archive.tar")[0].digest
        let path = try await store.rootfs(for: digest)
        return String(path.dropFirst(scratch.path.utf8.count + 1))
    }

    @Test("an image built upon another shares its files and changes none of them")
    func sharing() async throws {
        let store = try open()
        let base = try await unpack([lower], in: store)
        let before = scratch.listing(base)
        let derived = try await unpack([lower, upper], in: store)
        #expect(scratch.listing(base) == before)
        #expect(
            scratch.status(base + "/folder/same")?.st_ino == scratch.status(derived + "/folder/same")?.st_ino
        )
        #expect(scratch.read(base + "/folder/replaced") == "old")
        #expect(scratch.read(derived + "/folder/replaced") == "new")
        #expect(scratch.status(derived + "/folder/removed") == nil)
        #expect(scratch.status(derived + "/folder")?.st_mtim.tv_sec == 99)
    }

    @Test("a tree built upon another is the same as one built from nothing")
    func sameTree() async throws {
        let first = try open()
        _ = try await unpack([lower], in: first)
        let shared = scratch.listing(try await unpack([lower, upper], in: first))
        first.roots.durability.settle()
        try Directories.removeTree(path: scratch.path + "/data")
        let alone = scratch.listing(try await unpack([lower, upper], in: try open()))
        #expect(shared == alone)
    }

    @Test("an upper layer that does not match its digest leaves no tree beside the base")
    func wrongUpper() async throws {
        let store = try open()
        let base = try await unpack([lower], in: store)
        var image = try SampleImage([lower, upper])
        image.configuration.rootfs.diffIDs[1] = Digest(of: [1])
        try scratch.write(try image.layout(reference: "bad:1"), below: "layout")
        let digest = try await store.loadLayout(directory: scratch.path + "/layout")[0].digest
        await #expect(throws: ImageError.self) { try await store.rootfs(for: digest) }
        #expect(try store.roots.all().map(store.roots.path) == [scratch.path + "/" + base])
    }

    @Test("after a restart of the gateway trees stay; after one of the host only synced ones do")
    func restarts() async throws {
        let path = scratch.path + "/data/rootfs/"
        _ = try open()
        let (synced, unsynced) = (Digest(of: [1]), Digest(of: [2]))
        for tree in [synced, unsynced] { try Directories.make(path + tree.hex) }
        try scratch.write("", to: "data/rootfs/\(synced.hex).synced")
        let restarted = try open()
        #expect(try Set(restarted.roots.all()) == [synced, unsynced])
        restarted.roots.durability.settle()
        #expect(scratch.status("data/rootfs/\(unsynced.hex).synced") != nil)
        try Directories.removeTree(path: path + unsynced.hex + ".synced")
        try scratch.write("another boot", to: "data/rootfs/.boot")
        #expect(try open().roots.all() == [synced])
    }

    @Test("no other user of the host can reach into the trees")
    func permissions() throws {
        try Directories.make(scratch.path + "/data/rootfs", mode: 0o755)
        _ = try open()
        #expect(scratch.status("data/rootfs")?.st_mode == S_IFDIR | 0o700)
    }
}
