// SPDX-License-Identifier: Apache-2.0
// TLS between the socket and everything else of a connection. The edge puts one first into the pipeline of every
// encrypted connection; TLSState decides, TLSSession encrypts.

import NIOCore
import NIOTLS

/// One connection's TLS, server side.
///
/// Fires ``NIOTLS/TLSUserEvent`` when the handshake is complete, `ChannelEvent.inputClosed` once when the client ends
/// its side, and ``TLSFailure`` as the error of a connection that it closes.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// From the accepted connection to the end of the handshake.
    ///
    /// Two round trips and a lost packet on a slow link take a few seconds; a client that says nothing holds a
    /// connection no longer.
    static let handshakeTime = TimeAmount.seconds(10)
    /// Plaintext that may be written and not flushed, or written during the handshake.
    ///
    /// A server answers requests, which come after the handshake, and every piece of an answer is flushed.
    static let heldBytesMax = 4 << 20
    /// Alerts and key updates that wait for a client which sends but does not read.
    static let unreadAnswerBytesMax = 64 << 10
    /// Plaintext that is handed on at once.
    ///
    /// More would be collected from one read only if the client sent more, and is then handed on in several pieces.
    private static let pieceBytesMax = 64 << 10

    private var session: TLSSession?
    private var state = TLSState(
        heldBytesMax: heldBytesMax,
        unreadAnswerBytesMax: unreadAnswerBytesMax
    )
    private var held = MarkedCircularBuffer<(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)>(
        initialCapacity: 4
    )
    private var handshakeTimer: Scheduled<Void>?

    init(_ session: TLSSession) { self.session = session }

    func handlerAdded(context: ChannelHandlerContext) {
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.handshakeTime) { [self] in
            if state.handshakeTimeExpired() { end(.slowHandshake, context) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { release(TLSFailure.closed) }

    // MARK: The client's side

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session else { return }
        switch state.received() {
        case .handshake:
            session.feed(Self.unwrapInboundIn(data))
            handshake(session, context)
        case .plaintext:
            session.feed(Self.unwrapInboundIn(data))
            decrypt(session, context)
        case .drop: break
        }
    }

    private func handshake(_ session: TLSSession, _ context: ChannelHandlerContext) {
        let step = session.handshake()
        sendAnswers(session, context)
        switch step {
        case .wantsInput: return
        case .end: fail(.brokenHandshake, context)
        case .failed(let reason): fail(.handshake(reason: reason), context)
        case .done:
            guard state.handshakeCompleted() else { return }
            handshakeTimer?.cancel()
            handshakeTimer = nil
            // The authority has seen what it asked for; no other protocol follows (RFC 8737, section 3).
            if session.isChallenge { return close(context: context, mode: .all, promise: nil) }
            let name = session.applicationProtocol
            context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: name))
            encrypt(context)
            // The client's first request may have come with its last message.
            decrypt(session, context)
        }
    }

    private func decrypt(_ session: TLSSession, _ context: ChannelHandlerContext) {
        var plaintext = ByteBuffer()
        var step = TLSSession.Step.wantsInput
        // What is handed on may make the application close: the state then drops the rest.
        while state.received() == .plaintext, session.hasInput {
            step = session.read(into: &plaintext)
            guard step == .done else { break }
            if plaintext.readableBytes >= Self.pieceBytesMax { handOn(&plaintext, context) }
        }
        handOn(&plaintext, context)
        sendAnswers(session, context)
        switch step {
        case .done, .wantsInput: break
        case .end: inputEnded(context)
        case .failed(let reason): fail(.record(reason: reason), context)
        }
    }

    private func handOn(_ plaintext: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard plaintext.readableBytes > 0 else { return }
        context.fireChannelRead(Self.wrapInboundOut(plaintext))
        plaintext = ByteBuffer()
    }

    /// Sends what the protocol itself has to say: handshake messages, alerts, key updates.
    private func sendAnswers(_ session: TLSSession, _ context: ChannelHandlerContext) {
        guard let bytes = session.takeOutput() else { return }
        let isWithinBound = state.answered(bytes.readableBytes, isTaken: context.channel.isWritable)
        context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
        if !isWithinBound { fail(.unreadAnswers, context) }
    }

    private func inputEnded(_ context: ChannelHandlerContext) {
        switch state.inputEnded() {
        case .report: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .fail: end(.brokenHandshake, context)
        case .none: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { return inputEnded(context) }
        // No request can have been received: nothing is lost.
        if event is ChannelShouldQuiesceEvent, state.isHandshaking { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if state.lost() { context.fireErrorCaught(TLSFailure.brokenHandshake) }
        release(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    // MARK: Our side

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = Self.unwrapOutboundIn(data)
        switch state.written(bytes.readableBytes) {
        case .hold: held.append((bytes, promise))
        case .closed: promise?.fail(ChannelError.outputClosed)
        case .tooMuch:
            promise?.fail(TLSFailure.heldBytes)
            fail(.heldBytes, context)
        }
    }

    func flush(context: ChannelHandlerContext) {
        held.mark()
        encrypt(context)
        context.flush()
    }

    /// Encrypts what was flushed, and sends it as one write; with close_notify behind it where our side ends.
    private func encrypt(_ context: ChannelHandlerContext, isEnd: Bool = false) {
        guard let session, state.canEncrypt, held.hasMark || isEnd else { return }
        var promises: [EventLoopPromise<Void>] = []
        while held.hasMark, let (bytes, promise) = held.popFirst() {
            state.released(bytes.readableBytes)
            if let promise { promises.append(promise) }
            if case .failed(let reason) = session.write(bytes) {
                let failure = TLSFailure.record(reason: reason)
                promises.forEach { $0.fail(failure) }
                return fail(failure, context)
            }
        }
        if isEnd { session.shutdown() }
        guard let output = session.takeOutput() else { return promises.forEach { $0.succeed() } }
        let last = promises.popLast()
        if let last { promises.forEach { last.futureResult.cascade(to: $0) } }
        context.writeAndFlush(Self.wrapOutboundOut(output), promise: last)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input: context.close(mode: .input, promise: promise)
        case .output:
            held.mark()
            encrypt(context, isEnd: true)
            switch state.outputClosed() {
            case .notified: context.close(mode: .output, promise: promise)
            case .closeAll: context.close(mode: .all, promise: promise)
            case .none: promise?.succeed()
            }
        case .all:
            if state.closed() { notify(context) }
            context.close(mode: .all, promise: promise)
        }
    }

    /// Sends close_notify.
    private func notify(_ context: ChannelHandlerContext) {
        guard let session else { return }
        session.shutdown()
        if let bytes = session.takeOutput() {
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
        }
    }

    // MARK: The end

    private func fail(_ failure: TLSFailure, _ context: ChannelHandlerContext) {
        guard state.failed() == .report else { return }
        end(failure, context)
    }

    /// Closes a connection that has failed; the alert, if OpenSSL wrote one, goes first.
    private func end(_ failure: TLSFailure, _ context: ChannelHandlerContext) {
        if let bytes = session?.takeOutput() {
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
        }
        context.fireErrorCaught(failure)
        context.close(mode: .all, promise: nil)
    }

    /// Frees everything; again is harmless.
    private func release(_ error: any Error) {
        handshakeTimer?.cancel()
        handshakeTimer = nil
        while let (bytes, promise) = held.popFirst() {
            state.released(bytes.readableBytes)
            promise?.fail(error)
        }
        session = nil
    }
}

@available(*, unavailable)
extension TLSHandler: Sendable {}
