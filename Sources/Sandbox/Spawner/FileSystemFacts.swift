// SPDX-License-Identifier: Apache-2.0
// What a file system does with written blocks, which Swift's Glibc module cannot ask for.

import CSandbox

/// Facts about the file system that holds a file.
package enum FileSystemFacts {
    /// Whether it writes the blocks of a file in place (statfs(2): ext2 to ext4, tmpfs).
    ///
    /// A write to a mapped page whose block exists then never needs another block, which a full disk would refuse with
    /// SIGBUS. Does not block.
    ///
    /// - Parameter descriptor: of the file.
    /// - Returns: false also where that is not known.
    package static func writesInPlace(_ descriptor: Int32) -> Bool { csandbox_writes_in_place(descriptor) }
}
