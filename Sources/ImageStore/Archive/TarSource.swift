// SPDX-License-Identifier: Apache-2.0
// An image archive, read sequentially once: small files go into memory, the others into the blob store.

import CSandbox
import FunctionModel
import OCI
import Glibc

/// The content of one archive file, which may be compressed and have any order.
final class TarSource: ContentSource {
    let name: String
    private let blobs: BlobStore
    private var small: [String: [UInt8]] = [:]
    private var stored: [String: StoredContent] = [:]
    private var links: [String: String] = [:]
    private var smallBytes = 0
    /// First components of the names: enough to distinguish a root file system from images.
    private var tops: Set<String> = []
    private let stop: StopFlag
    /// Blobs that this archive added to the store.
    private(set) var arrivals: [Digest] = []

    /// Files up to this size are kept in memory: listings, configurations, layers of one file.
    private static let smallFileBytes = 1 << 20
    /// Memory for small files of one archive; the rest goes to the store.
    private static let maximumSmallBytes = 32 << 20
    /// Number of first components kept.
    private static let topsMax = 64
    /// Longest chain of links; archives have one link.
    private static let maximumLinkSteps = 8

    /// Reads the whole file.
    ///
    /// Blocks.
    init(
        path: String,
        called name: String? = nil,
        blobs: BlobStore,
        limits: UnpackLimits = UnpackLimits(),
        stop: StopFlag = StopFlag()
    ) throws(ImageError) {
        self.name = name ?? path
        self.blobs = blobs
        self.stop = stop
        let file = try OpenFile(path: path)
        guard try file.status(path).st_mode & S_IFMT == S_IFREG else {
            throw .malformedArchive(file: self.name, reason: "is not a file")
        }
        do throws(ImageError) {
            try ArchiveLocale.run { () throws(ImageError) in try readAll(file, limits) }
        } catch {
            try discard()
            throw error
        }
    }

    var holdsRoot: Bool { RootShape.matches(tops) }

    /// Removes imported blobs that no image of the archive needs.
    func discard() throws(ImageError) {
        for digest in arrivals { _ = try blobs.removeArrival(digest) }
        arrivals = []
    }

    private func readAll(_ file: borrowing OpenFile, _ limits: UnpackLimits) throws(ImageError) {
        var archiveLimits = limits
        archiveLimits.bytesPerLayer = limits.bytesPerImage
        var reader = try TarReader(descriptor: file.descriptor, name: name, limits: archiveLimits)
        var count = 0
        while let entry = try reader.next() {
            count += 1
            try stop.check()
            let path = try ArchivePath.normalised(entry.text)
            if tops.count < Self.topsMax { tops.insert(String(path.prefix { $0 != "/" })) }
            switch entry.kind {
            case .file: try take(entry, path, reader)
            case .symbolicLink:
                let target = String(decoding: entry.linkTarget, as: UTF8.self)
                links[path] = try ArchivePath.normalised(target, relativeTo: ArchivePath.folder(of: path))
            case .hardLink:
                links[path] = try ArchivePath.normalised(String(decoding: entry.linkTarget, as: UTF8.self))
            case .directory, .fifo, .device, .other: break
            }
        }
        guard count > 0 else {
            throw .malformedArchive(file: name, reason: "is not an archive, or an empty one")
        }
    }

    private func take(_ entry: TarEntry, _ path: String, _ reader: borrowing TarReader) throws(ImageError) {
        if entry.size <= Self.smallFileBytes, smallBytes + entry.size <= Self.maximumSmallBytes {
            smallBytes += entry.size
            small[path] = try reader.content(limit: Self.smallFileBytes, of: entry)
            return
        }
        let expected = Self.blobDigest(path)
        if let expected, blobs.claim(expected), blobs.size(of: expected) == entry.size {
            stored[path] = StoredContent(digest: expected, size: entry.size)
            return
        }
        var writer = try blobs.beginWrite(expected: expected, size: entry.size)
        var end = 0
        try reader.content { piece, offset throws(ImageError) in
            try stop.check()
            guard offset == end else { throw .malformedArchive(file: name, reason: "'\(path)' has holes") }
            try writer.write(piece)
            end += piece.count
        }
        let digest = try writer.commit()
        arrivals.append(digest)
        stored[path] = StoredContent(digest: digest, size: entry.size)
    }

    /// The digest in a layout's path.
    static func blobDigest(_ path: String) -> Digest? {
        let prefix = "blobs/sha256/"
        return path.hasPrefix(prefix) ? Digest(hex: String(path.dropFirst(prefix.count))) : nil
    }

    func bytes(_ path: String, limit: Int) throws(ImageError) -> [UInt8]? {
        let path = try follow(path)
        if let bytes = small[path] {
            try UnpackLimits.check(bytes.count, limit, "size of '\(path)' in \(name)")
            return bytes
        }
        guard let content = stored[path] else { return nil }
        return try blobs.read(content.digest, limit: limit, for: "\(name), '\(path)'")
    }

    func store(_ path: String, expected: Digest?) throws(ImageError) -> StoredContent? {
        let path = try follow(path)
        if let bytes = small[path] {
            let digest = Digest(of: bytes)
            try Self.check(digest, expected, "'\(path)' in \(name)")
            if !blobs.claim(digest) {
                try blobs.put(bytes)
                arrivals.append(digest)
            }
            return StoredContent(digest: digest, size: bytes.count)
        }
        guard let content = stored[path] else { return nil }
        try Self.check(content.digest, expected, "'\(path)' in \(name)")
        return content
    }

    static func check(_ actual: Digest, _ expected: Digest?, _ what: String) throws(ImageError) {
        guard let expected, expected != actual else { return }
        throw .digestMismatch(what: what, expected: expected, actual: actual)
    }

    private func follow(_ path: String) throws(ImageError) -> String {
        var path = try ArchivePath.normalised(path)
        for _ in 0..<Self.maximumLinkSteps {
            guard let target = links[path] else { return path }
            path = target
        }
        throw .hostileEntry(name: path, reason: "its links form a loop")
    }
}
