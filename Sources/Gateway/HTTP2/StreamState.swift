// SPDX-License-Identifier: Apache-2.0
// What one HTTP/2 stream has to remember between its frames. StreamHandler drives it.

import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// One request and its answer.
///
/// Pure: no channel, no clock.
struct StreamState: ~Copyable {
    /// What goes on to the request's task.
    enum Reading: Hashable {
        case nothing
        case head(HTTPRequest)
        case body(ByteBuffer)
        case end
        /// A request without a body.
        case whole(HTTPRequest)
        /// The head is refused: nothing of the request goes on.
        case refused(RequestRefusal)
    }

    private enum Phase {
        case waiting
        /// Whether there is a body is not known yet.
        case held(HTTPRequest)
        case body
        /// The head was refused; what still comes is dropped.
        case refused
        case ended
    }

    private let limits: RequestParser.Limits
    private var phase = Phase.waiting
    /// Whether the answer is complete.
    private(set) var isAnswered = false

    init(_ limits: RequestParser.Limits) { self.limits = limits }

    /// Whether more of the body is to come.
    var awaitsBody: Bool { if case .body = phase { true } else { false } }

    /// The head came.
    mutating func received(head: HTTPRequest) -> Reading {
        guard case .waiting = phase else { return .nothing }
        phase = .held(head)
        return .nothing
    }

    /// The bytes that came with the head are read: if the stream has not ended with it, there is a body.
    mutating func readCompleted() -> Reading {
        guard case .held(let head) = phase else { return .nothing }
        phase = .body
        return checked(head, hasBody: true)
    }

    /// A piece of the body came, behind ``readCompleted()``.
    mutating func received(body: ByteBuffer) -> Reading {
        guard case .body = phase else { return .nothing }
        return .body(body)
    }

    /// The client's side ended; trailers are not passed on.
    mutating func receivedEnd() -> Reading {
        switch phase {
        case .waiting, .ended: return .nothing
        case .refused:
            phase = .ended
            return .nothing
        case .held(let head):
            phase = .ended
            return checked(head, hasBody: false)
        case .body:
            phase = .ended
            return .end
        }
    }

    /// The answer is complete.
    ///
    /// - Returns: whether the client must be told to send no more (RFC 9113, section 8.1).
    mutating func answerEnded() -> Bool {
        isAnswered = true
        switch phase {
        case .body, .refused: return true
        case .waiting, .held, .ended: return false
        }
    }

    /// The stream is closed.
    ///
    /// - Returns: whether its answer was not complete.
    mutating func closed() -> Bool {
        defer { isAnswered = true }
        return !isAnswered
    }

    private mutating func checked(_ head: HTTPRequest, hasBody: Bool) -> Reading {
        do throws(RequestRefusal) {
            let head = try StreamHead.checked(head, hasBody: hasBody, limits)
            return hasBody ? .head(head) : .whole(head)
        } catch {
            if hasBody { phase = .refused }
            return .refused(error)
        }
    }
}
