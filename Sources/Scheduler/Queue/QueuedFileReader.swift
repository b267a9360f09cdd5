// SPDX-License-Identifier: Apache-2.0
// Reads a body or an output of the queue in pieces. QueuedBody and Gateway drive it.

package import FunctionStore
import Glibc
package import NIOCore

/// A file of the queue, from its beginning to its end.
package struct QueuedFileReader: ~Copyable {
    private static let pieceBytes = 64 << 10

    private let descriptor: Int32
    private var offset = 0
    private let sizeBytes: Int

    /// Opens the file; blocks for a moment.
    ///
    /// - Throws: ``RequestBodyFailure/malformed`` when it is gone: less must not pass for the whole.
    package init(_ file: QueueFile) throws(RequestBodyFailure) {
        descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
        sizeBytes = file.sizeBytes
        guard descriptor >= 0 else { throw .malformed }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next piece; nil at the end.
    ///
    /// Blocks for the disk.
    ///
    /// - Throws: ``RequestBodyFailure/malformed`` when the file is shorter than it was.
    package mutating func next() throws(RequestBodyFailure) -> ByteBuffer? {
        guard offset < sizeBytes else { return nil }
        let wanted = min(Self.pieceBytes, sizeBytes - offset)
        var piece = ByteBuffer()
        let (descriptor, offset) = (descriptor, offset)
        let count = piece.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { room in
            max(0, pread(descriptor, room.baseAddress, wanted, off_t(offset)))
        }
        guard count > 0 else { throw .malformed }
        self.offset += count
        return piece
    }
}
