// SPDX-License-Identifier: Apache-2.0
// The trees that would survive a power cut. RootfsStore reports added and removed trees.

import OCI
import CSandbox
import Dispatch
import FunctionModel
import Glibc
import Logging

/// Syncs trees in the background, and remembers which ones are durable.
///
/// Waiting for a sync before a tree may be used would delay a deploy for as long as the whole disk is busy. A
/// tree can be made again from its layers, so it is enough to know after a crash of the host which trees were
/// not synced, and to drop those. A crash of the gateway alone harms none: the kernel keeps what was written.
final class TreeDurability: Sendable {
    private let directory: String
    private let logger: Logger
    private let queue = DispatchQueue(label: "images.sync", qos: .utility)

    init(directory: String, logger: Logger) {
        self.directory = directory
        self.logger = logger
    }

    /// Compares with the last run.
    ///
    /// - Parameters:
    ///   - trees: those that are there.
    ///   - remove: takes a tree that may be damaged.
    /// - Throws: ``ImageError`` when the folder cannot be read or written.
    func start(trees: [Digest], remove: (Digest) throws(ImageError) -> Void) throws(ImageError) {
        let unsynced = trees.filter { access(marker($0), F_OK) != 0 }
        let note = BootNote(path: directory + "/.boot")
        if try note.isOfThisBoot() { return unsynced.forEach(appeared) }
        for tree in unsynced { try remove(tree) }
        try note.write()
    }

    /// A tree was made: it is synced and marked soon.
    func appeared(_ chainID: Digest) {
        queue.async {
            do throws(ImageError) {
                try self.synchronize()
                // Removed in the meantime: its mark would outlive it.
                guard access(self.directory + "/" + chainID.hex, F_OK) == 0 else { return }
                try BootNote.write([], to: self.marker(chainID))
            } catch {
                // Without its mark the tree is made again after a crash of the host: slower, not wrong.
                self.logger.warning("cannot make a tree durable", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Waits until every tree that has appeared is marked.
    ///
    /// Blocks on the disk.
    func settle() { queue.sync {} }

    /// A tree is about to go.
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
