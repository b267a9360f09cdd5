// SPDX-License-Identifier: Apache-2.0
// Joins two connections of one event loop: what one sends, the other is sent, at the pace of the slower one.

import NIOCore

/// One side; PortForwarder makes two for each connection, and joins them once both are there.
final class StreamRelay: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var state = RelayState()
    private var context: ChannelHandlerContext?
    /// Until this side is closed: it and the other one hold each other.
    private var other: StreamRelay?
    /// What was read before the other side was there; nil from then on.
    ///
    /// NIO reads all there is when the end of the input arrives, also without autoRead.
    private var early: EarlyInput? = EarlyInput()
    /// Its connection was closed.
    private(set) var isGone = false
    /// A read waits until the other side takes more.
    private var isReadHeld = false

    /// Joins two sides whose connections are open, on their event loop; what each has read is delivered.
    static func join(_ first: StreamRelay, _ second: StreamRelay) {
        (first.other, second.other) = (second, first)
        let ended = [first, second].filter { $0.deliverEarly() }
        // After the bytes of both: an end may close both connections.
        for side in ended { side.inputEnded() }
    }

    /// - Returns: whether its input has ended.
    private func deliverEarly() -> Bool {
        guard let early else { return false }
        self.early = nil
        if early.bytes.readableBytes > 0 {
            other?.write(early.bytes)
            other?.context?.flush()
        }
        return early.isEnded
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        other = nil
        early = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard early != nil else { return other?.write(bytes) ?? () }
        if early?.read(bytes) == false { context.close(promise: nil) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { other?.context?.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { other?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if let other, other.context?.channel.isWritable == false {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        if early != nil { early?.isEnded = true } else { inputEnded() }
    }

    private func inputEnded() {
        // First the other side: this one may be closed by the next line.
        other?.perform { $0.otherEnded() }
        perform { $0.inputEnded() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isGone = true
        other?.perform { $0.otherGone() }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, for example: the other side ends as if it had ended there.
        context.close(promise: nil)
    }

    private func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        state.writing()
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] result in
            let isComplete = if case .success = result { true } else { false }
            self?.perform { $0.written(isComplete: isComplete) }
        }
        context.write(wrapOutboundOut(bytes), promise: promise)
    }

    private func resumeReading() {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    private func perform(_ event: (inout RelayState) -> RelayState.Action) {
        switch event(&state) {
        case .none: break
        case .closeOutput: context?.close(mode: .output, promise: nil)
        case .close: context?.close(promise: nil)
        }
    }
}
