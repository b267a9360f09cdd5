// SPDX-License-Identifier: Apache-2.0
// What honest layers become: whiteouts, links, modes, owners, times, attributes; and the limits.

import CSandbox
import Glibc
import Testing

@testable import ImageStore

@Suite struct LayerUnpackerTests {
    /// Names below the root, without their attributes.
    private func names(_ scratch: Scratch) -> Set<String> {
        Set(scratch.listing("root").map { String($0.prefix { $0 != " " }) })
    }

    private static var base: RawTar {
        var tar = RawTar()
        tar.add("a/", .directory, mode: 0o755)
        tar.add("a/lower", content: "1")
        tar.add("a/b/", .directory, mode: 0o755)
        tar.add("a/b/lower", content: "2")
        tar.add("c", content: "3")
        return tar
    }

    @Test("a whiteout hides a file or a whole folder of lower layers")
    func whiteout() throws {
        let scratch = try Scratch()
        var upper = RawTar()
        upper.add("a/.wh.b")
        upper.add(".wh.c")
        upper.add(".wh.never-there")
        try scratch.unpack([Self.base.finished, upper.finished])
        #expect(names(scratch) == ["a", "a/lower"])
    }

    @Test("an opaque mark hides lower layers only, before or after its siblings", arguments: [true, false])
    func opaque(first: Bool) throws {
        let scratch = try Scratch()
        var upper = RawTar()
        if first { upper.add("a/.wh..wh..opq") }
        upper.add("a/b/upper", content: "new")
        upper.add("a/upper", content: "new")
        if !first { upper.add("a/.wh..wh..opq") }
        try scratch.unpack([Self.base.finished, upper.finished])
        #expect(names(scratch) == ["a", "a/b", "a/b/upper", "a/upper", "c"])
    }

    @Test("a whiteout does not hide what its own layer makes, before or after it", arguments: [true, false])
    func whiteoutOfOwn(first: Bool) throws {
        let scratch = try Scratch()
        var upper = RawTar()
        if first { upper.add("a/.wh.b") }
        upper.add("a/b/upper", content: "new")
        upper.add("c", content: "again")
        upper.add(".wh.c")
        if !first { upper.add("a/.wh.b") }
        try scratch.unpack([Self.base.finished, upper.finished])
        #expect(names(scratch) == ["a", "a/lower", "a/b", "a/b/upper", "c"])
        #expect(scratch.read("root/c") == "again")
    }

    @Test("bookkeeping of AUFS is passed over")
    func aufs() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add(".wh..wh.aufs")
        tar.add(".wh..wh.plnk/1.2", content: "x")
        tar.add("file", content: "x")
        try scratch.unpack([tar.finished])
        #expect(names(scratch) == ["file"])
    }

    @Test("kinds change between layers: file to folder, folder to file, link to folder")
    func kinds() throws {
        let scratch = try Scratch()
        var base = Self.base
        base.add("link", .symbolicLink, link: "a")
        var upper = RawTar()
        upper.add("a", content: "a file now")
        upper.add("c/", .directory, mode: 0o700)
        upper.add("link/", .directory, mode: 0o755)
        upper.add("link/file", content: "x")
        try scratch.unpack([base.finished, upper.finished])
        #expect(names(scratch) == ["a", "c", "link", "link/file"])
    }

    @Test("a file that is a hard link keeps its other name when one is replaced")
    func hardLinks() throws {
        let scratch = try Scratch()
        var base = RawTar()
        base.add("one", content: "old")
        base.add("two", .hardLink, link: "/one")
        base.add("two", .hardLink, link: "two")
        #expect(throws: Never.self) { try scratch.unpack([base.finished]) }
        #expect(scratch.status("root/one")?.st_nlink == 2)
        var upper = RawTar()
        upper.add("one", content: "new")
        try Directories.removeTree(path: scratch.root)
        try Directories.make(scratch.root)
        try scratch.unpack([base.finished, upper.finished])
        #expect(scratch.read("root/one") == "new" && scratch.read("root/two") == "old")
    }

    @Test("absolute links work inside of the tree")
    func absoluteLink() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("run/", .directory, mode: 0o755)
        tar.add("var/run", .symbolicLink, link: "/run")
        tar.add("var/run/pid", content: "1")
        try scratch.unpack([tar.finished])
        #expect(scratch.read("root/run/pid") == "1")
    }

    @Test("modes with setuid, owners, times and folders' attributes arrive", .enabled(if: geteuid() == 0))
    func attributes() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("su", content: "x", mode: 0o4755, owner: 7, mtime: 123)
        tar.add("folder/", .directory, mode: 0o2511, owner: 9, mtime: 456)
        tar.add("folder/inside", content: "y", mtime: 789)
        tar.add("link", .symbolicLink, link: "su", owner: 5, mtime: 321)
        tar.add("pipe", .fifo, mode: 0o640)
        try scratch.unpack([tar.finished])
        let file = try #require(scratch.status("root/su"))
        #expect(file.st_mode & 0o7777 == 0o4755 && file.st_uid == 7 && file.st_gid == 7)
        #expect(file.st_mtim.tv_sec == 123)
        let folder = try #require(scratch.status("root/folder"))
        #expect(folder.st_mode & 0o7777 == 0o2511 && folder.st_uid == 9 && folder.st_mtim.tv_sec == 456)
        let link = try #require(scratch.status("root/link"))
        #expect(link.st_uid == 5 && link.st_mtim.tv_sec == 321)
        #expect(scratch.status("root/pipe")?.st_mode == S_IFIFO | 0o640)
    }

    @Test("owners are shifted into a user namespace's range", .enabled(if: geteuid() == 0))
    func shift() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("file", content: "x", owner: 7)
        var options = UnpackOptions()
        options.idShift = 100_000
        try scratch.unpack([tar.finished], options: options)
        #expect(scratch.status("root/file")?.st_uid == 100_007)
        #expect(scratch.status("root/etc/hosts")?.st_uid == 100_000)
        #expect(scratch.status("root")?.st_uid == 100_000)
    }

    @Test("pax names, sub-second times and attributes arrive; overlay's own attributes do not")
    func pax() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.addPax([
            ("path", "grüße"), ("mtime", "12.5"), ("SCHILY.xattr.user.note", "hi"),
            ("SCHILY.xattr.user.overlay.opaque", "y"), ("SCHILY.xattr.trusted.overlay.opaque", "y"),
        ])
        tar.add("short", content: "x")
        try scratch.unpack([tar.finished])
        let status = try #require(scratch.status("root/grüße"))
        #expect(status.st_mtim.tv_sec == 12 && status.st_mtim.tv_nsec == 500_000_000)
        let file = try OpenFile(path: scratch.root + "/grüße")
        var names = [CChar](repeating: 0, count: 1000)
        let size = csandbox_list_attributes(file.descriptor, &names, names.count)
        try #require(size >= 0)
        let list = String(decoding: names.prefix(size).map(UInt8.init(bitPattern:)), as: UTF8.self)
        #expect(list == "user.note\0")
    }

    /// A word of the refusal, and the limit lowered below what ``base`` needs.
    private static let lowered: [(String, @Sendable (inout UnpackLimits) -> Void)] = [
        ("entries", { $0.entriesPerLayer = 2 }), ("size of layer", { $0.bytesPerLayer = 2000 }),
        ("bytes of all files", { $0.bytesPerImage = 2 }), ("layers", { $0.layers = 0 }),
        ("length of name", { $0.pathBytes = 6 }), ("length of a part", { $0.nameBytes = 4 }),
        ("depth", { $0.depth = 1 }),
    ]

    @Test("each exceeded limit is refused", arguments: lowered.indices)
    func limits(index: Int) throws {
        let (word, lower) = Self.lowered[index]
        let scratch = try Scratch()
        var options = UnpackOptions.plain
        lower(&options.limits)
        #expect {
            try scratch.unpack([Self.base.finished], options: options)
        } throws: { error in
            if case .limitExceeded(let what, _)? = error as? ImageError { what.contains(word) } else { false }
        }
    }

    @Test("a decompression bomb stops at the ratio", arguments: ["gzip", "zstd"])
    func bomb(tool: String) throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("zeros", content: String(repeating: "\0", count: 40 << 20))
        try scratch.write(tar.finished, to: "layer")
        try #require(Tool.isInstalled(tool))
        try #require(try scratch.run(tool, "-k", "layer").isFine)
        var options = UnpackOptions.plain
        options.limits.ratioGraceBytes = 1 << 20
        options.limits.compressionRatio = 500
        let file = try OpenFile(path: scratch.path + "/layer." + (tool == "gzip" ? "gz" : "zst"))
        let root = try OpenFile(path: scratch.root, flags: O_RDONLY | O_DIRECTORY)
        #expect(throws: ImageError.limitExceeded(what: "compression ratio of layer 1", limit: 500)) {
            try LayerUnpacker.unpack(layers: [file.descriptor], into: root.descriptor, options: options)
        }
    }

    @Test("mount points become real folders and files; links to files are replaced")
    func mountPoints() throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add("etc/resolv.conf", .symbolicLink, link: "/outside/file")
        tar.add("etc/hosts", content: "kept")
        try scratch.unpack([tar.finished], options: UnpackOptions())
        #expect(scratch.read("root/etc/resolv.conf")?.isEmpty == true)
        #expect(scratch.read("root/etc/hosts") == "kept")
        #expect(
            names(scratch).isSuperset(of: [
                "proc", "sys", "dev", "tmp", "run/secrets", "var/openfaas/secrets",
            ])
        )
        #expect(scratch.status("root/tmp")?.st_mode == S_IFDIR | 0o1777)
        #expect(scratch.isOutsideUntouched)
    }

    @Test(
        "a link or file in place of a mount point is refused",
        arguments: ["proc", "sys", "dev", "tmp", "etc", "run", "var", "var/openfaas"],
        [true, false]
    )
    func hostileTree(name: String, isLink: Bool) throws {
        let scratch = try Scratch()
        var tar = RawTar()
        tar.add(name, isLink ? .symbolicLink : .file, link: isLink ? "../outside" : "")
        let reason = "is a \(isLink ? "link" : "file"), it must be a folder"
        #expect(throws: ImageError.hostileTree(path: "/" + name, reason: reason)) {
            try scratch.unpack([tar.finished], options: UnpackOptions())
        }
        #expect(scratch.isOutsideUntouched)
    }
}
