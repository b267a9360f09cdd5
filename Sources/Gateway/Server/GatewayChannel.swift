// SPDX-License-Identifier: Apache-2.0
// Sets up one accepted connection and runs its requests. Hummingbird's server drives it.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import TLS

/// Hummingbird's loop of requests behind ``ConnectionHandler``, which parses them, and ``Edge`` behind that.
///
/// Requests reach Edge here, before Hummingbird's Application would make a logger, a request id and a date
/// for each: the function path pays only for what it uses.
struct GatewayChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let connection: Connection
        var channel: any Channel { http.channel }
    }

    let edge: Edge
    private let limits: GatewayLimits
    private let tls: TLSServer?
    private let turns: [ObjectIdentifier: StreamTurns]

    /// Makes the set-up of a server's connections, with turns for each loop that will run them.
    init(edge: Edge, limits: GatewayLimits, tls: TLSServer?, loops: any EventLoopGroup) {
        self.edge = edge
        self.limits = limits
        self.tls = tls
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
            if let tls { try pipeline.addHandler(tls.makeHandler()) }
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
        let edge = edge
        let connection = value.connection
        let http1 = HTTP1Channel(
            responder: { request, writer, channel in
                try await edge.respond(to: request, writer, on: connection, channel)
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
