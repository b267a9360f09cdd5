// SPDX-License-Identifier: Apache-2.0
// Compares a tree with a new one of the same layers. RootfsStore uses it for `image verify`.

import CSandbox
import Glibc

/// Compares two trees: names, kinds, modes, owners, link targets, contents, attributes, times of files.
///
/// Times of folders are ignored: mount points have the time of unpacking.
struct TreeCompare {
    /// Most differences in the list: a missing folder alone may cause thousands.
    static let differencesMax = 20
    /// Bytes of two files compared at a time.
    private static let pieceBytes = 1 << 20

    private let tree: Int32
    private let expected: Int32
    private var differences: [String] = []
    private var pending: [EntryPath] = [EntryPath(components: [])]

    /// Lists differences as "PATH: what", at most ``differencesMax``.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - tree: the open folder of the tree to check.
    ///   - expected: the open folder of the correct tree.
    /// - Returns: the differences; empty for equal trees.
    /// - Throws: ``ImageError`` when one cannot be read.
    static func differences(_ tree: Int32, _ expected: Int32) throws(ImageError) -> [String] {
        var comparison = TreeCompare(tree: tree, expected: expected)
        while let path = comparison.pending.popLast(), comparison.differences.count < differencesMax {
            try comparison.compareFolder(path)
        }
        return Array(comparison.differences.prefix(differencesMax))
    }

    private init(tree: Int32, expected: Int32) {
        self.tree = tree
        self.expected = expected
    }

    private mutating func compareFolder(_ path: EntryPath) throws(ImageError) {
        let one = try Self.open(path, in: tree)
        let other = try Self.open(path, in: expected)
        if try Self.attributes(one.descriptor) != Self.attributes(other.descriptor) {
            note(path, "extended attributes")
        }
        try compare(path, try one.status(path.description), try other.status(path.description))
        let found = Set(try Directories.names(consuming: try Self.open(path, in: tree).take(), path: "tree"))
        let wanted = Set(
            try Directories.names(consuming: try Self.open(path, in: expected).take(), path: "tree")
        )
        for name in wanted.subtracting(found).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            note(path.appending(name), "missing")
        }
        for name in found.subtracting(wanted).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            note(path.appending(name), "in no layer")
        }
        for name in found.intersection(wanted).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            try compareEntry(path.appending(name), name, one.descriptor, other.descriptor)
        }
    }

    private mutating func compareEntry(
        _ path: EntryPath,
        _ name: [UInt8],
        _ one: Int32,
        _ other: Int32
    ) throws(ImageError) {
        let leaf = EntryPath.terminated(name)
        var (status, wanted) = (stat(), stat())
        for (folder, isWanted) in [(one, false), (other, true)] {
            var found = stat()
            try SystemCall.check("stat", path.description) {
                fstatat(folder, leaf, &found, AT_SYMLINK_NOFOLLOW)
            }
            if isWanted { wanted = found } else { status = found }
        }
        guard status.st_mode & S_IFMT == wanted.st_mode & S_IFMT else { return note(path, "kind") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return pending.append(path)
        case S_IFREG:
            try compare(path, status, wanted)
            try compareContent(path, leaf, one, other, size: Int(wanted.st_size), found: Int(status.st_size))
        case S_IFLNK:
            try compare(path, status, wanted)
            if try Self.target(leaf, in: one) != Self.target(leaf, in: other) { note(path, "link target") }
        default: try compare(path, status, wanted)
        }
        if status.st_nlink != wanted.st_nlink { note(path, "number of names") }
    }

    private mutating func compare(_ path: EntryPath, _ one: stat, _ other: stat) throws(ImageError) {
        if one.st_mode != other.st_mode { note(path, "mode") }
        if one.st_uid != other.st_uid || one.st_gid != other.st_gid { note(path, "owner") }
        let isFolder = one.st_mode & S_IFMT == S_IFDIR
        if !isFolder, one.st_mtim.tv_sec != other.st_mtim.tv_sec { note(path, "time") }
    }

    private mutating func compareContent(
        _ path: EntryPath,
        _ leaf: [CChar],
        _ one: Int32,
        _ other: Int32,
        size: Int,
        found: Int
    ) throws(ImageError) {
        guard size == found else { return note(path, "content") }
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let text = path.description
        let first = OpenFile(owning: try SystemCall.check("open", text) { openat(one, leaf, flags) })
        let second = OpenFile(owning: try SystemCall.check("open", text) { openat(other, leaf, flags) })
        if try Self.attributes(first.descriptor) != Self.attributes(second.descriptor) {
            note(path, "extended attributes")
        }
        while true {
            let bytes = try first.read(upTo: Self.pieceBytes, of: text)
            guard try second.read(upTo: Self.pieceBytes, of: text) == bytes else {
                return note(path, "content")
            }
            if bytes.count < Self.pieceBytes { return }
        }
    }

    private mutating func note(_ path: EntryPath, _ what: String) {
        differences.append("\(path.description): \(what)")
    }

    private static func attributes(_ file: Int32) throws(ImageError) -> Set<ExtendedAttribute> {
        Set(try FileAttributes.all(of: file))
    }

    private static func target(_ leaf: [CChar], in folder: Int32) throws(ImageError) -> [CChar] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemCall.check("readlink", "link") {
            readlinkat(folder, leaf, &buffer, buffer.count)
        }
        return Array(buffer.prefix(count))
    }

    private static func open(_ path: EntryPath, in root: Int32) throws(ImageError) -> OpenFile {
        let descriptor = csandbox_open_beneath(root, path.cString, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else {
            throw SystemCall.failure("open", path.description, errorNumber: -descriptor)
        }
        return OpenFile(owning: descriptor)
    }
}
