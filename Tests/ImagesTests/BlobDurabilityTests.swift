// SPDX-License-Identifier: Apache-2.0
// What a power cut leaves of blobs: those with a mark as they are, the others only when they are right.

import CSandbox
import FunctionModel
import Glibc
import Logging
import Testing

@testable import ImageStore
@testable import OCI

@Suite struct BlobDurabilityTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open() throws -> ImageStore {
        try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test")
        )
    }

    /// Puts a file where a blob would be, as a cut may have left it.
    private func leave(_ digest: Digest, _ text: String, mode: mode_t) throws {
        let path = "data/blobs/sha256/" + digest.hex
        try scratch.write(text, to: path)
        #expect(chmod(scratch.path + "/" + path, mode) == 0)
    }

    private func mode(of digest: Digest) -> mode_t? {
        scratch.status("data/blobs/sha256/" + digest.hex).map { $0.st_mode & 0o777 }
    }

    @Test("a name is only given to what is on the disk")
    func marks() async throws {
        var tar = RawTar()
        tar.add("file", content: "content")
        try scratch.write(try SampleImage([tar]).dockerArchive(tags: ["a:1"]), to: "archive.tar")
        let store = try open()
        let image = try await store.load(archive: scratch.path + "/archive.tar")[0]
        let needed = try store.reachable(from: [image.digest]).blobs
        #expect(needed.count == 3)
        for digest in needed { #expect(mode(of: digest) == BlobDurability.durable) }
    }

    @Test("a crash of the gateway loses no blob that was whole")
    func restartOfGateway() throws {
        _ = try open()
        let digest = Digest(of: Array("right".utf8))
        try leave(digest, "right", mode: BlobDurability.fresh)
        let store = try open()
        try store.blobs.settle([digest])
        #expect(mode(of: digest) == BlobDurability.durable)
    }

    @Test("after a crash of the host a blob without its mark stays only when its content is right")
    func restartOfHost() throws {
        _ = try open()
        let (right, empty, marked) = (
            Digest(of: Array("right".utf8)), Digest(of: Array("lost".utf8)), Digest(of: Array("old".utf8))
        )
        try leave(right, "right", mode: BlobDurability.fresh)
        try leave(empty, "", mode: BlobDurability.fresh)
        try leave(marked, "changed later", mode: BlobDurability.durable)
        try scratch.write("another boot", to: "data/blobs/.boot")
        let store = try open()
        try store.blobs.settle([right])
        #expect(mode(of: right) == BlobDurability.durable)
        #expect(mode(of: empty) == nil)
        // Not hashed: a start would take as long as all images are large. `image verify` names it.
        #expect(mode(of: marked) == BlobDurability.durable)
    }

    @Test("damage that a start could not remove is judged again by the next one")
    func interruptedStart() throws {
        let folder = scratch.path + "/data/rootfs"
        try Directories.make(folder)
        try scratch.write("another boot", to: "data/rootfs/.boot")
        let durability = TreeDurability(directory: folder, logger: Logger(label: "test"))
        let tree = Digest(of: [1])
        #expect(throws: ImageError.cancelled) {
            try durability.start(trees: [tree]) { _ throws(ImageError) in throw .cancelled }
        }
        var removed: [Digest] = []
        try durability.start(trees: [tree]) { tree throws(ImageError) in removed.append(tree) }
        #expect(removed == [tree])
    }
}
