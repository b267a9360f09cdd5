// SPDX-License-Identifier: Apache-2.0
// Sets up one accepted connection and runs its requests. Hummingbird's server drives it.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1 channel with ``ConnectionHandler`` in it, and ``Edge`` behind it.
///
/// Requests reach Edge here, before Hummingbird's Application would make a logger, a request id and a date
/// for each: the function path pays only for what it uses.
struct GatewayChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        let connection: Connection
        var channel: any Channel { http.channel }
    }

    let edge: Edge
    let configuration: HTTP1Channel.Configuration
    private let turns: [ObjectIdentifier: StreamTurns]

    /// Makes the set-up of a server's connections, with turns for each loop that will run them.
    init(edge: Edge, configuration: HTTP1Channel.Configuration, loops: any EventLoopGroup) {
        self.edge = edge
        self.configuration = configuration
        turns = Dictionary(
            uniqueKeysWithValues: loops.makeIterator().map { (ObjectIdentifier($0), StreamTurns($0)) }
        )
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let http1 = HTTP1Channel(responder: { _, _, _ in }, configuration: configuration)
        return http1.setup(channel: channel, logger: logger).flatMapThrowing { http in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let connection = Connection(
                remote: channel.remoteAddress,
                local: channel.localAddress,
                turns: turns[ObjectIdentifier(channel.eventLoop)] ?? StreamTurns(channel.eventLoop)
            )
            try pipeline.addHandler(ConnectionHandler(connection), position: .after(decoder))
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
            },
            configuration: configuration
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
