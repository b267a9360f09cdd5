// SPDX-License-Identifier: Apache-2.0
// Which trees would survive a power cut. RootfsStore tells it what comes and goes.

import CSandbox
import Dispatch
import Glibc
import Logging

/// Makes trees durable behind the caller's back, and remembers which ones are.
///
/// Waiting for a sync before a tree may be used would hold a deploy up for as long as the whole disk is busy. A
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
    /// - Parameter trees: those that are there.
    /// - Returns: those that may be damaged; the caller removes them.
    /// - Throws: ``ImageError`` when the folder cannot be read or written.
    func start(trees: [Digest]) throws(ImageError) -> [Digest] {
        let boot = try Self.bootID()
        let notePath = directory + "/.boot"
        let unsynced = trees.filter { access(marker($0), F_OK) != 0 }
        let isSameBoot = try Self.note(notePath) == boot
        try write(boot, to: notePath)
        guard isSameBoot else { return unsynced }
        unsynced.forEach(appeared)
        return []
    }

    /// A tree was made: it is synced and marked soon.
    func appeared(_ chainID: Digest) {
        queue.async {
            do throws(ImageError) {
                try self.synchronize()
                // Removed in the meantime: its mark would outlive it.
                guard access(self.directory + "/" + chainID.hex, F_OK) == 0 else { return }
                try self.write([], to: self.marker(chainID))
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

    private func write(_ bytes: [UInt8], to path: String) throws(ImageError) {
        let file = try OpenFile(path: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        var failure: ImageError?
        bytes.withUnsafeBytes { piece in
            do throws(ImageError) { try file.write(piece, to: path) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.synchronize(path)
    }

    private static func note(_ path: String) throws(ImageError) -> [UInt8] {
        guard access(path, F_OK) == 0 else { return [] }
        return try OpenFile(path: path).read(upTo: 256, of: path)
    }

    /// A number that the kernel chooses anew at each start.
    private static func bootID() throws(ImageError) -> [UInt8] {
        let path = "/proc/sys/kernel/random/boot_id"
        return try OpenFile(path: path).read(upTo: 256, of: path)
    }
}
