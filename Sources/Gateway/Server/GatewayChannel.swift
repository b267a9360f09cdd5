// SPDX-License-Identifier: Apache-2.0
// Sets up one accepted connection and runs its requests. Hummingbird's server drives one for each listener.

import Contracts
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

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

/// Hummingbird's loop of requests behind ``ConnectionHandler``, which parses them, and a responder behind that.
///
/// Requests reach the responder here, before Hummingbird's Application would make a logger, a request id and a date
/// for each: the function path pays only for what it uses.
struct GatewayChannel<Responder: ConnectionResponder>: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let connection: Connection
        var channel: any Channel { http.channel }
    }

    let responder: Responder
    private let limits: GatewayLimits
    private let tls: TLSEdge?
    /// Whose connections begin with a header of the PROXY protocol; nil for none.
    private let proxies: TrustedProxies?
    private let turns: [ObjectIdentifier: StreamTurns]

    /// Makes the set-up of a server's connections, with turns for each loop that will run them.
    init(
        responder: Responder,
        limits: GatewayLimits,
        tls: TLSEdge?,
        proxies: TrustedProxies?,
        loops: any EventLoopGroup
    ) {
        self.responder = responder
        self.limits = limits
        self.tls = tls
        self.proxies = proxies
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
            let pipeline = channel.pipeline.syncOperations
            if let proxies, proxies.trusts(connection.peer.remoteAddress) {
                try pipeline.addHandler(ProxyProtocolHandler(connection, logger: logger))
            }
            try tls?.addHandlers(to: channel)
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(ConnectionHandler(connection, limits.parser, limits.times))
            try pipeline.addHandler(
                HTTPConnectionStateHandler(idleTimeout: limits.idleTimeout, logger: logger)
            )
            let http = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
            return Value(http: http, connection: connection)
        }
    }

    /// Serves requests one after the other until the connection ends.
    ///
    /// The task of its own is what a lost client cancels; it costs one allocation per connection, none per request.
    func handle(value: Value, logger: Logger) async {
        let responder = responder
        let connection = value.connection
        let http1 = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, writer, on: connection, channel)
            }
        )
        let executor = LoopExecutor(value.channel.eventLoop)
        let task = Task(executorPreference: executor) {
            await http1.handleHTTP(asyncChannel: value.http, logger: logger)
        }
        connection.setTask(task)
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        connection.setTask(nil)
    }
}
