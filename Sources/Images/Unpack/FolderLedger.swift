// SPDX-License-Identifier: Apache-2.0
// Attributes of folders, kept until the tree is complete. TreeWriter fills it, LayerUnpacker applies it last.

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

/// Folders by inode.
///
/// Their attributes come last for three reasons: content changes their times, a read-only folder would keep an
/// ordinary user out, and a default ACL would colour the files made in it.
final class FolderLedger {
    private var folders: [UInt64: FolderAttributes] = [:]

    func set(_ attributes: FolderAttributes, inode: UInt64) { folders[inode] = attributes }
    func attributes(inode: UInt64) -> FolderAttributes? { folders[inode] }

    /// Walks the tree once and gives every folder in the ledger its attributes.
    func apply(to root: Int32, options: UnpackOptions, tree: TreeWriter) throws(ImageError) {
        try TreeWalk.folders(root) { folder, status throws(ImageError) in
            guard let wanted = folders[UInt64(status.st_ino)] else { return }
            let owner = FileOwner(uid: wanted.uid, gid: wanted.gid)
            let text = "folder of the image"
            if let ids = try owner.shifted(options, entry: text) {
                try SystemCall.check("fchown", text) { fchown(folder, ids.uid, ids.gid) }
            }
            try SystemCall.check("fchmod", text) { fchmod(folder, wanted.mode) }
            tree.skippedAttributes += try FileAttributes.set(wanted.attributes, on: folder, of: text)
            if let modified = wanted.modified {
                try FileAttributes.setTime(modified, on: folder, of: text)
            }
        }
    }
}
