// SPDX-License-Identifier: Apache-2.0
// Folders that travel as tar.

import Glibc
import Testing

@testable import ImageStore

@Suite struct ContextArchiveTests {
    private func pack(_ scratch: Scratch, _ folder: String, _ compression: TarCompression) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try ContextArchive.pack(
            directory: scratch.path + "/" + folder,
            compression: compression,
            including: { path, _ in path != "skipped" }
        ) { bytes += $0 }
        return bytes
    }

    @Test("a folder arrives as it left, compressed or not", arguments: [TarCompression.none, .gzip, .zstd])
    func roundTrip(compression: TarCompression) throws {
        let scratch = try Scratch()
        try scratch.write(
            ["a": [1, 2], "deep/er/ü": Array("umlaut".utf8), ".wh.x": [], "skipped/y": [3]],
            below: "source"
        )
        try #require(symlink("../a", scratch.path + "/source/deep/link") == 0)
        try #require(chmod(scratch.path + "/source/a", 0o755) == 0)
        try #require(mkfifo(scratch.path + "/source/fifo", 0o600) == 0)
        let bytes = try pack(scratch, "source", compression)
        #expect(try pack(scratch, "source", compression) == bytes)
        try scratch.write(bytes, to: "context.tar")
        try Directories.make(scratch.path + "/target")
        try ContextArchive.unpack(archive: scratch.path + "/context.tar", into: scratch.path + "/target")
        let expected = scratch.listing("source").filter { !$0.hasPrefix("skipped") && !$0.hasPrefix("fifo") }
        #expect(scratch.listing("target") == expected)
        #expect(scratch.read("target/deep/er/ü") == "umlaut")
    }

    @Test("an upload that climbs out of its folder is refused")
    func traversal() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("../outside/file", content: "x")
        try scratch.write(tar.finished, to: "layer")
        #expect(throws: ImageError.self) {
            try ContextArchive.unpack(archive: scratch.path + "/layer", into: scratch.root)
        }
        #expect(scratch.isOutsideUntouched)
    }
}
