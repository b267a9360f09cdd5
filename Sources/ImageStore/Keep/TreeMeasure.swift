// SPDX-License-Identifier: Apache-2.0
// Counts the disk space of an unpacked tree. A worker runs it: only root may read some folders of an image.

import CSandbox
import Glibc

enum TreeMeasure {
    /// Bytes of a tree on the disk; a file with several names counts once.
    ///
    /// Blocks. Where the file system shares blocks between trees (xfs, btrfs), each tree counts them.
    ///
    /// - Parameter root: the open folder.
    /// - Returns: the bytes of its files and folders.
    /// - Throws: ``ImageError`` when it cannot be read.
    static func bytes(_ root: Int32) throws(ImageError) -> Int {
        var total = 0
        var counted: Set<UInt64> = []
        try TreeWalk.folders(root) { (folder, status) throws(ImageError) in
            total += bytes(status)
            let listing = try SystemCall.check("open", "folder of the image") {
                openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            for entry in try Directories.entries(consuming: listing, path: "folder") where !entry.isFolder {
                var status = stat()
                guard fstatat(folder, entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
                guard status.st_nlink == 1 || counted.insert(UInt64(status.st_ino)).inserted else { continue }
                total += bytes(status)
            }
        }
        return total
    }

    private static func bytes(_ status: stat) -> Int { Int(status.st_blocks) * 512 }
}
