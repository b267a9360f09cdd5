// SPDX-License-Identifier: Apache-2.0
// The output of an attached container that its caller has not read yet: decisions without IO. OutputQueue
// drives it.

package import NIOCore

/// A piece of an attached container's output.
package enum AttachedOutput: Hashable, Sendable {
    case output(ByteBuffer)
    case errors(ByteBuffer)

    var sizeBytes: Int {
        switch self {
        case .output(let bytes), .errors(let bytes): bytes.readableBytes
        }
    }
}

/// The queue between a container and its caller.
struct OutputQueueState {
    /// Bytes held while the caller does not read: at this limit the container blocks, as with a pipe.
    static let bytesMax = 256 * 1024

    private var pieces: [AttachedOutput] = []
    private var sizeBytes = 0
    private var isEnded = false
    private var isClosed = false

    /// Whether the container has to wait.
    var isFull: Bool { sizeBytes >= Self.bytesMax }

    enum Taken: Hashable {
        case piece(AttachedOutput)
        /// Nothing yet.
        case wait
        case end
    }

    /// The container wrote; dropped when there is no reader any more.
    mutating func add(_ piece: AttachedOutput) {
        guard !isClosed, piece.sizeBytes > 0 else { return }
        pieces.append(piece)
        sizeBytes += piece.sizeBytes
    }

    /// The container has ended: nothing will be added.
    mutating func end() { isEnded = true }

    /// The caller is gone: output is dropped.
    mutating func close() {
        isClosed = true
        pieces = []
        sizeBytes = 0
    }

    /// The oldest piece, in the order in which they came.
    mutating func take() -> Taken {
        guard !pieces.isEmpty else { return isEnded || isClosed ? .end : .wait }
        let piece = pieces.removeFirst()
        sizeBytes -= piece.sizeBytes
        return .piece(piece)
    }
}
