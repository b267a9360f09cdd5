// SPDX-License-Identifier: Apache-2.0
// The attributes of folders until the tree is complete. TreeWriter adds them, LayerUnpacker applies them last.

import CSandbox
import Glibc

/// The final attributes of a folder.
struct FolderAttributes: Hashable, Sendable {
    var mode: UInt32 = 0o755
    var uid = 0
    var gid = 0
    /// Nil keeps the time of creation.
    var modified: TarTime? = TarTime()
    var attributes: [ExtendedAttribute] = []
}

extension FolderAttributes {
    /// The attributes of an open folder that was made with these options.
    init(of folder: Int32, _ status: stat, options: UnpackOptions) throws(ImageError) {
        let shift = Int(options.idShift ?? 0)
        self.init(
            mode: UInt32(status.st_mode & 0o7777),
            uid: Int(status.st_uid) - shift,
            gid: Int(status.st_gid) - shift,
            modified: TarTime(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec),
            attributes: try FileAttributes.all(of: folder)
        )
    }
}

/// Attributes by inode, applied after all content was written.
///
/// They are applied last for three reasons: writing content changes a folder's times, an ordinary user cannot write
/// to a read-only folder, and files inherit a folder's default ACL.
final class DeferredFolderAttributes {
    private var folders: [UInt64: FolderAttributes] = [:]

    func set(_ attributes: FolderAttributes, inode: UInt64) { folders[inode] = attributes }
    func attributes(inode: UInt64) -> FolderAttributes? { folders[inode] }

    /// Reads the attributes of all folders of a finished tree.
    func read(_ root: Int32, options: UnpackOptions) throws(ImageError) {
        try TreeWalk.folders(root) { folder, status throws(ImageError) in
            set(try FolderAttributes(of: folder, status, options: options), inode: UInt64(status.st_ino))
        }
    }

    /// Walks the tree once and applies the kept attributes.
    ///
    /// - Returns: the number of refused extended attributes.
    func apply(to root: Int32, options: UnpackOptions) throws(ImageError) -> Int {
        var skipped = 0
        try TreeWalk.folders(root) { folder, status throws(ImageError) in
            guard let wanted = folders[UInt64(status.st_ino)] else { return }
            let owner = FileOwner(uid: wanted.uid, gid: wanted.gid)
            let text = "folder of the image"
            if let ids = try owner.shifted(options, entry: text) {
                try SystemCall.check("fchown", text) { fchown(folder, ids.uid, ids.gid) }
            }
            try SystemCall.check("fchmod", text) { fchmod(folder, wanted.mode) }
            skipped += try FileAttributes.set(wanted.attributes, on: folder, of: text)
            if let modified = wanted.modified {
                try FileAttributes.setTime(modified, on: folder, of: text)
            }
        }
        return skipped
    }
}
