// SPDX-License-Identifier: Apache-2.0
// Takes the PROXY protocol's header from the beginning of a connection. GatewayChannel puts one first into the
// connections of trusted proxies; ProxyHeaderState decides.

import Contracts
import Logging
import NIOCore

/// Nothing passes before the header; a connection without a proper one is closed.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// From the accepted connection to the end of the header.
    ///
    /// A proxy sends it at once, before anything of its client.
    static let headerTime = TimeAmount.seconds(5)

    private enum Phase { case waiting, passed, refused }

    private let connection: Connection
    private let logger: Logger
    private var state = ProxyHeaderState()
    private var takenBytes = 0
    private var phase = Phase.waiting
    private var timer: Scheduled<Void>?

    init(_ connection: Connection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.headerTime) { [self] in
            refuse("no header came in time", context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        switch phase {
        case .waiting: break
        case .passed: return context.fireChannelRead(data)
        case .refused: return
        }
        switch state.received(bytes.readableBytesView) {
        case .more: takenBytes += bytes.readableBytes
        case .malformed: refuse("what it sent first is no header of the PROXY protocol", context)
        case .complete(let ends, let count):
            phase = .passed
            timer?.cancel()
            if let ends { connection.setEnds(ends) }
            bytes.moveReaderIndex(forwardBy: count - takenBytes)
            if bytes.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(bytes)) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    private func refuse(_ reason: String, _ context: ChannelHandlerContext) {
        guard phase == .waiting else { return }
        phase = .refused
        timer?.cancel()
        logger.debug(
            "a trusted proxy's connection is closed",
            metadata: ["peer": "\(connection.peer.remoteAddress)", "reason": "\(reason)"]
        )
        context.close(mode: .all, promise: nil)
    }
}

@available(*, unavailable)
extension ProxyProtocolHandler: Sendable {}
