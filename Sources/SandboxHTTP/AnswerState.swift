// SPDX-License-Identifier: Apache-2.0
// What has come of a server's answers and was not read yet, as a pure value. ServerConnectionHandler feeds it.

package import HTTPTypes
package import NIOCore

/// The next part of an answer, in the order head, body, end.
package enum AnswerPart: Hashable, Sendable {
    case head(HTTPResponse)
    case body(ByteBuffer)
    /// The whole answer was read; with its trailer fields.
    case end(HTTPFields?)
    case failure(ExchangeFailure)
}

/// Why there is no whole answer.
package enum ExchangeFailure: Error, Hashable, Sendable {
    /// The connection was closed before a head came.
    case closedBeforeHead
    /// The connection was closed inside the answer.
    case closedInside
    /// It is not HTTP/1.x, or breaks its rules; the text says which.
    case malformed(String)
    /// It wrote more than was asked for: bytes behind the answer.
    case unasked
    /// The peer reports that it failed inside the answer.
    case failedInside
    /// The connection could not be made or was reset; the text names the error.
    case broken(String)
}

/// One connection's answers, one after the other.
struct AnswerState: Sendable {
    private enum Phase: Hashable {
        /// No request is under way.
        case idle
        case waitingForHead
        case inBody
        /// Behind a 101: the body is another protocol's bytes, up to the end of the connection.
        case inTunnel
        /// The end is there, perhaps not yet read.
        case ended
    }

    private var phase = Phase.idle
    private var head: HTTPResponse?
    private var body = ByteBuffer()
    private var end: HTTPFields?
    private var failure: ExchangeFailure?
    /// Whether the server keeps the connection after this answer.
    private var isKept = false
    private var isClosed = false
    /// Whether the request was sent to its end.
    private var isSent = false

    /// Whether another request may be sent.
    var isReusable: Bool { phase == .idle && isKept && isSent && !isClosed && failure == nil }

    /// Whether the bytes in both directions are another protocol's.
    var isTunnel: Bool { phase == .inTunnel }

    /// A request leaves.
    mutating func requested() {
        phase = .waitingForHead
        isKept = false
        isSent = false
        // No event follows the end of a connection: the reader would wait without a bound.
        if isClosed { fail(.closedBeforeHead) }
    }

    /// The end of the request leaves.
    mutating func requestEnded() { isSent = true }

    /// The head of the answer came.
    ///
    /// - Parameters:
    ///   - head: final, not 1xx, or 101.
    ///   - isKept: whether the server keeps the connection.
    mutating func received(_ head: HTTPResponse, isKept: Bool) {
        guard phase == .waitingForHead else { return fail(.unasked) }
        let isTunnel = head.status == .switchingProtocols
        phase = isTunnel ? .inTunnel : .inBody
        self.head = head
        self.isKept = isKept && !isTunnel
    }

    /// A piece of the body came.
    mutating func received(_ bytes: ByteBuffer) {
        guard phase == .inBody || phase == .inTunnel else { return fail(.unasked) }
        var bytes = bytes
        if body.readableBytes == 0 { body = bytes } else { body.writeBuffer(&bytes) }
    }

    /// The answer is whole.
    mutating func receivedEnd(_ trailers: HTTPFields?) {
        // The decoder's end of a 101, which has no body for it.
        if phase == .inTunnel { return }
        guard phase == .inBody else { return fail(.unasked) }
        phase = .ended
        end = trailers
    }

    /// What comes cannot be read; the first failure counts.
    mutating func fail(_ failure: ExchangeFailure) {
        if self.failure == nil { self.failure = failure }
    }

    /// The connection is gone.
    mutating func closed() {
        isClosed = true
        switch phase {
        case .waitingForHead: fail(.closedBeforeHead)
        case .inBody: fail(.closedInside)
        case .inTunnel: phase = .ended
        case .idle, .ended: break
        }
    }

    /// The next part; nil when the reader must wait.
    ///
    /// What came before a failure is read first.
    mutating func take() -> AnswerPart? {
        if let head {
            self.head = nil
            return .head(head)
        }
        if body.readableBytes > 0 {
            defer { body = ByteBuffer() }
            return .body(body)
        }
        if phase == .ended {
            phase = .idle
            defer { end = nil }
            return .end(end)
        }
        return failure.map { .failure($0) }
    }
}
