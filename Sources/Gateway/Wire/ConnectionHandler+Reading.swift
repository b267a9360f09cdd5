// SPDX-License-Identifier: Apache-2.0
// The reading side of a connection: bytes to requests, their time limits, and the end of the client's side.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

extension ConnectionHandler {
    /// From the end of the client's side to the first look whether it is still there.
    ///
    /// Most answers are done by then, and nothing but the answer is sent.
    private static let firstProbe = TimeAmount.seconds(1)
    /// The longest time between two such checks: a function continues for that long without a client.
    private static let longestProbe = TimeAmount.seconds(30)

    /// Paths of containers, builds and followed logs: their answers may be quiet without a bound, where a function
    /// has its timeout; their uploads may be slow to begin.
    private static let ownStreams = ["/v1/", "/system/"]

    static func isOwnStream(_ request: HTTPRequest) -> Bool {
        ownStreams.contains { request.path?.hasPrefix($0) == true }
    }

    func read(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            var bytes = bytes
            unread.writeBuffer(&bytes)
        }
        while parsed(context) {}
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        guard parser.phase != .idle else { return }
        watch.received(parser.phase, at: .now())
        watchTime(context)
    }

    /// Hands one event on; false when there is none.
    private func parsed(_ context: ChannelHandlerContext) -> Bool {
        switch parser.next(&unread) {
        case .head(let head):
            isInBody = true
            connection.setIdle(false)
            connection.setVersion(isHTTP10: head.isHTTP10)
            let isOwn = Self.isOwnStream(head.request)
            state.requestHead(
                isHTTP10: head.isHTTP10,
                keepsAlive: head.keepsAlive,
                endsWithInput: isOwn
            )
            watch.bodyBegins(isUpload: isOwn)
            var request = head.request
            if connection.isSecure { request.scheme = "https" }
            context.fireChannelRead(Self.wrapInboundOut(.head(request)))
        case .body(let piece): context.fireChannelRead(Self.wrapInboundOut(.body(piece)))
        case .end:
            isInBody = false
            context.fireChannelRead(Self.wrapInboundOut(.end(nil)))
        case .refused(let refusal):
            refuse(refusal, context)
            return false
        case .more: return false
        }
        return true
    }

    /// Ends the current request with an error, or makes one whose answer is the refusal, behind all others.
    private func refuse(_ refusal: RequestRefusal, _ context: ChannelHandlerContext) {
        parser.fail()
        unread = ByteBuffer()
        state.readingFailed()
        if isInBody {
            isInBody = false
            if state.readsServedRequest { connection.failBody(refusal) }
            context.fireErrorCaught(refusal)
            if refusal == .brokenOff, state.lost() { connection.lose() }
            return
        }
        connection.refuse(refusal)
        state.requestHead(isHTTP10: false, keepsAlive: false)
        let fields: HTTPFields = [.connection: "close"]
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: nil, headerFields: fields)
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
        context.fireChannelRead(Self.wrapInboundOut(.end(nil)))
    }

    // MARK: Time

    func asks(_ context: ChannelHandlerContext) {
        guard parser.phase == .body else { return }
        watch.asks(at: .now())
    }

    private func watchTime(_ context: ChannelHandlerContext) {
        guard readTimer == nil, case .wait(let deadline) = watch.verdict(parser.phase, at: .now()) else {
            return
        }
        readTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            readTimer = nil
            guard watch.verdict(parser.phase, at: .now()) == .stalled else { return watchTime(context) }
            refuse(.stalled, context)
            context.fireChannelReadComplete()
        }
    }

    // MARK: The client's end

    /// The client sends no more; it may still wait for its answer (RFC 9112, section 9.6), or be gone.
    func inputClosed(_ context: ChannelHandlerContext) {
        switch parser.phase {
        case .head, .body: refuse(.brokenOff, context)
        case .tunnel:
            // Only this direction has ended.
            parser.fail()
            isInBody = false
            context.fireChannelRead(Self.wrapInboundOut(.end(nil)))
            context.fireChannelReadComplete()
        case .idle, .ended:
            if state.answerEndsWithInput {
                if state.lost() { connection.lose() }
            } else if state.awaitsAnswer {
                probe(context, after: Self.firstProbe)
            }
        }
    }

    /// A client that has closed both sides answers whatever is sent with a reset, and so becomes known as gone; one
    /// that waits takes an informational head for what it is (RFC 9110, section 15.2).
    private func probe(_ context: ChannelHandlerContext, after delay: TimeAmount) {
        probeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            guard state.awaitsAnswer else { return }
            if state.answerEndsWithInput, state.lost() { return connection.lose() }
            if state.takesInformation {
                let head = HTTPResponseHead(version: .http1_1, status: .continue)
                context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
            }
            probe(context, after: min(delay * 2, Self.longestProbe))
        }
    }
}
