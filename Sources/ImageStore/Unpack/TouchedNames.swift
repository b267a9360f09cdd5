// SPDX-License-Identifier: Apache-2.0
// The names that the current layer has created, so that whiteouts hide lower layers only, in any order.

import CSandbox
import Glibc

/// Names by folder and leaf.
///
/// Folders are known by inode, because links give one folder several names.
struct TouchedNames {
    /// False for the lowest layer, which cannot hide names: it needs no memory.
    let isTracking: Bool
    private var folders: Set<UInt64> = []
    /// Hashes of 8 bytes with this process's random seed, so that an archive cannot cause collisions.
    private var names: Set<Int> = []

    init(isTracking: Bool = false) { self.isTracking = isTracking }

    func contains(folder inode: UInt64) -> Bool { folders.contains(inode) }
    func contains(_ leaf: [UInt8], inFolder inode: UInt64) -> Bool { names.contains(Self.hash(leaf, inode)) }

    mutating func add(_ leaf: [UInt8], in folder: Folder) {
        if isTracking { names.insert(Self.hash(leaf, folder.inode)) }
    }

    mutating func add(folder inode: UInt64) {
        if isTracking { folders.insert(inode) }
    }

    /// Adds a folder and its parents, up to the root or the first known one.
    mutating func add(ancestorsOf folder: Folder, below root: Int32) throws(ImageError) {
        guard isTracking, folders.insert(folder.inode).inserted else { return }
        var status = stat()
        try SystemCall.check("fstat", "/") { fstat(root, &status) }
        let rootInode = UInt64(status.st_ino)
        var inode = folder.inode
        var current: OpenFile?
        while inode != rootInode {
            let start = current?.descriptor ?? folder.descriptor
            let parent = try SystemCall.check("openat", folder.path.description) {
                openat(start, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            let file = OpenFile(owning: parent)
            inode = UInt64(try file.status(folder.path.description).st_ino)
            current = consume file
            if !folders.insert(inode).inserted { return }
        }
    }

    private static func hash(_ leaf: [UInt8], _ inode: UInt64) -> Int {
        var hasher = Hasher()
        hasher.combine(inode)
        hasher.combine(leaf)
        return hasher.finalize()
    }
}
