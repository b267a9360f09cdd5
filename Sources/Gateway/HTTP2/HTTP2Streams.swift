// SPDX-License-Identifier: Apache-2.0
// Sets up HTTP/2 connections and their streams, within limits. GatewayChannel asks for it once ALPN has chosen h2.

import HummingbirdCore
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2
import Synchronization

/// The streams of all HTTP/2 connections of a listener.
final class HTTP2Streams: Sendable {
    /// Streams of one connection at once; a client keeps more requests back (RFC 9113, section 5.1.2).
    ///
    /// What browsers use, and the least that the RFC recommends.
    static let perConnectionMax = 100
    /// A head list beyond this, in relation to the limit of heads, ends the connection; up to it the answer is 431.
    private static let headListFactor = 2
    /// What HPACK counts for each field besides its bytes (RFC 7541, section 4.1).
    private static let fieldOverheadBytes = 32
    /// Pieces of an answer that wait for the client, in bytes, before the function waits.
    private static let unsentBytesMax = 64 << 10
    private let limits: GatewayLimits
    private let openCount = Atomic(0)

    init(_ limits: GatewayLimits) { self.limits = limits }

    /// A stream beyond the limit of all connections together; the library resets it (CANCEL).
    struct Refused: Error {}

    /// Adds HTTP/2 to the pipeline of a connection.
    ///
    /// - Parameters:
    ///   - channel: encrypted; the call is made on its event loop.
    ///   - connection: whose ends are those of its streams.
    ///   - serve: called on the event loop with each stream that the client opens; it returns at once.
    /// - Returns: the streams as they were opened, to be read to the end.
    /// - Throws: when the connection has been closed.
    func configure(
        _ channel: any Channel,
        _ connection: Connection,
        serve: @escaping @Sendable (HTTPExchange) -> Void
    ) throws -> NIOHTTP2Handler.AsyncStreamMultiplexer<Void> {
        let handler = HTTP2ConnectionHandler(connection)
        let reports = HTTP2ConnectionReports(NIOLoopBound(handler, eventLoop: channel.eventLoop))
        let multiplexer = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
            mode: .server,
            streamDelegate: reports,
            frameDelegate: reports,
            configuration: configuration
        ) { [self] stream in
            // Served from here: what an ended sequence drops would be an open stream.
            stream.eventLoop.makeCompletedFuture { serve(try open(stream, Connection(streamOf: connection))) }
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        return multiplexer
    }

    private var configuration: NIOHTTP2Handler.Configuration {
        let headBytes = limits.headerBytesMax + limits.targetBytesMax
        let listBytes = Self.headListFactor * headBytes + Self.fieldOverheadBytes * limits.headerCountMax
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.perConnectionMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: listBytes),
        ]
        configuration.stream.outboundBufferSizeHighWatermark = Self.unsentBytesMax
        configuration.stream.outboundBufferSizeLowWatermark = Self.unsentBytesMax / 2
        return configuration
    }

    private func open(_ stream: any Channel, _ connection: Connection) throws -> HTTPExchange {
        guard openCount.wrappingAdd(1, ordering: .relaxed).oldValue < limits.connectionsMax else {
            openCount.wrappingSubtract(1, ordering: .relaxed)
            throw Refused()
        }
        stream.closeFuture.whenComplete { [self] _ in openCount.wrappingSubtract(1, ordering: .relaxed) }
        let pipeline = stream.pipeline.syncOperations
        try pipeline.addHandler(HTTP2FramePayloadToHTTPServerCodec())
        try pipeline.addHandler(StreamHandler(connection, limits.parser, limits.times))
        return HTTPExchange(
            parts: try NIOAsyncChannel(wrappingChannelSynchronously: stream),
            connection: connection
        )
    }
}

/// Requests and answers of one HTTP/1 connection, or of one HTTP/2 stream.
struct HTTPExchange: Sendable {
    let parts: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
    let connection: Connection
}
