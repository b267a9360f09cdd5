// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server for the program of one sandbox, on a socket that its slot has opened inside. Scheduler drives it.

package import NIOCore
import NIOHTTP1
import NIOPosix
package import Sandbox
import Synchronization

/// Answers the requests of one program.
package protocol LocalService: AnyObject, Sendable {
    /// A request's head came; called on an event loop, must not block.
    func requested(_ exchange: LocalExchange)
    /// A piece of its body came.
    ///
    /// - Returns: whether to read on; else after ``LocalExchange/resume()``.
    func received(_ bytes: ByteBuffer, _ exchange: LocalExchange) -> Bool
    /// Its body is whole.
    func ended(_ exchange: LocalExchange)
    /// Its connection is gone, or its body is not HTTP, before it was answered.
    func closed(_ exchange: LocalExchange)
    /// The program makes only wrong requests: the server is closed.
    func gaveUp()
    /// No connection is left.
    func emptied()
}

/// A listening socket and its connections.
///
/// Closed with ``close()`` and with the last reference.
package final class LocalServer: Sendable {
    /// Connections at once: a runtime needs one, some use one for each thread.
    static let connectionsMax = 8
    /// Requests that were refused, and connections without one, before the program gets no answer any more: the
    /// gateway must not work for a program that asks in a loop.
    static let strikesMax = 64
    /// Bytes of one connection that the decoder has not taken: more than any head, which has a bound of its own.
    static let undecodedBytesMax = 128 << 10

    private struct Storage {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var strikes = 0
        var exchanges = 0
        var isClosed = false
    }

    private let storage = Mutex(Storage())
    /// Weak: the service keeps its server.
    private weak let service: (any LocalService)?

    private init(_ service: any LocalService) { self.service = service }

    deinit { closeAll() }

    /// Takes over a listening socket.
    ///
    /// - Parameters:
    ///   - descriptor: listens, does not block; closed with the server.
    ///   - service: answers.
    /// - Returns: the server.
    /// - Throws: ``ExchangeFailure/broken(_:)`` when the kernel refuses it.
    package static func adopt(
        _ descriptor: consuming OwnedDescriptor,
        _ service: any LocalService
    ) async throws(ExchangeFailure) -> LocalServer {
        let server = LocalServer(service)
        let raw = descriptor.take()
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.autoRead, value: false)
                .childChannelInitializer { [weak server] channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let server, let service = server.service, server.opened(channel) else {
                            throw ExchangeFailure.unasked
                        }
                        try channel.pipeline.syncOperations.addHandlers(
                            HTTPResponseEncoder(),
                            ByteToMessageHandler(
                                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes),
                                maximumBufferSize: undecodedBytesMax
                            ),
                            LocalServerHandler(server, service)
                        )
                    }
                }
                .withBoundSocket(raw).get()
            server.storage.withLock { $0.listener = listener }
            return server
        } catch {
            throw .broken("\(error)")
        }
    }

    /// Whether a connection is left.
    package var hasConnections: Bool { storage.withLock { !$0.connections.isEmpty } }

    /// Closes the socket and all connections; idempotent, does not block.
    package func close() { closeAll() }

    private func closeAll() {
        let channels = storage.withLock { storage in
            storage.isClosed = true
            defer { (storage.listener, storage.connections) = (nil, [:]) }
            return Array(storage.connections.values) + (storage.listener.map { [$0] } ?? [])
        }
        for channel in channels { channel.close(promise: nil) }
    }

    // MARK: Connections

    /// A connection was accepted.
    ///
    /// - Returns: whether there is room for it.
    private func opened(_ channel: any Channel) -> Bool {
        let isTaken = storage.withLock { storage in
            guard !storage.isClosed, storage.connections.count < Self.connectionsMax else { return false }
            storage.connections[ObjectIdentifier(channel)] = channel
            return true
        }
        if !isTaken { strike() }
        return isTaken
    }

    /// A connection is gone.
    func closed(_ channel: any Channel, hadRequest: Bool) {
        let isLast = storage.withLock { storage in
            storage.connections.removeValue(forKey: ObjectIdentifier(channel))
            return storage.connections.isEmpty
        }
        if !hadRequest { strike() }
        if isLast { service?.emptied() }
    }

    /// The number of the next exchange.
    func nextNumber() -> Int {
        storage.withLock { storage in
            storage.exchanges += 1
            return storage.exchanges
        }
    }

    /// The program asked for something that it does not get.
    func strike() {
        let isLast = storage.withLock { storage in
            storage.strikes += 1
            return storage.strikes == Self.strikesMax
        }
        guard isLast else { return }
        closeAll()
        service?.gaveUp()
    }
}
