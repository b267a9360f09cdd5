// SPDX-License-Identifier: Apache-2.0
// Counts the disk space of unpacked trees, which share unchanged files. Every call blocks on the disk.

import Glibc

/// Adds up trees; a file that several share counts once.
struct TreeMeasure {
    private struct Inode: Hashable {
        var device: UInt
        var number: UInt
    }

    private var shared: Set<Inode> = []
    /// Of all trees so far.
    private(set) var totalBytes = 0

    /// Adds a tree.
    ///
    /// - Parameter path: its folder.
    /// - Returns: bytes of what only this tree has.
    /// - Throws: ``ImageError`` when it cannot be read.
    mutating func add(_ path: String) throws(ImageError) -> Int {
        let root = try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY)
        var own = 0
        var total = 0
        var shared = shared
        try TreeWalk.folders(root.descriptor) { (folder, status) throws(ImageError) in
            own += Self.bytes(status)
            let listing = try SystemCall.check("open", path) {
                openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            for entry in try Directories.entries(consuming: listing, path: path) where !entry.isFolder {
                var status = stat()
                guard fstatat(folder, entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
                if status.st_nlink == 1 {
                    own += Self.bytes(status)
                } else if shared.insert(Inode(device: status.st_dev, number: status.st_ino)).inserted {
                    total += Self.bytes(status)
                }
            }
        }
        self.shared = shared
        totalBytes += own + total
        return own
    }

    private static func bytes(_ status: stat) -> Int { Int(status.st_blocks) * 512 }
}
