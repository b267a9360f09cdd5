// SPDX-License-Identifier: Apache-2.0
// Sets up one accepted connection and runs its requests. Hummingbird's server drives one for each listener.

import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOTLS
import TLS

/// Answers the requests of a listener's connections.
protocol ConnectionResponder: Sendable {
    /// Answers one request.
    ///
    /// - Throws: when the connection has to be closed without a further byte.
    @concurrent func respond(
        to request: Request,
        _ writer: consuming ResponseWriter,
        on connection: Connection,
        _ channel: any Channel
    ) async throws
}

/// Hummingbird's loop of requests behind ``ConnectionHandler`` or ``StreamHandler``, and a responder behind that.
///
/// Requests reach the responder here, before Hummingbird's Application would make a logger, a request id and a date
/// for each: the function path pays only for what it uses.
struct GatewayChannel<Responder: ConnectionResponder>: ServerChildChannel {
    typealias Chosen = NIONegotiatedHTTPVersion<
        ExchangeHandover, NIOHTTP2Handler.AsyncStreamMultiplexer<Void>
    >

    struct Value: ServerChildChannelValue {
        /// Of an encrypted connection, known once the handshake is done.
        enum Exchanges {
            case one(ExchangeHandover)
            case chosen(EventLoopFuture<Chosen>)
        }

        let exchanges: Exchanges
        let channel: any Channel
    }

    let responder: Responder
    private let limits: GatewayLimits
    private let tls: TLSEdge?
    /// Whose connections begin with a header of the PROXY protocol; nil for none.
    private let proxies: TrustedProxies?
    private let idle: IdleConnections
    private let turns: [ObjectIdentifier: StreamTurns]
    private let streams: HTTP2Streams

    /// Makes the set-up of a server's connections, with turns for each loop that will run them.
    init(
        responder: Responder,
        limits: GatewayLimits,
        tls: TLSEdge?,
        proxies: TrustedProxies?,
        idle: IdleConnections,
        loops: any EventLoopGroup
    ) {
        self.responder = responder
        self.limits = limits
        self.tls = tls
        self.proxies = proxies
        self.idle = idle
        streams = HTTP2Streams(limits)
        turns = Dictionary(
            uniqueKeysWithValues: loops.makeIterator().map { (ObjectIdentifier($0), StreamTurns($0)) }
        )
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let connection = Connection(
                remote: channel.remoteAddress,
                local: channel.localAddress,
                turns: turns[ObjectIdentifier(channel.eventLoop)] ?? StreamTurns(channel.eventLoop),
                isSecure: tls != nil
            )
            idle.add(channel, connection)
            if let proxies, proxies.trusts(connection.peer.remoteAddress) {
                let handler = ProxyProtocolHandler(connection, logger: logger)
                try channel.pipeline.syncOperations.addHandler(handler)
            }
            guard let tls else {
                let exchange = try http1(channel, connection, logger)
                return Value(exchanges: .one(exchange), channel: channel)
            }
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Chosen> { result, channel in
                channel.eventLoop.makeCompletedFuture {
                    guard result == .negotiated(TLSServer.http2Name) else {
                        return .http1_1(try http1(channel, connection, logger))
                    }
                    return .http2(
                        try streams.configure(channel, connection) { exchange in
                            start(exchange, logger)
                        }
                    )
                }
            }
            try tls.addHandlers(to: channel, connection)
            try channel.pipeline.syncOperations.addHandler(negotiation)
            return Value(exchanges: .chosen(negotiation.protocolNegotiationResult), channel: channel)
        }
    }

    private func http1(_ channel: any Channel, _ connection: Connection, _ logger: Logger) throws
        -> ExchangeHandover
    {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ConnectionHandler(connection, limits.parser, limits.times))
        // Without a timer: IdleConnections has one for all.
        try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
        let parts = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: channel,
            configuration: .init(isOutboundHalfClosureEnabled: true)
        )
        return ExchangeHandover(HTTPExchange(parts: parts, connection: connection))
    }

    /// Serves the requests of a connection until it ends.
    func handle(value: Value, logger: Logger) async {
        switch value.exchanges {
        case .one(let exchange): await serve(exchange, logger)
        case .chosen(let chosen):
            do {
                let found = try await closing(value.channel) { try await chosen.get() }
                switch found {
                case .http1_1(let exchange): await serve(exchange, logger)
                case .http2(let multiplexer):
                    try await closing(value.channel) { for try await _ in multiplexer.inbound {} }
                }
            } catch {
                // The handshake failed, or the client broke the protocol: the connection ends.
                logger.trace("connection ended: \(error)")
            }
        }
    }

    /// Waits for what only the connection's end can cut short: a cancellation closes it.
    private func closing<Found>(_ channel: any Channel, _ wait: () async throws -> Found) async throws
        -> Found
    {
        try await withTaskCancellationHandler {
            try await wait()
        } onCancel: {
            channel.close(mode: .all, promise: nil)
        }
    }

    /// Serves the requests of a connection one after the other.
    private func serve(_ handover: ExchangeHandover, _ logger: Logger) async {
        guard let exchange = handover.take() else { return }
        let task = start(exchange, logger)
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Begins to serve the requests of a connection, or the one of a stream, until that ends.
    ///
    /// The task of its own is what a lost client cancels; it costs one allocation per connection or stream.
    @discardableResult private func start(_ exchange: HTTPExchange, _ logger: Logger) -> Task<Void, Never> {
        let responder = responder
        let connection = exchange.connection
        let http1 = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, writer, on: connection, channel)
            }
        )
        let executor = LoopExecutor(exchange.parts.channel.eventLoop)
        let task = Task(executorPreference: executor) {
            await http1.handleHTTP(asyncChannel: exchange.parts, logger: logger)
            connection.setTask(nil)
        }
        connection.setTask(task)
        return task
    }
}
