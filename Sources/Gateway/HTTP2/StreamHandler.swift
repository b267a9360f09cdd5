// SPDX-License-Identifier: Apache-2.0
// Between one HTTP/2 stream and the request's task: checks the head, watches the body's time, ends the stream.
// HTTP2Streams puts one into every stream; the event loop drives it.

import HTTPTypes
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

/// One stream's request, as ``ConnectionHandler`` hands on those of HTTP/1.
final class StreamHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Fields of HTTP/1 connections, which HTTP/2 forbids (RFC 9113, section 8.2.2).
    private static let connectionFields: Set<HTTPField.Name> = Set(
        [
            .connection, .transferEncoding, .upgrade, HTTPField.Name("Keep-Alive"),
            HTTPField.Name("Proxy-Connection"),
        ].compactMap { $0 }
    )

    private let connection: Connection
    private var state: StreamState
    private var watch: ReadWatch
    private var readTimer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?
    /// The last part waits for the client's window.
    private var isSending = false

    init(_ connection: Connection, _ limits: RequestParser.Limits, _ times: ReadWatch.Limits) {
        self.connection = connection
        state = StreamState(limits)
        watch = ReadWatch(times)
    }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): handOn(state.received(head: head), context)
        case .body(let bytes):
            handOn(state.readCompleted(), context)
            handOn(state.received(body: bytes), context)
        case .end: handOn(state.receivedEnd(), context)
        }
        watch.received(.body, at: .now())
        watchTime(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        handOn(state.readCompleted(), context)
        watchTime(context)
        context.fireChannelReadComplete()
    }

    private func handOn(_ reading: StreamState.Reading, _ context: ChannelHandlerContext) {
        switch reading {
        case .nothing: break
        case .head(let head):
            watch.bodyBegins(isUpload: ConnectionHandler.isOwnStream(head))
            context.fireChannelRead(Self.wrapInboundOut(.head(head)))
        case .whole(let head):
            context.fireChannelRead(Self.wrapInboundOut(.head(head)))
            context.fireChannelRead(Self.wrapInboundOut(.end(nil)))
        case .body(let bytes): context.fireChannelRead(Self.wrapInboundOut(.body(bytes)))
        case .end: context.fireChannelRead(Self.wrapInboundOut(.end(nil)))
        case .refused(let refusal):
            connection.refuse(refusal)
            let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: nil)
            context.fireChannelRead(Self.wrapInboundOut(.head(head)))
            context.fireChannelRead(Self.wrapInboundOut(.end(nil)))
        }
    }

    func read(context: ChannelHandlerContext) {
        if state.awaitsBody { watch.asks(at: .now()) }
        context.read()
    }

    private func watchTime(_ context: ChannelHandlerContext) {
        guard readTimer == nil, case .wait(let deadline) = verdict() else { return }
        readTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            readTimer = nil
            guard verdict() == .stalled else { return watchTime(context) }
            connection.failBody(.stalled)
            context.fireErrorCaught(RequestRefusal.stalled)
            context.fireChannelReadComplete()
        }
    }

    private func verdict() -> ReadWatch.Verdict {
        watch.verdict(state.awaitsBody ? .body : .idle, at: .now())
    }

    // MARK: The answer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(var response):
            response.pseudoHeaderFields.status.indexingStrategy = .avoid
            response.headerFields = Self.unindexed(response.headerFields)
            context.write(Self.wrapOutboundOut(.head(response)), promise: promise)
        case .body(let bytes): context.write(Self.wrapOutboundOut(.body(bytes)), promise: promise)
        case .end where connection.isAborting:
            // Its trailers would make an incomplete answer look complete.
            send(.body(ByteBuffer()), reset: .internalError, context, promise)
        case .end(let trailers):
            let part = HTTPResponsePart.end(trailers.map(Self.unindexed))
            send(part, reset: state.answerEnded() ? .noError : nil, context, promise)
        }
    }

    /// The fields that HTTP/2 permits, none of which enters the compression table.
    ///
    /// The client decides how large that table is, and each field is looked for in the whole of it.
    private static func unindexed(_ fields: HTTPFields) -> HTTPFields {
        HTTPFields(
            fields.lazy.filter { !connectionFields.contains($0.name) }.map { field in
                var field = field
                field.indexingStrategy = .avoid
                return field
            }
        )
    }

    /// Sends the last part, and resets the stream when the client's window has let it out: a reset drops what waits.
    private func send(
        _ part: HTTPResponsePart,
        reset code: NIOHTTP2.HTTP2ErrorCode?,
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        let sent = promise ?? context.eventLoop.makePromise()
        isSending = true
        sent.futureResult.assumeIsolated().whenComplete { [self] _ in
            isSending = false
            stallTimer?.cancel()
            stallTimer = nil
            if let code { reset(code, context) }
        }
        context.write(Self.wrapOutboundOut(part), promise: sent)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        // A client whose window stays closed would hold the stream for ever.
        if isSending { startStallTimer(context) }
    }

    private func reset(_ code: NIOHTTP2.HTTP2ErrorCode, _ context: ChannelHandlerContext) {
        context.triggerUserOutboundEvent(NIOHTTP2FramePayloadToHTTPEvent.reset(code: code), promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable {
            startStallTimer(context)
        } else if !isSending {
            stallTimer?.cancel()
            stallTimer = nil
        }
        context.fireChannelWritabilityChanged()
    }

    private func startStallTimer(_ context: ChannelHandlerContext) {
        guard stallTimer == nil else { return }
        let time = ConnectionHandler.stalledWriteTime
        stallTimer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            context.close(mode: .all, promise: nil)
        }
    }

    // MARK: The end

    /// A stream has no half to close: the last part of its answer ends our side.
    ///
    /// A close before that is an error, so that no client takes the answer for whole.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // What is being sent ends the stream itself, in bounded time.
        guard mode != .output, !isSending else {
            promise?.succeed()
            return
        }
        if !state.isAnswered { reset(.internalError, context) }
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        if state.closed() { connection.lose() }
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelTimers() }

    private func cancelTimers() {
        readTimer?.cancel()
        stallTimer?.cancel()
        (readTimer, stallTimer) = (nil, nil)
    }
}

@available(*, unavailable)
extension StreamHandler: Sendable {}
