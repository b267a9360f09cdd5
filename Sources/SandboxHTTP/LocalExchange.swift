// SPDX-License-Identifier: Apache-2.0
// One request to a LocalServer, and its answer.

package import HTTPTypes
package import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Synchronization

/// One request of a sandbox's program.
package final class LocalExchange: Sendable {
    /// Distinguishes it from all others of its server.
    package let number: Int
    package let request: HTTPRequest
    /// The fields behind a body in chunks; known at its end.
    package var trailers: HTTPFields? { storage.withLock { $0.trailers } }

    private struct Storage {
        var trailers: HTTPFields?
        var isAnswered = false
    }

    private let channel: any Channel
    private let storage = Mutex(Storage())
    /// Resumes the reading of its body, on the event loop.
    private let onResume: @Sendable () -> Void

    init(
        _ number: Int,
        _ request: HTTPRequest,
        _ channel: any Channel,
        onResume: @escaping @Sendable () -> Void
    ) {
        self.number = number
        self.request = request
        self.channel = channel
        self.onResume = onResume
    }

    /// Answers; the second answer is dropped.
    ///
    /// Does not block.
    ///
    /// - Parameters:
    ///   - status: of HTTP.
    ///   - fields: without Content-Length, which is added.
    ///   - body: all of it.
    ///   - isRefusal: the connection ends with this answer, and the request counts as a wrong one.
    package func answer(
        _ status: Int,
        _ fields: HTTPFields = [:],
        body: ByteBuffer = ByteBuffer(),
        isRefusal: Bool = false
    ) {
        guard takeTurn() else { return }
        // First: the next request may come as soon as the answer is written.
        channel.triggerUserOutboundEvent(AnswerEvent(isRefusal: isRefusal), promise: nil)
        var headers = HTTPHeaders()
        for field in fields { headers.add(name: field.name.rawName, value: field.value) }
        headers.add(name: "Content-Length", value: String(body.readableBytes))
        if isRefusal { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: status),
            headers: headers
        )
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if body.readableBytes > 0 {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil)
        }
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: written)
        if isRefusal { written.futureResult.whenComplete { [channel] _ in channel.close(promise: nil) } }
    }

    /// Reads on after ``LocalService/received(_:_:)`` returned false.
    package func resume() { channel.eventLoop.execute(onResume) }

    /// Whether it has been answered.
    var isAnswered: Bool { storage.withLock { $0.isAnswered } }

    func ended(_ trailers: HTTPFields?) { storage.withLock { $0.trailers = trailers } }

    private func takeTurn() -> Bool {
        storage.withLock { storage in
            defer { storage.isAnswered = true }
            return !storage.isAnswered
        }
    }
}

/// Tells the handler of a connection that its request was answered.
struct AnswerEvent: Sendable {
    var isRefusal: Bool
}
