// SPDX-License-Identifier: Apache-2.0
// The end of the pipeline of one connection to a LocalServer, which makes one for each.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Hands requests to the service, one after the other.
///
/// The connection is read at all times but while a body waits for its reader, so that its end is seen.
final class LocalServerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: LocalServer
    /// Weak: the service keeps the server, which keeps the connection.
    private weak var service: (any LocalService)?
    /// The request that is not answered, or whose body is not whole.
    private var exchange: LocalExchange?
    private var isWhole = false
    private var isPaused = false
    private var hadRequest = false
    private var isClosing = false
    /// Nothing more is read: what comes would not be decoded.
    private var isBroken = false

    init(_ server: LocalServer, _ service: any LocalService) {
        self.server = server
        self.service = service
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes):
            guard let exchange, !isWhole else { return }
            if service?.received(bytes, exchange) == false { isPaused = true }
        case .end(let trailers):
            guard let exchange, !isWhole else { return }
            isWhole = true
            exchange.ended(trailers.map { HTTPFields($0, splitCookie: false) })
            service?.ended(exchange)
            doneIfAnswered()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isPaused, !isBroken { context.read() }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        breakOff()
        server.closed(context.channel, hadRequest: hadRequest)
        context.fireChannelInactive()
    }

    /// What comes is not HTTP, or too long.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing else { return }
        breakOff()
        refuse(context)
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext,
        event: Any,
        promise: EventLoopPromise<Void>?
    ) {
        guard let event = event as? AnswerEvent else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        hadRequest = true
        if event.isRefusal {
            isClosing = true
            server.strike()
        }
        doneIfAnswered()
        promise?.succeed()
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        // A second request before the answer to the first: no runtime does that. Nor does any change the protocol, which
        // would end the decoder's work, with the connection still open.
        guard exchange == nil, head.method != .CONNECT, !head.headers.contains(name: "Upgrade"),
            let request = try? HTTPRequest(head, secure: false, splitCookie: false)
        else {
            breakOff()
            return refuse(context)
        }
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        let exchange = LocalExchange(server.nextNumber(), request, channel) {
            loopBound.value.isPaused = false
            channel.read()
        }
        self.exchange = exchange
        isWhole = false
        service?.requested(exchange)
    }

    private func doneIfAnswered() {
        guard let exchange, isWhole, exchange.isAnswered else { return }
        self.exchange = nil
    }

    /// The request under way will not be whole, or not be answered.
    private func breakOff() {
        guard let exchange else { return }
        self.exchange = nil
        if !exchange.isAnswered || !isWhole { service?.closed(exchange) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isClosing = true
        isBroken = true
        server.strike()
        hadRequest = true
        let head = HTTPResponseHead(
            version: .http1_1,
            status: .badRequest,
            headers: ["Content-Length": "0", "Connection": "close"]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
