// SPDX-License-Identifier: Apache-2.0
// Content by digest, in DATA/blobs/sha256. A blob is complete and verified, or absent.

import CSandbox
import OCI
import FoundationEssentials
package import FunctionModel
import Glibc
import Synchronization

/// The content-addressed files of every image.
///
/// All calls block on the disk: use them from ``BlockingWork``.
package final class BlobStore: Sendable {
    /// `DATA/blobs/sha256`.
    package let directory: String
    /// `DATA/blobs/partial`: blobs that are being written.
    package let partialDirectory: String
    let durability: BlobDurability
    private let notePath: String
    /// Held while a blob is claimed or removed: prevents a race between the check and the use (TOCTOU).
    private let gate = Mutex(Leases())

    private struct Leases {
        var next = 0
        /// The beginnings of running operations, in nanoseconds of the wall clock.
        var started: [Int: Int64] = [:]
    }

    /// Makes the folders.
    ///
    /// Unfinished blobs of an earlier run are removed, resumable ones after a week, and blobs that a crash of the host
    /// has damaged.
    ///
    /// - Parameters:
    ///   - dataDirectory: DATA.
    ///   - damaged: called with each removed blob.
    /// - Throws: ``ImageError`` when the folders cannot be made or read.
    package init(dataDirectory: String, damaged: (Digest) -> Void = { _ in }) throws(ImageError) {
        directory = dataDirectory + "/blobs/sha256"
        partialDirectory = dataDirectory + "/blobs/partial"
        try Directories.make(directory)
        try Directories.make(partialDirectory)
        notePath = dataDirectory + "/blobs/.boot"
        durability = BlobDurability(directory: directory)
        try sweep(now: Date())
        try mend(damaged)
    }

    /// The path of a blob, present or absent.
    package func path(of digest: Digest) -> String { directory + "/" + digest.hex }

    /// Bytes of a stored blob, nil when it is absent.
    package func size(of digest: Digest) -> Int? {
        var status = stat()
        guard stat(path(of: digest), &status) == 0 else { return nil }
        return Int(status.st_size)
    }

    /// Whether a blob is stored; protects it from garbage collection until the caller's lease ends.
    package func claim(_ digest: Digest) -> Bool {
        gate.withLock { _ in utimensat(AT_FDCWD, path(of: digest), nil, 0) == 0 }
    }

    /// The time of a blob's arrival or last claim, in nanoseconds of the wall clock; nil when it is absent.
    func touched(_ digest: Digest) -> Int64? {
        var status = stat()
        guard stat(path(of: digest), &status) == 0 else { return nil }
        return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// Bytes of a blob on the disk; 0 when it is absent.
    func allocatedBytes(of digest: Digest) -> Int {
        var status = stat()
        guard stat(path(of: digest), &status) == 0 else { return 0 }
        return Int(status.st_blocks) * 512
    }

    /// The file system's free space.
    func freeBytes() throws(ImageError) -> Int {
        var status = statvfs()
        try SystemCall.check("statvfs", directory) { statvfs(directory, &status) }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// The beginning of the oldest running operation; nil when there is none.
    var oldestLease: Int64? { gate.withLock { $0.started.values.min() } }

    /// Nil when the blob is empty or absent.
    func firstByte(of digest: Digest) throws(ImageError) -> UInt8? {
        do throws(ImageError) {
            return try open(digest, for: "the list of images").read(upTo: 1, of: path(of: digest)).first
        } catch .missingBlob {
            return nil
        }
    }

    /// Removes unfinished downloads that no operation continues.
    ///
    /// - Returns: their bytes.
    func removePartials() throws(ImageError) -> Int {
        var freed = 0
        for name in try Directories.names(in: partialDirectory) where Digest(hex: name) != nil {
            let path = partialDirectory + "/" + name
            guard let file = try? OpenFile(path: path), flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
                continue
            }
            freed += Int(try file.status(path).st_size)
            unlink(path)
        }
        return freed
    }

    /// Opens a blob for reading.
    ///
    /// - Throws: ``ImageError/missingBlob(_:neededBy:)``.
    package func open(_ digest: Digest, for owner: String) throws(ImageError) -> OpenFile {
        do {
            return try OpenFile(path: path(of: digest))
        } catch .system(_, _, ENOENT) {
            throw .missingBlob(digest, neededBy: owner)
        }
    }

    /// Reads and verifies a small blob.
    ///
    /// - Parameters:
    ///   - digest: of the blob.
    ///   - limit: its permitted size.
    ///   - owner: the document that refers to it, for the error.
    /// - Returns: its bytes.
    /// - Throws: ``ImageError`` when it is absent, too large or damaged.
    package func read(_ digest: Digest, limit: Int, for owner: String) throws(ImageError) -> [UInt8] {
        let file = try open(digest, for: owner)
        let bytes = try file.read(upTo: limit + 1, of: path(of: digest))
        guard bytes.count <= limit else { throw .limitExceeded(what: "size of \(digest)", limit: limit) }
        let actual = Digest(of: bytes)
        guard actual == digest else {
            throw .digestMismatch(what: "stored blob", expected: digest, actual: actual)
        }
        return bytes
    }

    /// Hashes a blob on the disk.
    func hash(_ digest: Digest) throws(ImageError) -> Digest {
        let file = try open(digest, for: "verification")
        var hash = SHA256()
        while true {
            let bytes = try file.read(upTo: 1 << 20, of: path(of: digest))
            if bytes.isEmpty { return hash.finish() }
            hash.update(bytes)
        }
    }

    /// Starts a blob that cannot be resumed.
    ///
    /// - Parameters:
    ///   - expected: the blob's digest, checked at the end; nil accepts any.
    ///   - size: the blob's size, checked while it is written; nil accepts any.
    /// - Returns: the writer; without a commit its end removes the file.
    /// - Throws: ``ImageError`` when no file can be made.
    package func beginWrite(expected: Digest? = nil, size: Int? = nil) throws(ImageError) -> BlobWriter {
        try BlobWriter.fresh(in: self, expected: expected, size: size)
    }

    /// Begins or continues a download, at the offset ``BlobWriter/written``.
    ///
    /// Written bytes stay when the writer ends without ``BlobWriter/commit()``. One writer per digest
    /// at a time: the second gets ``ImageError/system(call:path:errorNumber:)`` with EWOULDBLOCK.
    package func resumeWrite(expected: Digest, size: Int) throws(ImageError) -> BlobWriter {
        try BlobWriter.resumed(in: self, expected: expected, size: size)
    }

    /// Stores bytes in memory.
    @discardableResult
    package func put(_ bytes: [UInt8]) throws(ImageError) -> Digest {
        let digest = Digest(of: bytes)
        if claim(digest) { return digest }
        var writer = try beginWrite(expected: digest, size: bytes.count)
        try writer.write(bytes)
        return try writer.commit()
    }

    /// Every stored blob.
    package func all() throws(ImageError) -> [Digest] {
        try Directories.names(in: directory).compactMap(Digest.init(hex:))
    }

    /// Protects all blobs that are written or claimed from now on from ``removeUnused(_:)``.
    ///
    /// Hold it from the first blob of an image until its reference is set.
    package func lease() -> BlobLease {
        let id = gate.withLock { leases in
            leases.next += 1
            leases.started[leases.next] = Self.wallClockNanoseconds()
            return leases.next
        }
        return BlobLease(store: self, id: id)
    }

    fileprivate func endLease(_ id: Int) {
        gate.withLock { _ = $0.started.removeValue(forKey: id) }
    }

    /// Removes a blob unless a running operation has written or claimed it.
    ///
    /// - Returns: the freed bytes; nil when it stays or was absent.
    func removeUnused(_ digest: Digest) throws(ImageError) -> Int? {
        let path = path(of: digest)
        let result: Result<Int?, ImageError> = gate.withLock { leases in
            var status = stat()
            guard stat(path, &status) == 0 else { return .success(nil) }
            let touched = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            if let oldest = leases.started.values.min(), touched >= oldest { return .success(nil) }
            guard unlink(path) == 0 else { return .failure(SystemCall.failure("unlink", path)) }
            return .success(Int(status.st_size))
        }
        return try result.get()
    }

    /// Removes a blob that a failed operation has just added, unless another operation is running.
    ///
    /// - Returns: false when it stays until garbage collection.
    func removeArrival(_ digest: Digest) throws(ImageError) -> Bool {
        let result: Result<Bool, ImageError> = gate.withLock { leases in
            guard leases.started.count <= 1 else { return .success(false) }
            if unlink(path(of: digest)) == 0 || errno == ENOENT { return .success(true) }
            return .failure(SystemCall.failure("unlink", path(of: digest)))
        }
        return try result.get()
    }

    /// File times come from the kernel's coarse clock, which lags by up to a tick: 100 ms is enough.
    private static func wallClockNanoseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) - 100_000_000
    }

    /// Waits until these blobs, and all others in the store, survive a power failure.
    ///
    /// Called before an image with these blobs gets a name.
    ///
    /// - Throws: ``ImageError`` when one could not be synced; it is removed then.
    func settle(_ digests: Set<Digest>) throws(ImageError) { try durability.settle(digests) }

    /// Checks blobs that the last run did not mark as durable.
    private func mend(_ damaged: (Digest) -> Void) throws(ImageError) {
        let note = BootNote(path: notePath)
        let isSameBoot = try note.isOfThisBoot()
        for digest in try all() {
            var status = stat()
            guard stat(path(of: digest), &status) == 0, status.st_mode & 0o777 == BlobDurability.fresh else {
                continue
            }
            let isWhole = try isSameBoot ? true : hash(digest) == digest
            guard isWhole else {
                try SystemCall.check("unlink", path(of: digest)) { unlink(path(of: digest)) }
                damaged(digest)
                continue
            }
            durability.appeared(digest)
        }
        if !isSameBoot { try note.write() }
    }

    private func sweep(now: Date) throws(ImageError) {
        let maximumAge = 7.0 * 24 * 3600
        for name in try Directories.names(in: partialDirectory) {
            let path = partialDirectory + "/" + name
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            let age = now.timeIntervalSince1970 - Double(status.st_mtim.tv_sec)
            if Digest(hex: name) == nil || age > maximumAge { unlink(path) }
        }
    }
}

/// Protects blobs of a running operation from garbage collection; ends with its last owner.
package final class BlobLease: Sendable {
    private let store: BlobStore
    private let id: Int

    fileprivate init(store: BlobStore, id: Int) {
        self.store = store
        self.id = id
    }

    deinit { store.endLease(id) }
}
