// SPDX-License-Identifier: Apache-2.0
// Unpacked trees, in DATA/rootfs. A tree is there whole or not at all.

import Logging

/// The read-only trees that containers run in.
final class RootfsStore: Sendable {
    /// `DATA/rootfs`.
    let directory: String
    let blobs: BlobStore
    let logger: Logger

    init(dataDirectory: String, blobs: BlobStore, logger: Logger) throws(ImageError) {
        directory = dataDirectory + "/rootfs"
        self.blobs = blobs
        self.logger = logger
        try Directories.make(directory)
    }
}
