// SPDX-License-Identifier: Apache-2.0
// Results of earlier builds by key: one small file each in DATA/build/cache. Every call blocks on the disk.

import OCI
import ImageStore
import Foundation
import FunctionModel
import Glibc

/// The result of a step.
struct CacheRecord: Hashable, Sendable, Codable {
    /// Nil when the step made no layer.
    var layer: Descriptor?
    /// When the step was executed, in seconds since 1970.
    var created: Int
}

/// The layer cache.
///
/// Records are complete or absent; a lost record costs time only.
final class BuildCache: Sendable {
    private let directory: String
    private let blobs: BlobStore
    /// Largest record, which holds one descriptor.
    private static let recordSizeLimit = 64 << 10

    init(directory: String, blobs: BlobStore) throws(ImageError) {
        self.directory = directory
        self.blobs = blobs
        try Directories.make(directory)
        for name in try Directories.names(in: directory) where name.hasPrefix("new-") {
            unlink(directory + "/" + name)
        }
    }

    /// The record of a key, if its layer is still stored; protects the layer from garbage collection.
    func record(_ key: Digest) -> CacheRecord? {
        guard let record = read(key) else { return nil }
        if let layer = record.layer, !blobs.claim(layer.digest) { return nil }
        // The time of the last use decides which records are removed first.
        utimensat(AT_FDCWD, directory + "/" + key.hex, nil, 0)
        return record
    }

    /// The stored record, whether its layer exists or not.
    ///
    /// An unreadable record counts as absent: the step is executed again and the record replaced.
    private func read(_ key: Digest) -> CacheRecord? {
        let path = directory + "/" + key.hex
        guard let file = try? OpenFile(path: path),
            let bytes = try? file.read(upTo: Self.recordSizeLimit, of: path)
        else { return nil }
        return try? JSONDecoder().decode(CacheRecord.self, from: Data(bytes))
    }

    /// Every record with the time of its last use, which this does not change.
    func steps() throws(ImageError) -> [StoreCensus.Step] {
        try Directories.names(in: directory).compactMap { name in
            guard let key = Digest(hex: name), let record = read(key) else { return nil }
            var status = stat()
            guard stat(directory + "/" + name, &status) == 0 else { return nil }
            let lastUsed = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            return .init(key: key, layer: record.layer?.digest, lastUsed: lastUsed)
        }
    }

    /// Removes one record; false when there is none.
    func forget(_ key: Digest) -> Bool { unlink(directory + "/" + key.hex) == 0 }

    /// Stores a step's result.
    func store(_ record: CacheRecord, for keys: [Digest]) throws(ImageError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let bytes: Data
        do { bytes = try encoder.encode(record) } catch {
            throw .malformedDocument(what: "cache record", reason: String(describing: error))
        }
        for key in keys {
            let path = directory + "/" + key.hex
            let temporary = directory + "/new-\(key.hex.prefix(16))-\(UInt64.random(in: 0 ... .max))"
            let file = try OpenFile(path: temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            do throws(ImageError) {
                var failure: ImageError?
                bytes.withUnsafeBytes { buffer in
                    do throws(ImageError) { try file.write(buffer, to: temporary) } catch { failure = error }
                }
                if let failure { throw failure }
                try SystemCall.check("rename", path) { rename(temporary, path) }
            } catch {
                unlink(temporary)
                throw error
            }
        }
    }

    /// Layers that records refer to, which garbage collection keeps.
    func layers() throws(ImageError) -> Set<Digest> {
        Set(try steps().compactMap(\.layer))
    }

    /// Removes records; the next garbage collection removes their layers.
    ///
    /// - Parameter cutoff: records last used before it are removed, in seconds since 1970; nil removes all.
    /// - Returns: the number of removed records.
    /// - Throws: ``ImageError`` when the folder cannot be read.
    func forget(usedBefore cutoff: Int?) throws(ImageError) -> Int {
        var count = 0
        for name in try Directories.names(in: directory) where Digest(hex: name) != nil {
            let path = directory + "/" + name
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if let cutoff, status.st_mtim.tv_sec >= cutoff { continue }
            if unlink(path) == 0 { count += 1 }
        }
        return count
    }
}
