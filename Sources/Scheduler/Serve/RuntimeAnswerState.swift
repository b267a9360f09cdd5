// SPDX-License-Identifier: Apache-2.0
// What a runtime has answered to its invocation and was not read yet, as a pure value. LambdaRuntime drives it.

import Contracts
import NIOCore

/// The answer to one invocation.
struct RuntimeAnswerState: Sendable {
    /// Body of a streamed answer that is held for a slow reader; the size of the response buffer.
    static let bufferedBytesMax = 64 << 10

    /// How an answer begins.
    enum Beginning: Sendable {
        /// All of it.
        case whole(ByteBuffer)
        /// The function reports an error instead.
        case failed(RuntimeFailure)
        /// A body follows, of this type where it names one.
        case stream(contentType: String?)
        case broken(ResponseFault)
    }

    /// How a streamed body goes on.
    enum Part: Sendable {
        case bytes(ByteBuffer)
        case end
        case failed(RuntimeFailure)
        case broken(ResponseFault)
    }

    private var beginning: Beginning?
    private var body = ByteBuffer()
    private var ending: Part?
    private var isBegun = false

    /// Whether more of a body should be read.
    var wantsMore: Bool { body.readableBytes < Self.bufferedBytesMax }

    /// The answer begins; the first beginning counts.
    mutating func begins(_ beginning: Beginning) {
        guard !isBegun else { return }
        isBegun = true
        self.beginning = beginning
    }

    /// A piece of a streamed body came.
    mutating func received(_ bytes: ByteBuffer) {
        guard ending == nil else { return }
        var bytes = bytes
        body.writeBuffer(&bytes)
    }

    /// A streamed body has ended.
    mutating func ends(_ part: Part) { if ending == nil { ending = part } }

    /// No answer will come, or not the rest of it.
    mutating func breaks(_ fault: ResponseFault) {
        begins(.broken(fault))
        ends(.broken(fault))
    }

    /// How the answer begins, once.
    mutating func takeBeginning() -> Beginning? {
        defer { beginning = nil }
        return beginning
    }

    /// The next part of a streamed body; nil when the reader must wait.
    mutating func takePart() -> Part? {
        guard body.readableBytes > 0 else { return ending }
        defer { body = ByteBuffer() }
        return .bytes(body)
    }
}
