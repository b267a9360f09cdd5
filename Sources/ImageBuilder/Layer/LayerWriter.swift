// SPDX-License-Identifier: Apache-2.0
// Writes entries to a tar in the blob store. The steps of a build use it; every call blocks on the disk.

import OCI
import ImageStore

/// Writes one layer.
struct LayerWriter {
    /// Bytes read at a time: few system calls, and little memory for many concurrent builds.
    private static let pieceSize = 256 << 10

    let blobs: BlobStore
    let isCancelled: @Sendable () -> Bool

    /// Holds the blob for the tar writer's callback.
    private final class Sink {
        private var writer: BlobWriter?

        init(_ writer: consuming BlobWriter) { self.writer = consume writer }

        func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) { try writer?.write(bytes) }

        func commit() throws(ImageError) -> Descriptor? {
            guard let writer = writer.take() else { return nil }
            let size = writer.written
            return Descriptor(mediaType: MediaType.layer, digest: try writer.commit(), size: size)
        }
    }

    /// Writes the entries in their order and stores the tar, uncompressed: its digest is its diff id.
    func write(_ entries: [LayerEntry]) throws(StepFailure) -> Descriptor {
        let sink: Sink
        let tar: TarWriter
        do throws(ImageError) {
            sink = Sink(try blobs.beginWrite())
            tar = try TarWriter(name: "layer") { bytes throws(ImageError) in try sink.write(bytes) }
        } catch {
            throw .image(error)
        }
        for entry in entries { try write(entry, to: tar) }
        do throws(ImageError) {
            try tar.finish()
            guard let descriptor = try sink.commit() else { throw .cancelled }
            return descriptor
        } catch {
            throw .image(error)
        }
    }

    private func write(_ entry: LayerEntry, to tar: TarWriter) throws(StepFailure) {
        do throws(ImageError) { try tar.begin(entry.header) } catch { throw .image(error) }
        guard case .file(let size) = entry.kind else { return }
        switch entry.content {
        case .none: break
        case .bytes(let bytes): try Self.put(bytes, to: tar)
        case .file(let tree, let path):
            let file = try tree.open(path)
            try stream(path, size: size, to: tar) { _, count throws(StepFailure) in
                do throws(ImageError) { return try file.read(upTo: count, of: path) } catch {
                    throw .image(error)
                }
            }
        case .spool(let spool, let offset):
            try stream(entry.path, size: size, to: tar) { position, count throws(StepFailure) in
                try spool.read(at: offset + position, upTo: count)
            }
        }
    }

    /// Writes exactly `size` bytes: a file whose size has changed meanwhile would damage the tar.
    private func stream(
        _ path: String,
        size: Int,
        to tar: TarWriter,
        read: (_ position: Int, _ count: Int) throws(StepFailure) -> [UInt8]
    ) throws(StepFailure) {
        var position = 0
        while position < size {
            if isCancelled() { throw .cancelled }
            let bytes = try read(position, min(Self.pieceSize, size - position))
            guard !bytes.isEmpty else {
                throw .unsupportedFile(path: path, reason: "it changed while it was read")
            }
            try Self.put(bytes, to: tar)
            position += bytes.count
        }
    }

    private static func put(_ bytes: [UInt8], to tar: TarWriter) throws(StepFailure) {
        var failure: ImageError?
        bytes.withUnsafeBytes { buffer in
            do throws(ImageError) { try tar.write(buffer) } catch { failure = error }
        }
        if let failure { throw .image(failure) }
    }
}
