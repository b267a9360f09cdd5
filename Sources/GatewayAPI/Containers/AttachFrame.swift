// SPDX-License-Identifier: Apache-2.0
// The answer of an attached container on the wire: pieces with a kind, one after the other. ContainersAPI writes them,
// faasctl reads them.

package import NIOCore

/// One piece: a byte for its kind, four for its length in network order, then its bytes.
package enum AttachFrame: Hashable, Sendable {
    /// The first: JSON with the container's `id`.
    case started(ByteBuffer)
    case output(ByteBuffer)
    case errors(ByteBuffer)
    /// The last: JSON with `exit_code` and perhaps `reason`.
    case ended(ByteBuffer)

    /// The answer's media type.
    package static let mediaType = "application/vnd.mayfly.attach"
    /// A longer piece comes from no gateway of this version.
    package static let sizeBytesMax = 16 << 20
    private static let headBytes = 5

    private var parts: (kind: UInt8, bytes: ByteBuffer) {
        switch self {
        case .started(let bytes): (0, bytes)
        case .output(let bytes): (1, bytes)
        case .errors(let bytes): (2, bytes)
        case .ended(let bytes): (3, bytes)
        }
    }

    /// The bytes on the wire.
    package func encoded() -> ByteBuffer {
        let (kind, bytes) = parts
        var buffer = ByteBuffer()
        buffer.reserveCapacity(Self.headBytes + bytes.readableBytes)
        buffer.writeInteger(kind)
        buffer.writeInteger(UInt32(bytes.readableBytes))
        buffer.writeImmutableBuffer(bytes)
        return buffer
    }

    /// Takes one frame from the front of a buffer.
    ///
    /// - Returns: nil when it is not whole yet.
    /// - Throws: ``AttachFrameError`` for what no gateway of this version sends.
    package static func take(from buffer: inout ByteBuffer) throws(AttachFrameError) -> AttachFrame? {
        let start = buffer.readerIndex
        guard let kind = buffer.getInteger(at: start, as: UInt8.self),
            let size = buffer.getInteger(at: start + 1, as: UInt32.self)
        else { return nil }
        guard kind <= 3, size <= sizeBytesMax else { throw AttachFrameError() }
        guard let bytes = buffer.getSlice(at: start + headBytes, length: Int(size)) else { return nil }
        buffer.moveReaderIndex(forwardBy: headBytes + Int(size))
        switch kind {
        case 0: return .started(bytes)
        case 1: return .output(bytes)
        case 2: return .errors(bytes)
        default: return .ended(bytes)
        }
    }
}

/// The bytes are no frames.
package struct AttachFrameError: Error, Hashable, Sendable {}
