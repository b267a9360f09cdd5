// SPDX-License-Identifier: Apache-2.0
// Finds and makes the parent folders of entries. Part of TreeWriter.

import CSandbox
import Glibc

/// An open folder of the tree.
final class Folder {
    private let file: OpenFile
    let inode: UInt64
    let path: EntryPath
    var descriptor: Int32 { file.descriptor }

    init(owning descriptor: Int32, inode: UInt64, path: EntryPath) {
        file = OpenFile(owning: descriptor)
        self.inode = inode
        self.path = path
    }
}

extension TreeWriter {
    /// The folder; makes it and absent parents, which belong to root with mode 0755.
    ///
    /// - Throws: ``ImageError/hostileEntry(name:reason:)`` when a file or a dangling link is in the way.
    func makeFolder(_ path: EntryPath) throws(ImageError) -> Folder {
        if let folder = remembered(path) { return folder }
        if let folder = try findFolder(path) {
            remember(folder)
            return folder
        }
        guard !path.isRoot else { throw SystemCall.failure("openat2", "/", errorNumber: ENOENT) }
        // The depth limit of names bounds the recursion.
        let parent = try makeFolder(path.parent)
        let leaf = EntryPath.terminated(path.leaf)
        guard mkdirat(parent.descriptor, leaf, 0o700) == 0 else {
            guard errno == EEXIST else { throw SystemCall.failure("mkdir", path.description) }
            throw .hostileEntry(name: path.description, reason: "a part of its path is not a folder")
        }
        guard let folder = try findFolder(path) else {
            throw SystemCall.failure("openat2", path.description, errorNumber: ENOENT)
        }
        folderAttributes.set(FolderAttributes(modified: nil), inode: folder.inode)
        remember(folder)
        return folder
    }

    /// The folder if it exists; links in the path are resolved below the root only.
    func findFolder(_ path: EntryPath) throws(ImageError) -> Folder? {
        if let folder = remembered(path) { return folder }
        let name = path.description
        let descriptor = csandbox_open_in_root(root, path.cString, CSANDBOX_OPEN_PATH | O_DIRECTORY, 0)
        switch -descriptor {
        case ...0: break
        case ENOENT: return nil
        case ENOTDIR, ELOOP:
            throw .hostileEntry(name: name, reason: "a part of its path is not a folder")
        default: throw SystemCall.failure("openat2", name, errorNumber: -descriptor)
        }
        let folder: Folder
        do throws(ImageError) {
            folder = Folder(owning: descriptor, inode: try inode(of: descriptor, name), path: path)
        } catch {
            close(descriptor)
            throw error
        }
        try touched.add(ancestorsOf: folder, below: root)
        return folder
    }

    func inode(of descriptor: Int32, _ name: String) throws(ImageError) -> UInt64 {
        var status = stat()
        try SystemCall.check("fstat", name) { fstat(descriptor, &status) }
        return UInt64(status.st_ino)
    }
}
