// SPDX-License-Identifier: Apache-2.0
// The first handler of a connection whose server may change to another protocol: takes the bytes behind a 101 past the
// decoder. ServerConnection makes one for each such connection.

import NIOCore

/// Hands another protocol's bytes to the connection.
final class TunnelSwitch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private weak var connection: ServerConnection?
    private var scan = TunnelScan()

    init(_ connection: ServerConnection?) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let parts = scan.received(Self.unwrapInboundIn(data))
        if scan.isTunnel { connection?.switched() }
        pass(parts, context)
    }

    private func pass(_ parts: TunnelScan.Parts, _ context: ChannelHandlerContext) {
        if let http = parts.http { context.fireChannelRead(Self.wrapInboundOut(http)) }
        if let bytes = parts.tunnel { connection?.change { $0.received(bytes) } }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.fireChannelReadComplete() }

    func channelInactive(context: ChannelHandlerContext) {
        pass(scan.ended(), context)
        guard scan.isTunnel else { return context.fireChannelInactive() }
        // The decoder would take the end for one in the middle of an answer.
        connection?.change { $0.closed() }
        _ = connection?.wakeReader()
    }
}

@available(*, unavailable)
extension TunnelSwitch: Sendable {}
