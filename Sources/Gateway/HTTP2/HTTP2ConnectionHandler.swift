// SPDX-License-Identifier: Apache-2.0
// Ends HTTP/2 connections: those whose client is gone or breaks the protocol, and others when IdleConnections or the
// gateway's end asks for it.
// HTTP2Streams puts one behind the library's handler; the event loop drives it.

import NIOCore
import NIOHTTP2

/// One connection's end.
final class HTTP2ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// How long the last frames may take to reach the client.
    private static let endTime = TimeAmount.seconds(5)

    private let connection: Connection
    private var state = HTTP2ConnectionState()
    private var context: ChannelHandlerContext?
    private var endTimer: Scheduled<Void>?

    init(_ connection: Connection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connection.setIdle(true)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        endTimer?.cancel()
        self.context = nil
    }

    func streamOpened() { act(state.streamOpened()) }
    func streamClosed() { act(state.streamClosed()) }

    /// The library has sent an error of the connection: what the client sends is not looked at any more.
    func failed() {
        guard let context else { return }
        // After the frame itself has been flushed.
        context.eventLoop.assumeIsolated().execute { context.close(mode: .all, promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that ends its side can neither acknowledge anything nor widen a window: it is gone.
        if let event = event as? ChannelEvent, event == .inputClosed {
            context.close(mode: .all, promise: nil)
        } else if event is ChannelShouldQuiesceEvent {
            act(state.stops())
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func act(_ action: HTTP2ConnectionState.Action) {
        guard let context else { return }
        switch action {
        case .none: break
        case .isIdle: connection.setIdle(true)
        case .isBusy: connection.setIdle(false)
        case .goAway: context.writeAndFlush(Self.wrapOutboundOut(Self.goAway), promise: nil)
        case .end:
            endTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.endTime) {
                context.close(mode: .all, promise: nil)
            }
            let sent = context.eventLoop.makePromise(of: Void.self)
            sent.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .all, promise: nil) }
            context.writeAndFlush(Self.wrapOutboundOut(Self.goAway), promise: sent)
        }
    }

    /// Streams that are under way to us are still served.
    private static let goAway = HTTP2Frame(
        streamID: .rootStream,
        payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil)
    )
}

@available(*, unavailable)
extension HTTP2ConnectionHandler: Sendable {}

/// Passes on what the library reports of a connection, on its event loop.
final class HTTP2ConnectionReports: NIOHTTP2StreamDelegate, NIOHTTP2FrameDelegate {
    private let handler: NIOLoopBound<HTTP2ConnectionHandler>

    init(_ handler: NIOLoopBound<HTTP2ConnectionHandler>) { self.handler = handler }

    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { handler.value.streamOpened() }
    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) { handler.value.streamClosed() }

    func wroteFrame(_ frame: HTTP2Frame) {
        if case .goAway(_, let code, _) = frame.payload, code != .noError { handler.value.failed() }
    }
}
