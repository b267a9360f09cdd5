// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 with a server inside a sandbox, over a connection that its slot has made. Scheduler drives it.

package import HTTPTypes
package import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import NIOPosix
package import Sandbox
import Synchronization

/// One connection; it carries one exchange at a time.
///
/// Order: ``send(_:body:isWhole:)``, then perhaps ``write(_:)`` and ``finish()``, at the same time ``next()`` until
/// `end` or `failure`. Where ``isReusable`` then holds, again. One reader, one writer. Closed with the last
/// reference.
package final class ServerConnection: Sendable {
    private struct Storage {
        var state = AnswerState()
        var reader: CheckedContinuation<AnswerPart, Never>?
        var channel: (any Channel)?
        var hasSwitched = false
    }

    private let storage = Mutex(Storage())

    private init() {}

    deinit { storage.withLock { $0.channel }?.close(promise: nil) }

    /// Takes over a connected socket.
    ///
    /// - Parameters:
    ///   - descriptor: connected, not blocking; closed with the connection.
    ///   - mayTunnel: whether the server may change to another protocol with its first answer.
    /// - Returns: the connection.
    /// - Throws: ``ExchangeFailure/broken(_:)`` when the kernel refuses it.
    package static func adopt(
        _ descriptor: consuming OwnedDescriptor,
        mayTunnel: Bool = false
    ) async throws(ExchangeFailure) -> ServerConnection {
        let connection = ServerConnection()
        let raw = descriptor.take()
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .channelInitializer { [weak connection] channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if mayTunnel { try pipeline.addHandler(TunnelSwitch(connection)) }
                        try pipeline.addHTTPClientHandlers(enableOutboundHeaderValidation: false)
                        try pipeline.addHandler(ServerConnectionHandler(connection))
                    }
                }
                .withConnectedSocket(raw).get()
            connection.storage.withLock { $0.channel = channel }
            return connection
        } catch {
            throw .broken("\(error)")
        }
    }

    /// Whether another request may be sent.
    package var isReusable: Bool { storage.withLock { $0.state.isReusable } }

    /// Whether the bytes of another protocol come past the decoder: a 101 on any other connection is none.
    package var hasSwitched: Bool { storage.withLock { $0.hasSwitched } }

    /// Reads between two exchanges.
    ///
    /// After bytes that nothing asked for, and after the connection's end, it is not reusable. Does not block.
    package func watch() { storage.withLock { $0.channel }?.read() }

    // MARK: Request

    /// Sends the head of a request, and the body as far as it is here.
    ///
    /// Does not block; a failure shows in the answer.
    ///
    /// - Parameters:
    ///   - request: with Content-Length or `Transfer-Encoding: chunked` when a body follows.
    ///   - body: its beginning, or all of it.
    ///   - isWhole: whether nothing follows.
    package func send(_ request: HTTPRequest, body: ByteBuffer?, isWhole: Bool) {
        let channel = storage.withLock { storage in
            storage.state.requested()
            if isWhole { storage.state.requestEnded() }
            return storage.channel
        }
        guard let channel else { return }
        do {
            channel.write(HTTPClientRequestPart.head(try HTTPRequestHead(request)), promise: nil)
        } catch {
            storage.withLock { $0.state.fail(.broken("\(error)")) }
            return
        }
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
        if isWhole { channel.write(HTTPClientRequestPart.end(nil), promise: nil) }
        channel.flush()
    }

    /// Sends a piece of the body, or of the protocol behind a 101, suspending while the server does not read.
    ///
    /// - Returns: false when the server reads no more.
    package func write(_ bytes: ByteBuffer) async -> Bool {
        guard let channel = storage.withLock({ $0.channel }) else { return false }
        do {
            try await channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(bytes)))
            return true
        } catch {
            // The answer has the reason, if there is one: servers may answer without reading.
            return false
        }
    }

    /// Ends the body; behind a 101, this direction of the connection.
    package func finish() {
        let (channel, isTunnel) = storage.withLock { storage in
            storage.state.requestEnded()
            return (storage.channel, storage.state.isTunnel)
        }
        if isTunnel {
            channel?.close(mode: .output, promise: nil)
        } else {
            channel?.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        }
    }

    // MARK: Answer

    /// The next part that is here already; nil when none is.
    package func nextIfPresent() -> AnswerPart? { storage.withLock { $0.state.take() } }

    /// The next part of the answer; the connection is read only during a call.
    package func next() async -> AnswerPart {
        await withCheckedContinuation { continuation in
            let (part, channel) = storage.withLock { storage -> (AnswerPart?, (any Channel)?) in
                if let part = storage.state.take() { return (part, nil) }
                guard let channel = storage.channel else { return (.failure(.closedBeforeHead), nil) }
                storage.reader = continuation
                return (nil, channel)
            }
            if let part { continuation.resume(returning: part) } else { channel?.read() }
        }
    }

    /// Closes the connection at once; what is not read is lost.
    package func close() { storage.withLock { $0.channel }?.close(promise: nil) }

    // MARK: Events

    func switched() { storage.withLock { $0.hasSwitched = true } }

    func change(_ event: (inout AnswerState) -> Void) { storage.withLock { event(&$0.state) } }

    /// Gives the reader what it waits for.
    ///
    /// - Returns: whether it still waits.
    func wakeReader() -> Bool {
        let (reader, part) = storage.withLock {
            storage -> (CheckedContinuation<AnswerPart, Never>?, AnswerPart?) in
            guard storage.reader != nil else { return (nil, nil) }
            guard let part = storage.state.take() else { return (storage.reader, nil) }
            defer { storage.reader = nil }
            return (storage.reader, part)
        }
        if let reader, let part { reader.resume(returning: part) }
        return reader != nil && part == nil
    }
}
