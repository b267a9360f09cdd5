// SPDX-License-Identifier: Apache-2.0
// Sits between NIO's HTTP/1 codec and Hummingbird: what HTTPTypes cannot express passes here.
// GatewayChannel puts one into every connection; the event loop drives it.

import NIOCore
import NIOHTTP1

/// Protocol version, orderly close, loss of the client and stalled writes of one connection.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take to read its answer after we have closed our side.
    ///
    /// Closing at once while it still sends would reset the connection and destroy the answer on its way.
    static let lingerTime = TimeAmount.seconds(2)
    /// How long a client may leave 64 KiB of answer unread before it counts as gone.
    static let stalledWriteTime = TimeAmount.seconds(60)

    private let connection: Connection
    private var state = WireState()
    private var closeTimer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?

    init(_ connection: Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = Self.unwrapInboundIn(data) else {
            context.fireChannelRead(data)
            return
        }
        let isHTTP10 = head.version.major == 1 && head.version.minor == 0
        connection.setVersion(isHTTP10: isHTTP10)
        if state.requestHead(isHTTP10: isHTTP10, keepsAlive: head.isKeepAlive) {
            head.headers.replaceOrAdd(name: "connection", value: "close")
        }
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            let asksToClose = head.headers.first(name: "connection") == "close"
            let form = state.responseHead(
                asksToClose: asksToClose,
                hasLength: head.headers.contains(name: "content-length")
            )
            if form.isHTTP10 { head.version = .http1_0 }
            if form.isHeaderOverflow { head.status = .requestHeaderFieldsTooLarge }
            if let value = form.connection { head.headers.replaceOrAdd(name: "connection", value: value) }
            context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            guard state.responseEnd() else {
                context.write(data, promise: promise)
                return
            }
            context.writeAndFlush(data, promise: promise)
            startLingering(context)
            context.close(mode: .output, promise: nil)
        case .head, .body:
            context.write(data, promise: promise)
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
        if let event = event as? ChannelEvent, event == .inputClosed, state.inputClosed() {
            connection.lose()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        if state.inputClosed() { connection.lose() }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError, error == .headerOverflow { state.headerOverflowed() }
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelTimers() }

    private func cancelTimers() {
        closeTimer?.cancel()
        stallTimer?.cancel()
        closeTimer = nil
        stallTimer = nil
    }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
