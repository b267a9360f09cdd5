// SPDX-License-Identifier: Apache-2.0
// The trees that survive a power failure. RootfsStore reports added and removed trees.

import OCI
import CSandbox
import Dispatch
import FunctionModel
import Glibc
import Logging

/// Syncs trees in the background, and remembers which ones are durable.
///
/// Waiting for a sync before a tree is used would delay a deploy on a busy disk. A
/// tree can be unpacked again, so it is enough to know after a crash of the host which trees were
/// not synced, and to remove those. A crash of the gateway alone damages none: the kernel keeps written data.
final class TreeDurability: Sendable {
    private let directory: String
    private let logger: Logger
    private let queue = DispatchQueue(label: "images.sync", qos: .utility)

    init(directory: String, logger: Logger) {
        self.directory = directory
        self.logger = logger
    }

    /// Removes trees that the last run did not mark and a crash of the host may have damaged.
    ///
    /// - Parameters:
    ///   - trees: the present trees.
    ///   - remove: called with each tree that may be damaged.
    /// - Throws: ``ImageError`` when the folder cannot be read or written.
    func start(trees: [Digest], remove: (Digest) throws(ImageError) -> Void) throws(ImageError) {
        let unsynced = trees.filter { access(marker($0), F_OK) != 0 }
        let note = BootNote(path: directory + "/.boot")
        if try note.isOfThisBoot() { return unsynced.forEach(appeared) }
        for tree in unsynced { try remove(tree) }
        try note.write()
    }

    /// A tree was added: it is synced and marked soon.
    func appeared(_ chainID: Digest) {
        queue.async {
            do throws(ImageError) {
                try self.synchronize()
                // The tree was removed meanwhile: its mark must not stay.
                guard access(self.directory + "/" + chainID.hex, F_OK) == 0 else { return }
                try BootNote.write([], to: self.marker(chainID))
            } catch {
                // Without its mark the tree is unpacked again after a crash of the host: slower, but correct.
                self.logger.warning("cannot make a tree durable", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Waits until every added tree is marked.
    ///
    /// Blocks on the disk.
    func settle() { queue.sync {} }

    /// A tree will be removed.
    func disappears(_ chainID: Digest) throws(ImageError) {
        guard unlink(marker(chainID)) == 0 || errno == ENOENT else {
            throw SystemCall.failure("unlink", marker(chainID))
        }
    }

    private func marker(_ chainID: Digest) -> String { "\(directory)/\(chainID.hex).synced" }

    private func synchronize() throws(ImageError) {
        let folder = try OpenFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let result = csandbox_sync_filesystem(folder.descriptor)
        if result < 0 { throw SystemCall.failure("syncfs", directory, errorNumber: -result) }
    }
}
