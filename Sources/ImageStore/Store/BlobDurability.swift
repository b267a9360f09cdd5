// SPDX-License-Identifier: Apache-2.0
// The blobs that survive a power failure. BlobStore reports new ones; naming an image waits for them.

import OCI
import Dispatch
import FunctionModel
import Glibc
import Synchronization

/// Syncs blobs concurrently with the operation that adds them, and marks durable ones by their mode.
///
/// A sync may take long on a busy disk, and a pull has several blobs: each is synced during the next
/// one's download, and only naming the image waits for all of them. After a crash of the host a blob without the mark
/// may have any content, so it is hashed again before it is used. A crash of the gateway alone damages none: the
/// kernel keeps written data.
final class BlobDurability: Sendable {
    /// Mode of complete blobs that may not be on the disk yet.
    static let fresh: mode_t = 0o600
    /// Mode of blobs that are on the disk.
    static let durable: mode_t = 0o644

    private let directory: String
    private let queue = DispatchQueue(label: "images.blobs.sync", qos: .utility)
    private let state = Mutex(State())

    private struct State {
        var waiting: [Digest] = []
        /// Blobs that could not be synced, with the reason; they are removed from the store.
        var failures: [Digest: ImageError] = [:]
    }

    init(directory: String) { self.directory = directory }

    /// A blob was added: it is synced and marked soon.
    func appeared(_ digest: Digest) {
        state.withLock { state in
            state.failures[digest] = nil
            state.waiting.append(digest)
        }
        queue.async { self.synchronizeWaiting() }
    }

    /// Waits until all added blobs are on the disk.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameter digests: the blobs that the caller needs.
    /// - Throws: ``ImageError`` when one of them could not be synced; it is removed then.
    func settle(_ digests: Set<Digest>) throws(ImageError) {
        queue.sync { self.synchronizeWaiting() }
        let failure = state.withLock { state in
            state.failures.first { digests.contains($0.key) }?.value
        }
        if let failure { throw failure }
    }

    /// Runs on the queue: syncs all blobs added up to now, with one sync of the folder.
    private func synchronizeWaiting() {
        let digests = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        if digests.isEmpty { return }
        do throws(ImageError) {
            var synced: [Int32] = []
            defer { synced.forEach { close($0) } }
            for digest in digests {
                if let descriptor = synchronize(digest) { synced.append(descriptor) }
            }
            try Directories.synchronize(directory)
            for descriptor in synced {
                // Without its mark a blob is hashed again after a crash of the host: slower, not wrong.
                fchmod(descriptor, Self.durable)
            }
        } catch {
            digests.forEach { fail($0, error) }
        }
    }

    /// The open blob; nil when it was removed.
    private func synchronize(_ digest: Digest) -> Int32? {
        let path = directory + "/" + digest.hex
        do throws(ImageError) {
            let file = try OpenFile(path: path)
            try file.synchronize(path)
            return file.take()
        } catch .system(_, _, ENOENT) {
            return nil
        } catch {
            fail(digest, error)
            return nil
        }
    }

    /// The kernel may have dropped data that it could not write: such a file is removed.
    private func fail(_ digest: Digest, _ error: ImageError) {
        unlink(directory + "/" + digest.hex)
        state.withLock { $0.failures[digest] = error }
    }
}
