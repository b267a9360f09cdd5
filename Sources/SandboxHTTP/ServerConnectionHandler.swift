// SPDX-License-Identifier: Apache-2.0
// The end of the pipeline of one connection to a server inside a sandbox. ServerConnection makes one for each.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Hands what the decoder reads to the connection.
final class ServerConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// Weak: the connection keeps its channel, and the channel this handler.
    private weak var connection: ServerConnection?

    init(_ connection: ServerConnection?) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        connection?.change { state in
            switch part {
            case .head(let head):
                do {
                    state.received(try HTTPResponse(head), isKept: head.isKeepAlive)
                } catch {
                    state.fail(.malformed("its head holds what HTTP does not allow"))
                }
            case .body(let bytes): state.received(bytes)
            case .end(let trailers):
                state.receivedEnd(trailers.map { HTTPFields($0, splitCookie: false) })
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if connection?.wakeReader() == true { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection?.change { $0.closed() }
        _ = connection?.wakeReader()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure: ExchangeFailure
        switch error {
        case HTTPParserError.invalidEOFState: failure = .closedInside
        case let error as HTTPParserError: failure = .malformed("\(error)")
        default: failure = .broken("\(error)")
        }
        connection?.change { state in
            // An early end has its own words, also where the decoder finds it.
            if failure == .closedInside { state.closed() } else { state.fail(failure) }
        }
        _ = connection?.wakeReader()
        context.close(promise: nil)
    }
}
