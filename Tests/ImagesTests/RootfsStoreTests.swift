// SPDX-License-Identifier: Apache-2.0
// Trees: what they share, and what is left of them after a crash.

import CSandbox
import FunctionModel
import Glibc
import Logging
import Testing

@testable import ImageStore
@testable import OCI

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
        tar.add("alone", content: "alone", mtime: 77)
        tar.add("pipe", .fifo, mode: 0o620, owner: 5, mtime: 78)
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

    @Test("an image built upon another shares no inode with it and changes none of its files")
    func separate() async throws {
        let store = try open()
        let base = try await unpack([lower], in: store)
        let before = scratch.listing(base)
        let derived = try await unpack([lower, upper], in: store)
        #expect(scratch.listing(base) == before)
        #expect(
            scratch.status(base + "/folder/same")?.st_ino != scratch.status(derived + "/folder/same")?.st_ino
        )
        // As many names as the layers give it, whatever else was built upon them: gzip and xz look at that.
        #expect(scratch.status(base + "/folder/same")?.st_nlink == 2)
        #expect(scratch.status(derived + "/folder/same")?.st_nlink == 3)
        #expect(scratch.status(derived + "/third")?.st_ino == scratch.status(derived + "/second")?.st_ino)
        #expect(scratch.status(base + "/alone")?.st_nlink == 1)
        #expect(scratch.status(derived + "/link")?.st_nlink == 1)
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

    @Test("trees of a version that shared files between them are unpacked again")
    func otherForm() async throws {
        let store = try open()
        let base = try await unpack([lower], in: store)
        store.roots.durability.settle()
        link(scratch.path + "/" + base + "/alone", scratch.path + "/\(base)/../shared")
        unlink(scratch.path + "/data/rootfs/.form")
        let next = try open()
        #expect(try next.roots.all().isEmpty)
        #expect(scratch.read("data/rootfs/.form") == "2\n")
        #expect(try await unpack([lower], in: next) == base)
        #expect(scratch.status(base + "/alone")?.st_nlink == 1)
        next.roots.durability.settle()
        #expect(try open().roots.all().count == 1)
    }

    @Test("sparse files stay sparse in a copy, and attributes are copied")
    func copies() throws {
        try Directories.make(scratch.path + "/from")
        try Directories.make(scratch.path + "/to")
        let file = Glibc.open(scratch.path + "/from/sparse", O_RDWR | O_CREAT, 0o640)
        let size = 8 << 20
        ftruncate(file, off_t(size))
        pwrite(file, "begin", 5, 0)
        pwrite(file, "middle", 6, 4 << 20)
        let hasAttribute = csandbox_set_attribute(file, "user.note", "x", 1) == 0
        close(file)
        let from = try OpenFile(path: scratch.path + "/from", flags: O_RDONLY | O_DIRECTORY)
        let to = try OpenFile(path: scratch.path + "/to", flags: O_RDONLY | O_DIRECTORY)
        try TreeClone.fill(
            to.descriptor,
            from: from.descriptor,
            options: .plain,
            folderAttributes: DeferredFolderAttributes()
        )
        #expect(scratch.read("to/sparse") == scratch.read("from/sparse"))
        let status = try #require(scratch.status("to/sparse"))
        #expect(status.st_size == size && status.st_mode & 0o7777 == 0o640)
        #expect(status.st_blocks * 512 < size / 2, "\(status.st_blocks)")
        let copy = try OpenFile(path: scratch.path + "/to/sparse")
        #expect(try FileAttributes.all(of: copy.descriptor).isEmpty != hasAttribute)
        #expect(try TreeCompare.differences(to.descriptor, from.descriptor).isEmpty)
    }

    @Test("a tree of a step that has ended becomes the next step's; one that others asked for stays")
    func steps() async throws {
        let store = try open()
        func image(_ layers: [RawTar]) async throws -> Image {
            try scratch.write(try SampleImage(layers).dockerArchive(tags: nil), to: "archive.tar")
            let digest = try await store.load(archive: scratch.path + "/archive.tar")[0].digest
            return try await store.image(digest: digest)
        }
        let first = try await image([lower])
        let second = try await image([lower, upper])
        var step: StepRoot? = try await store.roots.step(of: first)
        let inode = scratch.status("data/rootfs/\(first.chainID.hex)/alone")?.st_ino
        // While the first is in use it stays.
        var next: StepRoot? = try await store.roots.step(of: second)
        #expect(store.roots.isUnpacked(first.chainID))
        step = nil
        next = nil
        try Directories.removeTree(path: store.roots.path(of: second.chainID))
        next = try await store.roots.step(of: second)
        #expect(!store.roots.isUnpacked(first.chainID))
        #expect(scratch.status("data/rootfs/\(second.chainID.hex)/alone")?.st_ino == inode)
        #expect(scratch.read("data/rootfs/\(second.chainID.hex)/folder/replaced") == "new")
        // A tree that others use cannot be taken.
        _ = try await store.rootfs(for: second.digest)
        next = nil
        let third = try await image([lower, upper, lower])
        next = try await store.roots.step(of: third)
        #expect(store.roots.isUnpacked(second.chainID))
        #expect(step == nil && next != nil)
        store.roots.durability.settle()
    }

    @Test("no other user of the host can reach into the trees")
    func permissions() throws {
        try Directories.make(scratch.path + "/data/rootfs", mode: 0o755)
        _ = try open()
        #expect(scratch.status("data/rootfs")?.st_mode == S_IFDIR | 0o700)
    }
}
