// SPDX-License-Identifier: Apache-2.0
// Between the bytes of a connection and Hummingbird's loop: parses requests, frames answers, and detects when the
// client is gone. GatewayChannel puts one into every connection; the event loop drives it.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// One connection's HTTP/1.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take to read its answer after we have closed our side.
    ///
    /// Closing at once while it still sends would reset the connection and destroy the answer in flight.
    static let lingerTime = TimeAmount.seconds(2)
    /// How long a client may leave 64 KiB of answer unread before it counts as gone.
    static let stalledWriteTime = TimeAmount.seconds(60)

    let connection: Connection
    var state = WireState()
    var parser: RequestParser
    var watch: ReadWatch
    /// What the parser has not taken yet.
    var unread = ByteBuffer()
    var isInBody = false
    var readTimer: Scheduled<Void>?
    var probeTimer: Scheduled<Void>?
    private var closeTimer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?

    init(_ connection: Connection, _ limits: RequestParser.Limits, _ times: ReadWatch.Limits) {
        self.connection = connection
        parser = RequestParser(limits)
        watch = ReadWatch(times)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        read(Self.unwrapInboundIn(data), context)
    }

    func read(context: ChannelHandlerContext) {
        asks(context)
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(let response):
            context.write(Self.wrapOutboundOut(.head(outgoing(response))), promise: promise)
        case .body(let bytes):
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end(let trailers):
            let closes = state.responseEnd()
            if !state.awaitsAnswer { connection.setIdle(true) }
            if let trailers, connection.isAborting {
                abort(trailers, context, promise)
            } else {
                let trailers = trailers.map { HTTPHeaders($0.map { ($0.name.rawName, $0.value) }) }
                context.write(Self.wrapOutboundOut(.end(trailers)), promise: promise)
            }
            guard closes || connection.isAborting else { return }
            // TLS sends the answer and its own end together.
            if !connection.isSecure { context.flush() }
            startLingering(context)
            context.close(mode: .output, promise: nil)
        }
    }

    private func outgoing(_ response: HTTPResponse) -> HTTPResponseHead {
        let fields = response.headerFields
        var head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(
                statusCode: response.status.code,
                reasonPhrase: response.status.reasonPhrase
            ),
            headers: HTTPHeaders(fields.map { ($0.name.rawName, $0.value) })
        )
        if response.status == .switchingProtocols {
            // The last answer of this connection: what follows is not HTTP.
            _ = state.responseHead(asksToClose: true, hasLength: true)
            return head
        }
        guard response.status.code >= 200 else { return head }
        let form = state.responseHead(
            asksToClose: fields[.connection] == "close",
            hasLength: fields[.contentLength] != nil,
            isEventStream: fields[.contentType]?.lowercased().hasPrefix("text/event-stream") == true
        )
        if form.isHTTP10 { head.version = .http1_0 }
        if let value = form.connection { head.headers.replaceOrAdd(name: "connection", value: value) }
        return head
    }

    /// Trailers without the empty line that would end them: the client sees why its answer is not whole, and that
    /// it is not (RFC 9112, section 8).
    private func abort(
        _ trailers: HTTPFields,
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        var text = "0\r\n"
        for field in trailers { text += "\(field.name.rawName): \(field.value)\r\n" }
        do {
            let encoder = try context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            let bytes = context.channel.allocator.buffer(string: text)
            encoder.writeAndFlush(NIOAny(IOData.byteBuffer(bytes)), promise: promise)
        } catch {
            promise?.fail(error)
        }
    }

    /// Our side ends, here or by Hummingbird's loop: the client's must follow in time.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { startLingering(context) }
        context.close(mode: mode, promise: promise)
    }

    private func startLingering(_ context: ChannelHandlerContext) {
        guard closeTimer == nil else { return }
        closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingerTime) {
            context.close(mode: .all, promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stallTimer?.cancel()
            stallTimer = nil
        } else if stallTimer == nil {
            stallTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.stalledWriteTime) {
                context.close(mode: .all, promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { inputClosed(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        if state.lost() { connection.lose() }
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelTimers() }

    private func cancelTimers() {
        for timer in [closeTimer, stallTimer, readTimer, probeTimer] { timer?.cancel() }
        (closeTimer, stallTimer, readTimer, probeTimer) = (nil, nil, nil, nil)
    }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
