// SPDX-License-Identifier: Apache-2.0
// Attributes of folders, kept until the tree is complete. TreeWriter fills it, LayerUnpacker applies it last.

import CSandbox
import Glibc

/// What a folder will be like in the end.
struct FolderAttributes: Hashable, Sendable {
    var mode: UInt32 = 0o755
    var uid = 0
    var gid = 0
    /// Nil leaves the time of making.
    var modified: TarTime? = TarTime()
    var attributes: [ExtendedAttribute] = []
}

extension FolderAttributes {
    /// Those of an open folder, as the options that it was made with tell.
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

/// Folders by inode.
///
/// Their attributes come last for three reasons: content changes their times, a read-only folder would keep an
/// ordinary user out, and a default ACL would colour the files made in it.
final class FolderLedger {
    private var folders: [UInt64: FolderAttributes] = [:]

    func set(_ attributes: FolderAttributes, inode: UInt64) { folders[inode] = attributes }
    func attributes(inode: UInt64) -> FolderAttributes? { folders[inode] }

    /// Takes over what the folders of a finished tree are like.
    func read(_ root: Int32, options: UnpackOptions) throws(ImageError) {
        try TreeWalk.folders(root) { folder, status throws(ImageError) in
            set(try FolderAttributes(of: folder, status, options: options), inode: UInt64(status.st_ino))
        }
    }

    /// Walks the tree once and gives every folder in the ledger its attributes.
    ///
    /// - Returns: how many extended attributes were refused.
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
