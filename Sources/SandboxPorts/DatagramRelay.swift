// SPDX-License-Identifier: Apache-2.0
// Carries datagrams between a port of the host and one of a sandbox. PortForwarder makes one for each UDP port.

import FunctionModel
import Glibc
import NIOCore
import NIOPosix

/// The host's side; it and all of its flows are on one event loop.
final class DatagramRelay: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private struct Flow {
        var channel: (any Channel)?
        var held: [ByteBuffer] = []
    }

    /// A whole datagram, whatever its size: NIO's own buffers cut it off at 2 KiB.
    static var allocator: any RecvByteBufferAllocator { FixedSizeRecvByteBufferAllocator(capacity: 1 << 16) }

    private let port: UInt16
    private let dial: PortForwarder.Dial
    private let budget: FlowBudget
    private var state = FlowState<SocketAddress>()
    private var flows: [SocketAddress: Flow] = [:]
    private var isWatching = false
    private var context: ChannelHandlerContext?

    /// - Parameters:
    ///   - port: inside.
    ///   - budget: of the container, which has other ports.
    ///   - dial: makes a socket that is connected to it.
    init(port: UInt16, budget: FlowBudget, dial: @escaping PortForwarder.Dial) {
        self.port = port
        self.budget = budget
        self.dial = dial
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let datagram = unwrapInboundIn(data)
        let sender = datagram.remoteAddress
        switch state.arrived(from: sender, at: Self.now) {
        case .open(let number):
            // The container has as many flows as it may: the datagram is lost.
            guard budget.take() else { return _ = state.ended(sender, number) }
            flows[sender] = Flow(held: [datagram.data])
            open(sender, number, context.eventLoop)
            watch(context.eventLoop)
        case .hold: flows[sender]?.held.append(datagram.data)
        case .pass: send(datagram.data, to: flows[sender]?.channel)
        case .drop: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        for flow in flows.values { flow.channel?.close(promise: nil) }
        budget.free(flows.count)
        (flows, state) = ([:], FlowState())
        context.fireChannelInactive()
    }

    /// The port stays: an error is about one datagram, such as a sender that cannot be reached.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}

    private func send(_ bytes: ByteBuffer, to channel: (any Channel)?) {
        // A full socket loses datagrams.
        guard let channel, channel.isWritable, let peer = channel.remoteAddress else { return }
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: peer, data: bytes), promise: nil)
    }

    private func open(_ sender: SocketAddress, _ number: UInt64, _ eventLoop: any EventLoop) {
        let made = eventLoop.makePromise(of: CInt.self)
        made.completeWithTask { [dial, port] in try await dial(port, .udp) }
        let relay = NIOLoopBound(self, eventLoop: eventLoop)
        made.futureResult.flatMap { raw in
            DatagramBootstrap(group: eventLoop)
                .channelOption(ChannelOptions.recvAllocator, value: Self.allocator)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            DatagramAnswer(relay.value, sender, number)
                        )
                    }
                }
                .withBoundSocket(raw)
        }
        .whenComplete { result in relay.value.opened(sender, number, try? result.get()) }
    }

    private func opened(_ sender: SocketAddress, _ number: UInt64, _ channel: (any Channel)?) {
        guard let channel, context?.channel.isActive == true, state.opened(sender, number) else {
            channel?.close(promise: nil)
            ended(sender, number)
            return
        }
        let held = flows[sender]?.held ?? []
        flows[sender] = Flow(channel: channel)
        for bytes in held { send(bytes, to: channel) }
    }

    /// From inside.
    func answered(_ sender: SocketAddress, _ number: UInt64, _ bytes: ByteBuffer) {
        state.answered(sender, number, at: Self.now)
        guard let context, context.channel.isWritable else { return }
        context.writeAndFlush(
            wrapOutboundOut(AddressedEnvelope(remoteAddress: sender, data: bytes)),
            promise: nil
        )
    }

    /// The flow's connection is closed.
    func ended(_ sender: SocketAddress, _ number: UInt64) {
        guard state.ended(sender, number) else { return }
        flows[sender] = nil
        budget.free(1)
    }

    /// Looks for idle flows while there are any.
    private func watch(_ eventLoop: any EventLoop) {
        guard !isWatching else { return }
        isWatching = true
        let relay = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: .nanoseconds(FlowState<SocketAddress>.idleNanoseconds / 2)) {
            relay.value.look(eventLoop)
        }
    }

    private func look(_ eventLoop: any EventLoop) {
        isWatching = false
        for sender in state.passed(to: Self.now) {
            flows.removeValue(forKey: sender)?.channel?.close(promise: nil)
            budget.free(1)
        }
        if !state.isEmpty { watch(eventLoop) }
    }

    private static var now: Int64 { Int64(NIODeadline.now().uptimeNanoseconds) }
}

/// The sandbox's side of one flow.
private final class DatagramAnswer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let relay: DatagramRelay
    private let sender: SocketAddress
    private let number: UInt64

    init(_ relay: DatagramRelay, _ sender: SocketAddress, _ number: UInt64) {
        self.relay = relay
        self.sender = sender
        self.number = number
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        relay.answered(sender, number, unwrapInboundIn(data).data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        relay.ended(sender, number)
        context.fireChannelInactive()
    }

    /// Nothing listens inside: the flow ends, and the sender's next datagram begins another one.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
