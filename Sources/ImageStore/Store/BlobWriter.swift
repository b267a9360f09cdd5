// SPDX-License-Identifier: Apache-2.0
// One blob that is being written to the store. Registry, archives and the builder use it.

import CSandbox
package import FunctionModel
import OCI
import Glibc

/// Hashes and counts while it writes; only ``commit()`` makes the blob visible.
///
/// Dropping it leaves nothing
/// (or, when resumable, the part that is there).
package struct BlobWriter: ~Copyable, Sendable {
    private let store: BlobStore
    private let file: OpenFile
    private let partialPath: String
    private let expected: Digest?
    private let expectedSize: Int?
    private let keepsPartial: Bool
    private var hash = SHA256()
    private var isSettled = false
    /// Bytes so far, including those of an earlier attempt.
    package private(set) var written = 0

    /// A writer to a new file, which is removed when the writer ends without a commit.
    static func fresh(in store: BlobStore, expected: Digest?, size: Int?) throws(ImageError) -> BlobWriter {
        let path = store.partialDirectory + "/new-\(UInt64.random(in: 0 ... .max))"
        let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT | O_EXCL, mode: BlobDurability.fresh)
        return BlobWriter(store, file: file, path: path, expected: expected, size: size, keepsPartial: false)
    }

    /// A writer that continues an earlier one's part, and holds a lock against a second writer.
    static func resumed(in store: BlobStore, expected: Digest, size: Int) throws(ImageError) -> BlobWriter {
        let path = store.partialDirectory + "/" + expected.hex
        let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT, mode: BlobDurability.fresh)
        let descriptor = file.descriptor
        try SystemCall.check("flock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        // Garbage collection may have removed it between the two calls.
        if try file.status(path).st_nlink == 0 {
            return try resumed(in: store, expected: expected, size: size)
        }
        var writer = BlobWriter(
            store,
            file: file,
            path: path,
            expected: expected,
            size: size,
            keepsPartial: true
        )
        try writer.readEarlierPart()
        return writer
    }

    private init(
        _ store: BlobStore,
        file: consuming OpenFile,
        path: String,
        expected: Digest?,
        size: Int?,
        keepsPartial: Bool
    ) {
        self.store = store
        self.file = file
        partialPath = path
        self.expected = expected
        expectedSize = size
        self.keepsPartial = keepsPartial
    }

    deinit {
        if !isSettled, !keepsPartial { unlink(partialPath) }
    }

    /// Adds bytes; refuses them when the blob exceeds its size.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        if let expectedSize, written + bytes.count > expectedSize {
            throw .sizeMismatch(what: what, expected: expectedSize, actual: written + bytes.count)
        }
        try file.write(bytes, to: partialPath)
        hash.update(bytes)
        written += bytes.count
    }

    /// Adds bytes; refuses them when the blob exceeds its size.
    package mutating func write(_ bytes: [UInt8]) throws(ImageError) {
        var failure: ImageError?
        bytes.withUnsafeBytes { buffer in
            do throws(ImageError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Discards the written bytes, for a server that begins again from the first byte.
    package mutating func restart() throws(ImageError) {
        let descriptor = file.descriptor
        try SystemCall.check("ftruncate", partialPath) { ftruncate(descriptor, 0) }
        try SystemCall.check("lseek", partialPath) { lseek(descriptor, 0, SEEK_SET) }
        hash = SHA256()
        written = 0
    }

    /// Removes the written bytes, also those of earlier attempts: for content that cannot become valid.
    package consuming func discard() {
        unlink(partialPath)
        isSettled = true
    }

    /// Verifies size, then digest, and adds the blob to the store.
    ///
    /// It becomes durable soon; ``BlobStore/settle(_:)`` waits for that.
    ///
    /// - Throws: ``ImageError/sizeMismatch(what:expected:actual:)`` (a resumable part that is too short stays),
    ///   ``ImageError/digestMismatch(what:expected:actual:)`` (nothing stays).
    package consuming func commit() throws(ImageError) -> Digest {
        if let expectedSize, written != expectedSize {
            throw .sizeMismatch(what: what, expected: expectedSize, actual: written)
        }
        var finished = SHA256()
        swap(&finished, &hash)
        let digest = finished.finish()
        if let expected, expected != digest {
            unlink(partialPath)
            isSettled = true
            throw .digestMismatch(what: "content", expected: expected, actual: digest)
        }
        let descriptor = file.descriptor
        let target = store.path(of: digest)
        // Garbage collection compares the time of arrival with the beginnings of running operations.
        try SystemCall.check("futimens", partialPath) { futimens(descriptor, nil) }
        try SystemCall.check("rename", target) { rename(partialPath, target) }
        isSettled = true
        store.durability.appeared(digest)
        return digest
    }

    private var what: String { expected?.description ?? "blob" }

    private mutating func readEarlierPart() throws(ImageError) {
        while true {
            let bytes = try file.read(upTo: 1 << 20, of: partialPath)
            if bytes.isEmpty { return }
            hash.update(bytes)
            written += bytes.count
            if let expectedSize, written > expectedSize { return try restart() }
        }
    }
}
