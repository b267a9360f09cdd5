// SPDX-License-Identifier: Apache-2.0
// Removes files of lower layers (image-spec, layer.md, "Whiteouts"). Part of TreeWriter.

import CSandbox
import Glibc

extension TreeWriter {
    /// Removes a name of lower layers; files of the current layer stay.
    func hideLower(_ name: [UInt8], in parent: EntryPath) throws(ImageError) {
        guard touched.isTracking, let folder = try findFolder(parent) else { return }
        forgetFolder()
        try hide(name, in: folder.descriptor, inode: folder.inode)
    }

    /// Removes the content of lower layers in a folder; files of the current layer stay.
    func hideLowerContent(of path: EntryPath) throws(ImageError) {
        guard touched.isTracking, let folder = try findFolder(path) else { return }
        forgetFolder()
        try prune(folder.descriptor, inode: folder.inode)
    }

    private func hide(_ name: [UInt8], in directory: Int32, inode: UInt64) throws(ImageError) {
        var status = stat()
        let leaf = EntryPath.terminated(name)
        guard fstatat(directory, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno == ENOENT || errno == ENAMETOOLONG else {
                throw SystemCall.failure("fstatat", EntryPath.text(name))
            }
            return
        }
        let child = UInt64(status.st_ino)
        if status.st_mode & S_IFMT == S_IFDIR, touched.contains(folder: child) {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let file = OpenFile(
                owning: try SystemCall.check("open", EntryPath.text(name)) { openat(directory, leaf, flags) }
            )
            return try prune(file.descriptor, inode: child)
        }
        if touched.contains(name, inFolder: inode) { return }
        try TreeRemoval.remove(name, in: directory)
    }

    /// One open folder for each level with files of the current layer.
    private func prune(_ directory: Int32, inode: UInt64) throws(ImageError) {
        let listing = try SystemCall.check("open", "folder") {
            openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        for name in try Directories.names(consuming: listing, path: "folder") {
            try hide(name, in: directory, inode: inode)
        }
    }
}
