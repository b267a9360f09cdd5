// SPDX-License-Identifier: Apache-2.0
// One file of a layer. Planners make them, LayerWriter writes them to the tar.

import ImageStore

/// The source of a file's content.
enum LayerContent: Sendable {
    case none
    case bytes([UInt8])
    /// A regular file of a tree.
    case file(FileTree, path: String)
    /// A range of a temporary file.
    case spool(SpoolFile, offset: Int)
}

/// One entry; its path is relative to the image's root and free of links.
struct LayerEntry: Sendable {
    enum Kind: Hashable {
        case directory
        case file(sizeBytes: Int)
        case symbolicLink(target: String)
        /// A hard link to an earlier file of the layer.
        case hardLink(target: String)
        case fifo
    }

    var path: String
    var kind: Kind
    /// The twelve permission bits.
    var mode: UInt32
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    /// Whole seconds since 1970; nil until the layer is planned.
    var modifiedSeconds: Int?
    var attributes: [ExtendedAttribute] = []
    var content = LayerContent.none

    /// The header in front of its content.
    var header: TarEntry {
        var header: TarEntry
        switch kind {
        case .directory: header = TarEntry(name: path + "/", kind: .directory)
        case .file(let size): header = TarEntry(name: path, kind: .file, size: size)
        case .fifo: header = TarEntry(name: path, kind: .fifo)
        case .symbolicLink(let target):
            header = TarEntry(name: path, kind: .symbolicLink)
            header.linkTarget = Array(target.utf8)
        case .hardLink(let target):
            header = TarEntry(name: path, kind: .hardLink)
            header.linkTarget = Array(target.utf8)
        }
        header.mode = mode
        header.uid = Int(uid)
        header.gid = Int(gid)
        header.modified = TarTime(seconds: modifiedSeconds ?? 0)
        header.attributes = attributes
        return header
    }
}
