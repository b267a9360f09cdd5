// SPDX-License-Identifier: Apache-2.0
// A tree that begins as another one: folders anew, everything else shared by hard links. RootfsStore drives it.

import CSandbox
import Glibc

/// Copies the shape of an unpacked tree, so that an image built upon it takes no space for what is equal.
///
/// Safe because nothing ever writes into a file of a tree: containers see it read-only, and the unpacker
/// removes a name before it makes anything in its place.
enum TreeClone {
    /// Fills the empty `target`.
    ///
    /// - Parameters:
    ///   - target: an empty folder of the same file system.
    ///   - source: an unpacked tree.
    ///   - options: those that `source` was unpacked with.
    ///   - ledger: gets the attributes of every folder.
    /// - Throws: ``ImageError/system(call:path:errorNumber:)`` with EMLINK when a file has all the links it can
    ///   have; the caller unpacks instead.
    static func fill(
        _ target: Int32,
        from source: Int32,
        options: UnpackOptions,
        ledger: FolderLedger
    ) throws(ImageError) {
        var pending: [(path: EntryPath, inode: UInt64)] = [(EntryPath(components: []), try inode(of: target))]
        while let (path, inode) = pending.popLast() {
            let from = try open(path, in: source)
            let to = try open(path, in: target)
            let status = try from.status("folder")
            ledger.set(
                try FolderAttributes(of: from.descriptor, status, options: options),
                inode: inode
            )
            let listing = try open(path, in: source).take()
            for entry in try Directories.entries(consuming: listing, path: path.description) {
                guard entry.isFolder else {
                    let (old, new) = (from.descriptor, to.descriptor)
                    try SystemCall.check("link", path.description) {
                        linkat(old, entry.name, new, entry.name, 0)
                    }
                    continue
                }
                let new = to.descriptor
                try SystemCall.check("mkdir", path.description) { mkdirat(new, entry.name, 0o700) }
                var status = stat()
                try SystemCall.check("stat", path.description) {
                    fstatat(new, entry.name, &status, AT_SYMLINK_NOFOLLOW)
                }
                let leaf = entry.name.dropLast().map(UInt8.init(bitPattern:))
                pending.append((EntryPath(components: path.components + [leaf]), UInt64(status.st_ino)))
            }
        }
    }

    private static func open(_ path: EntryPath, in root: Int32) throws(ImageError) -> OpenFile {
        let descriptor = csandbox_open_beneath(root, path.cString, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else {
            throw SystemCall.failure("open", path.description, errorNumber: -descriptor)
        }
        return OpenFile(owning: descriptor)
    }

    private static func inode(of descriptor: Int32) throws(ImageError) -> UInt64 {
        var status = stat()
        try SystemCall.check("fstat", "/") { fstat(descriptor, &status) }
        return UInt64(status.st_ino)
    }
}
