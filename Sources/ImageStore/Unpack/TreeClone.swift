// SPDX-License-Identifier: Apache-2.0
// Copies a tree file by file. RootfsStore uses it.

import CSandbox
import Glibc

/// Copies an unpacked tree, so that only the upper layers of an image with the same lower layers are decompressed.
///
/// No inode is shared: files keep the image's number of names, and a container's use of a
/// file (locks, watches) is invisible to containers of other images.
enum TreeClone {
    /// Copies `source` into the empty `target`.
    ///
    /// - Parameters:
    ///   - target: an empty folder of the same file system.
    ///   - source: an unpacked tree.
    ///   - options: those that `source` was unpacked with.
    ///   - folderAttributes: receives the attributes of every folder.
    /// - Throws: ``ImageError/system(call:path:errorNumber:)`` with EACCES when an ordinary user cannot read its
    ///   own file; the caller unpacks instead.
    static func fill(
        _ target: Int32,
        from source: Int32,
        options: UnpackOptions,
        folderAttributes: DeferredFolderAttributes
    ) throws(ImageError) {
        /// The first copy of each file with several names.
        var copied: [UInt64: Place] = [:]
        var pending: [(path: EntryPath, inode: UInt64)] = [(EntryPath(components: []), try inode(of: target))]
        while let (path, inode) = pending.popLast() {
            let from = try open(path, in: source)
            let to = try open(path, in: target)
            let status = try from.status("folder")
            folderAttributes.set(
                try FolderAttributes(of: from.descriptor, status, options: options),
                inode: inode
            )
            let listing = try open(path, in: source).take()
            for entry in try Directories.entries(consuming: listing, path: path.description) {
                guard entry.isFolder else {
                    let (old, new) = (from.descriptor, to.descriptor)
                    let place = Place(folder: path, name: entry.name)
                    try copy(place, old, new, target, options, &copied)
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

    /// One name of a file.
    private struct Place {
        var folder: EntryPath
        /// NUL-terminated.
        var name: [CChar]
    }

    private static func copy(
        _ place: Place,
        _ source: Int32,
        _ target: Int32,
        _ root: Int32,
        _ options: UnpackOptions,
        _ copied: inout [UInt64: Place]
    ) throws(ImageError) {
        let text = place.folder.description
        var status = stat()
        try SystemCall.check("stat", text) { fstatat(source, place.name, &status, AT_SYMLINK_NOFOLLOW) }
        if status.st_nlink > 1, let first = copied[UInt64(status.st_ino)] {
            let folder = try open(first.folder, in: root)
            let descriptor = folder.descriptor
            try SystemCall.check("link", text) { linkat(descriptor, first.name, target, place.name, 0) }
            return
        }
        try FileCopy.copy(
            place.name,
            status,
            from: source,
            to: target,
            keepsOwners: options.keepsOwners
        )
        if status.st_nlink > 1 { copied[UInt64(status.st_ino)] = place }
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
