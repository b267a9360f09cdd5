// SPDX-License-Identifier: Apache-2.0
// An archive as a response body: a thread of its own writes it into a pipe, so that a slow client delays no other
// work.

import Dispatch
import Glibc
import Hummingbird
import ImageStore

/// Sends archives without a copy on the disk.
enum ArchiveStream {
    /// Read at once: several tar blocks, and little for each client.
    private static let pieceBytes = 256 << 10

    /// Writes the archive as a body; omits the body's end after a failure, so that no client takes it for complete.
    @concurrent static func send(_ archive: ImageArchive, to writer: inout any ResponseBodyWriter)
        async throws
    {
        let (readEnd, writeEnd) = try ImageArchive.pipe()
        let writing = Task { await write(archive, to: writeEnd) }
        do {
            let reading = DispatchQueue(label: "mayfly.gateway.archive.read")
            while let piece = try await read(readEnd, on: reading) { try await writer.write(piece) }
        } catch {
            // The writing thread sees its reader go.
            close(readEnd)
            _ = await writing.value
            throw error
        }
        close(readEnd)
        try await writing.value.get()
        try await writer.finish(nil)
    }

    private static func write(_ archive: ImageArchive, to descriptor: Int32) async -> Result<Void, ImageError>
    {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "mayfly.gateway.archive.write").async {
                let result = Result { () throws(ImageError) in try archive.write(to: descriptor) }
                close(descriptor)
                continuation.resume(returning: result)
            }
        }
    }

    /// The next piece; nil at the end.
    private static func read(_ descriptor: Int32, on queue: DispatchQueue) async throws -> ByteBuffer? {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                var buffer = ByteBuffer()
                var count = 0
                repeat {
                    count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: pieceBytes) { space in
                        max(0, Glibc.read(descriptor, space.baseAddress, space.count))
                    }
                } while count < 0 && errno == EINTR
                continuation.resume(returning: count > 0 ? buffer : nil)
            }
        }
    }
}
