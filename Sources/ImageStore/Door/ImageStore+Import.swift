// SPDX-License-Identifier: Apache-2.0
// Makes an image of a tar with a root file system.

import CSandbox
import FoundationEssentials
package import FunctionModel
import Glibc
package import OCI

/// The options of `image import`.
package struct ImportRequest: Hashable, Sendable {
    /// The image's name.
    package var reference: String
    /// The message in the image's history; nil records only the import.
    package var message: String?
    /// The image's defaults for containers; empty without changes, as with `docker import`.
    package var execution = ImageConfiguration.Execution()

    package init(reference: String) { self.reference = reference }
}

/// The image of an import.
package struct ImportedImage: Hashable, Sendable {
    /// Normalised.
    package var reference: String
    package var digest: Digest
    /// Device nodes, sockets and whiteouts that were left out.
    package var skippedEntries: Int
}

extension ImageStore {
    /// Makes an image of one layer of a tar of a root file system, compressed or not.
    ///
    /// The image has no command unless a change sets one, as with `docker import`. Device nodes and sockets are left
    /// out: containers do not get them from images. The tree is unpacked before the image gets its name, so that
    /// an image that could not run is refused here.
    ///
    /// - Parameters:
    ///   - path: a file of the host.
    ///   - archive: its name in errors.
    ///   - request: the image's name and settings.
    /// - Returns: the image.
    /// - Throws: ``ImageError``; no image is kept then.
    package func importRoot(
        archive path: String,
        called archive: String,
        _ request: ImportRequest
    ) async throws(ImageError) -> ImportedImage {
        let name = try ImageError.reading { () throws(OCIError) in try ImageReference(request.reference) }
        let reference = name.withoutDigest.description
        let lease = blobs.lease()
        defer { withExtendedLifetime(lease) {} }
        let layer = try await BlockingWork.cancellable { (stop) throws(ImageError) in
            try RootLayer.write(archive: path, called: archive, to: self.blobs, stop: stop)
        }
        do throws(ImageError) {
            var configuration = ImageConfiguration(platform: host, config: request.execution)
            configuration.created = Date().formatted(.iso8601)
            configuration.rootfs = ImageConfiguration.Layers(diffIDs: [layer.descriptor.digest])
            var step = ImageConfiguration.HistoryEntry(created: configuration.created)
            step.comment = request.message ?? "Imported from -"
            configuration.history = [step]
            let digest = try await commit(
                layers: [layer.descriptor],
                configuration: configuration,
                reference: nil
            )
            _ = try await rootfs(for: digest)
            if Task.isCancelled { throw .cancelled }
            try await record(reference, digest: digest)
            return ImportedImage(reference: reference, digest: digest, skippedEntries: layer.skipped)
        } catch {
            try await forget(layer.descriptor.digest)
            throw error
        }
    }

    /// Removes the layer of a failed import; the next pruning removes its small documents.
    private func forget(_ layer: Digest) async throws(ImageError) {
        let blobs = blobs
        _ = try await BlockingWork.run { () throws(ImageError) in try blobs.removeArrival(layer) }
    }
}

/// Copies an untrusted tar as a layer with files, folders and links only.
private enum RootLayer {
    struct Written: Sendable {
        var descriptor: Descriptor
        var skipped: Int
    }

    /// Holds the blob for the tar writer's callback.
    private final class Sink {
        private var writer: BlobWriter?

        init(_ writer: consuming BlobWriter) { self.writer = consume writer }

        func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) { try writer?.write(bytes) }

        func commit() throws(ImageError) -> Descriptor {
            guard let writer = writer.take() else { throw .cancelled }
            let size = writer.written
            return Descriptor(mediaType: MediaType.layer, digest: try writer.commit(), size: size)
        }
    }

    /// Zeros written for holes at a time.
    private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

    static func write(
        archive path: String,
        called name: String,
        to blobs: BlobStore,
        stop: StopFlag
    ) throws(ImageError) -> Written {
        let file = try OpenFile(path: path)
        guard try file.status(name).st_mode & S_IFMT == S_IFREG else {
            throw .malformedArchive(file: name, reason: "is not a file")
        }
        let limits = UnpackLimits()
        let sink = Sink(try blobs.beginWrite())
        let tar = try TarWriter(name: "layer") { bytes throws(ImageError) in
            try stop.check()
            try sink.write(bytes)
        }
        let descriptor = file.descriptor
        let counts = try ArchiveLocale.run { () throws(ImageError) -> (kept: Int, skipped: Int) in
            var reader = try TarReader(descriptor: descriptor, name: name, limits: limits)
            var (kept, skipped) = (0, 0)
            while let entry = try reader.next() {
                try stop.check()
                let place = try EntryPath(entry.name, limits: limits)
                guard isKept(entry, place) else {
                    skipped += 1
                    continue
                }
                kept += 1
                try copy(entry, reader, to: tar)
            }
            return (kept, skipped)
        }
        guard counts.kept > 0 else {
            throw .malformedArchive(file: name, reason: "is not a tar archive, or has no files")
        }
        try tar.finish()
        return Written(descriptor: try sink.commit(), skipped: counts.skipped)
    }

    /// False for devices and sockets, and for names that are whiteouts in a layer.
    private static func isKept(_ entry: TarEntry, _ place: EntryPath) -> Bool {
        if entry.kind == .device || entry.kind == .other { return false }
        return !place.components.contains { $0.starts(with: Array(".wh.".utf8)) }
    }

    private static func copy(
        _ entry: TarEntry,
        _ reader: borrowing TarReader,
        to tar: TarWriter
    ) throws(ImageError) {
        try tar.begin(entry)
        guard entry.kind == .file else { return }
        var end = 0
        try reader.content { piece, offset throws(ImageError) in
            try fill(from: end, to: offset, tar)
            try tar.write(piece)
            end = offset + piece.count
        }
        try fill(from: end, to: entry.size, tar)
    }

    private static func fill(from start: Int, to end: Int, _ tar: TarWriter) throws(ImageError) {
        var left = end - start
        while left > 0 {
            let count = min(left, zeros.count)
            try tar.write(count == zeros.count ? zeros : Array(zeros.prefix(count)))
            left -= count
        }
    }
}
