// SPDX-License-Identifier: Apache-2.0
// Adds the mount points of containers to a tree. LayerUnpacker runs it after the last layer.

import CSandbox
import Glibc

/// Mount points that are folders and files: a link in their place could redirect a mount.
enum RootfsFinisher {
    /// Folders; every component of each name must be a folder, not a link.
    private static let folders: [(name: String, mode: UInt32)] = [
        ("proc", 0o555), ("sys", 0o555), ("dev", 0o755), ("tmp", 0o1777), ("etc", 0o755), ("run", 0o755),
        ("run/secrets", 0o755), ("var", 0o755), ("var/openfaas", 0o755), ("var/openfaas/secrets", 0o755),
    ]
    /// Files that bind mounts cover.
    ///
    /// Names where distributions have links to paths that containers lack.
    private static let files = ["etc/hosts", "etc/hostname", "etc/resolv.conf"]

    /// - Throws: ``ImageError/hostileTree(path:reason:)`` for a link or file in the place of a folder.
    static func finish(_ tree: TreeWriter) throws(ImageError) {
        let rootInode = try tree.inode(of: tree.root, "/")
        if tree.folderAttributes.attributes(inode: rootInode) == nil {
            tree.folderAttributes.set(FolderAttributes(modified: nil), inode: rootInode)
        }
        for folder in folders { try makeFolder(folder.name, mode: folder.mode, tree) }
        for file in files { try makeFile(file, tree) }
    }

    private static func makeFolder(_ name: String, mode: UInt32, _ tree: TreeWriter) throws(ImageError) {
        let (parent, leaf) = try split(name, tree)
        let isNew = mkdirat(parent.descriptor, leaf, 0o700) == 0
        guard isNew || errno == EEXIST else { throw SystemCall.failure("mkdir", "/" + name) }
        var status = stat()
        try SystemCall.check("fstatat", "/" + name) {
            fstatat(parent.descriptor, leaf, &status, AT_SYMLINK_NOFOLLOW)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            throw .hostileTree(
                path: "/" + name,
                reason: "is a \(isLink ? "link" : "file"), it must be a folder"
            )
        }
        if isNew {
            tree.folderAttributes.set(FolderAttributes(mode: mode), inode: UInt64(status.st_ino))
        }
    }

    private static func makeFile(_ name: String, _ tree: TreeWriter) throws(ImageError) {
        let (parent, leaf) = try split(name, tree)
        var status = stat()
        if fstatat(parent.descriptor, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0 {
            if status.st_mode & S_IFMT == S_IFREG { return }
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw .hostileTree(path: "/" + name, reason: "is a folder, it must be a file")
            }
            try SystemCall.check("unlink", "/" + name) { unlinkat(parent.descriptor, leaf, 0) }
        }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = OpenFile(
            owning: try SystemCall.check("open", "/" + name) { openat(parent.descriptor, leaf, flags, 0o644) }
        )
        let descriptor = file.descriptor
        try SystemCall.check("fchmod", "/" + name) { fchmod(descriptor, 0o644) }
        if let owner = try FileOwner(uid: 0, gid: 0).shifted(tree.options, entry: name) {
            try SystemCall.check("fchown", "/" + name) { fchown(descriptor, owner.uid, owner.gid) }
        }
        try FileAttributes.setTime(TarTime(), on: descriptor, of: name)
    }

    /// The open parent, which was checked to be a folder, and the NUL-terminated last component.
    private static func split(_ name: String, _ tree: TreeWriter) throws(ImageError) -> (OpenFileBox, [CChar])
    {
        let parts = name.split(separator: "/").map { Array($0.utf8) }
        let parent = EntryPath(components: Array(parts.dropLast()))
        let descriptor = csandbox_open_beneath(tree.root, parent.cString, CSANDBOX_OPEN_PATH | O_DIRECTORY, 0)
        guard descriptor >= 0 else {
            throw SystemCall.failure("openat2", parent.description, errorNumber: -descriptor)
        }
        return (OpenFileBox(descriptor), EntryPath.terminated(parts.last ?? []))
    }

    /// A reference to a descriptor, for tuples.
    private final class OpenFileBox {
        private let file: OpenFile
        var descriptor: Int32 { file.descriptor }
        init(_ descriptor: Int32) { file = OpenFile(owning: descriptor) }
    }
}
