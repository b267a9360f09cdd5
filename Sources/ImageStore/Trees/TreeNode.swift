// SPDX-License-Identifier: Apache-2.0
// One entry of a file tree, in the form of workers' answers. Pure.

/// One file, folder or link.
package struct TreeNode: Hashable, Codable {
    /// The type of the file.
    package enum Kind: Hashable, Codable {
        case directory
        case file
        case symbolicLink(target: String)
        /// Character device 0:0, an overlay's mark of a removed name.
        case whiteout
        case device
        case fifo
        case socket
    }

    package var kind: Kind
    /// The twelve permission bits.
    package var mode: UInt32
    package var uid: UInt32 = 0
    package var gid: UInt32 = 0
    package var sizeBytes = 0
    /// Whole seconds since 1970.
    package var modifiedSeconds = 0
    /// Equal for all names of one file; nil for a file with one name.
    package var identity: FileIdentity?

    package var isDirectory: Bool { kind == .directory }

    package init(
        kind: Kind,
        mode: UInt32,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        sizeBytes: Int = 0,
        modifiedSeconds: Int = 0,
        identity: FileIdentity? = nil
    ) {
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.sizeBytes = sizeBytes
        self.modifiedSeconds = modifiedSeconds
        self.identity = identity
    }
}

/// Device and inode number.
package struct FileIdentity: Hashable, Codable {
    var device: UInt
    var inode: UInt
}
