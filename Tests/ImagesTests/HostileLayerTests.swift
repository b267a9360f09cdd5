// SPDX-License-Identifier: Apache-2.0
// Layers that try to leave the image's tree. Whatever they try: nothing outside is created, changed or read.

import Glibc
import Testing

@testable import ImageStore

@Suite struct HostileLayerTests {
    /// Named attacks; whether they are refused or clamped, the outside stays as it was.
    static let attacks: [(String, @Sendable (inout RawTar) -> Void)] = [
        ("a name that climbs", { $0.add("../outside/file", content: "x") }),
        ("a name that climbs from within", { $0.add("a/../../outside/file", content: "x") }),
        ("a name that is only dots", { $0.add("..", .directory) }),
        ("an absolute name", { $0.add("/outside/file", content: "x") }),
        (
            "a link to the outside as parent",
            {
                $0.add("link", .symbolicLink, link: "../outside")
                $0.add("link/file", content: "x")
            }
        ),
        (
            "an absolute link as parent",
            {
                $0.add("link", .symbolicLink, link: "/outside")
                $0.add("link/new", content: "x")
            }
        ),
        (
            "a chain of links as parent",
            {
                $0.add("a", .symbolicLink, link: "b")
                $0.add("b", .symbolicLink, link: "../outside")
                $0.add("a/folder/new", content: "x")
            }
        ),
        (
            "a link that is written through",
            {
                $0.add("link", .symbolicLink, link: "../outside/file")
                $0.add("link", content: "x")
            }
        ),
        (
            "a folder over a link to the outside",
            {
                $0.add("link", .symbolicLink, link: "../outside/folder")
                $0.add("link", .directory, mode: 0o777)
                $0.add("link/new", content: "x")
            }
        ),
        ("a hard link to the outside", { $0.add("link", .hardLink, link: "../outside/file") }),
        (
            "a hard link through a link",
            {
                $0.add("link", .symbolicLink, link: "../outside")
                $0.add("hard", .hardLink, link: "link/file")
                $0.add("hard", content: "x")
            }
        ),
        (
            "a hard link to a link",
            {
                $0.add("link", .symbolicLink, link: "../outside/file")
                $0.add("hard", .hardLink, link: "link")
            }
        ),
        (
            "a hard link to a link, then written",
            {
                $0.add("link", .symbolicLink, link: "../outside/file")
                $0.add("hard", .hardLink, link: "link")
                $0.add("hard", content: "x", mode: 0o777)
            }
        ),
        (
            "a whiteout through a link",
            {
                $0.add("link", .symbolicLink, link: "../outside")
                $0.add("link/.wh.file")
            }
        ),
        (
            "an opaque mark through a link",
            {
                $0.add("link", .symbolicLink, link: "../outside")
                $0.add("link/.wh..wh..opq")
            }
        ),
        ("a whiteout of the parent", { $0.add("folder/.wh...") }),
        ("a whiteout of the folder itself", { $0.add("folder/.wh..") }),
        (
            "a link through a process's root",
            {
                $0.add("link", .symbolicLink, link: "/proc/self/root/tmp")
                $0.add("link/new", content: "x")
            }
        ),
    ]

    @Test("nothing outside of the root changes", arguments: attacks.indices)
    func contained(index: Int) throws {
        let (name, attack) = Self.attacks[index]
        let scratch = try Scratch()
        var base = RawTar()
        base.add("folder", .directory, mode: 0o755)
        base.add("folder/file", content: "lower")
        var hostile = RawTar()
        attack(&hostile)
        // As the only layer and above another; alone and twice.
        for layers in [[hostile], [base, hostile], [hostile, hostile]] {
            do {
                try scratch.unpack(layers.map(\.finished))
            } catch let error as ImageError {
                #expect(!error.description.isEmpty)
            }
            #expect(scratch.isOutsideUntouched, "\(name)")
            try Directories.removeTree(path: scratch.root)
            try Directories.make(scratch.root)
        }
    }

    @Test(
        "an entry that leaves the root is refused",
        arguments: ["../x", "a/../../x", "/../x", "..", "a/.."]
    )
    func traversal(name: String) throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add(name, content: "x")
        #expect(throws: ImageError.hostileEntry(name: name, reason: "its name contains '..'")) {
            try scratch.unpack([tar.finished])
        }
    }

    @Test("device nodes and what they replace do not exist afterwards")
    func devices() throws {
        let scratch = try Scratch()
        var base = RawTar()
        base.add("dev/sda", content: "a file")
        var hostile = RawTar()
        hostile.add("dev/sda", .blockDevice, mode: 0o666)
        hostile.add("dev/mem", .characterDevice, mode: 0o666)
        let report = try scratch.unpack([base.finished, hostile.finished])
        #expect(report.skippedSpecialFiles == 2)
        #expect(scratch.status("root/dev/sda") == nil)
        #expect(scratch.status("root/dev/mem") == nil)
    }

    @Test("a hard link to what is not in the image is refused")
    func danglingHardLink() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("link", .hardLink, link: "/etc/passwd")
        #expect(throws: ImageError.self) { try scratch.unpack([tar.finished]) }
        #expect(scratch.status("root/link") == nil)
    }

    @Test(
        "whiteouts of nothing are refused",
        arguments: [".wh.", "folder/.wh.", ".wh..", ".wh..."]
    )
    func bareWhiteout(name: String) throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add(name)
        #expect(throws: ImageError.hostileEntry(name: "/" + name, reason: "it is a whiteout without a name"))
        {
            try scratch.unpack([tar.finished])
        }
    }
}
