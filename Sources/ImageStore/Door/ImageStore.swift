// SPDX-License-Identifier: Apache-2.0
// The interface of the room: all operations on images for the other rooms.

package import OCI
import Glibc
package import Logging

/// The images of one data folder.
///
/// Safe from any task; blocking work runs on the room's own threads.
package final class ImageStore: Sendable {
    package let blobs: BlobStore
    package let references: any ReferenceStore
    /// The platform of images that run on this host.
    package let host: Platform
    let roots: RootfsStore
    /// The access to files of trees.
    package let trees: TreeAccess
    let logger: Logger

    /// Protects every image that is looked up from now on from garbage collection, until it is released.
    package func hold() -> BlobLease { blobs.lease() }

    /// Opens the store, makes its folders, and removes leftovers of a killed process.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA; `blobs` and `rootfs` below it belong to this room.
    ///   - references: the table of names.
    ///   - trees: the access to files of trees.
    ///   - logger: receives leftovers and skipped entries.
    ///   - host: the platform of chosen images; tests use others.
    /// - Throws: ``ImageError`` when the folders cannot be made or read.
    package init(
        dataDirectory: String,
        references: any ReferenceStore,
        trees: TreeAccess = .direct,
        logger: Logger,
        host: Platform = .host
    ) throws(ImageError) {
        blobs = try BlobStore(dataDirectory: dataDirectory) { digest in
            logger.warning(
                "removed a blob that a crash of the host has damaged",
                metadata: ["blob": "\(digest)"]
            )
        }
        self.trees = trees
        roots = try RootfsStore(dataDirectory: dataDirectory, blobs: blobs, trees: trees, logger: logger)
        self.references = references
        self.host = host
        self.logger = logger
    }
}
