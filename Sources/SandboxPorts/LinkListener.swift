// SPDX-License-Identifier: Apache-2.0
// The connections of one container to other containers: accepts them in its network namespace, and carries them to
// sockets that are made in the others'.

package import FunctionModel
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Listens from ``open(_:within:dial:)`` to ``close()``.
package final class LinkListener: Sendable {
    /// Makes a connected, non-blocking socket to a port of an address; the caller closes it.
    package typealias Dial = @Sendable (_ address: LinkAddress, _ port: UInt16) async throws -> CInt

    private struct Connection {
        let channel: any Channel
        /// Nil until the kernel has said where it was meant to go; it leads nowhere until then.
        var destination: LinkAddress?
    }

    private struct Storage {
        var listener: (any Channel)?
        var accepting = AcceptState()
        var connections: [ObjectIdentifier: Connection] = [:]
        var isClosed = false
    }

    private let dial: Dial
    /// Of all containers.
    private let budget: ConnectionBudget
    private let state = Mutex(Storage())

    private init(_ budget: ConnectionBudget, dial: @escaping Dial) {
        self.budget = budget
        self.dial = dial
    }

    deinit { close() }

    /// Takes over a socket that listens in the container's network namespace.
    ///
    /// - Parameters:
    ///   - raw: closed with the listener.
    ///   - budget: of all containers.
    ///   - dial: for each connection; a failure resets it.
    /// - Returns: the listener, which accepts.
    /// - Throws: what NIO throws when the kernel refuses the socket.
    package static func open(
        _ raw: CInt,
        within budget: ConnectionBudget,
        dial: @escaping Dial
    ) async throws -> LinkListener {
        let links = LinkListener(budget, dial: dial)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(ChannelOptions.recvAllocator, value: ClientOptions.allocator)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: ClientOptions.readsAtOnce)
            .childChannelInitializer { [weak links] channel in
                channel.eventLoop.makeCompletedFuture {
                    // Before the connection inside is there: a client may send its end at once.
                    try channel.pipeline.syncOperations.addHandler(StreamRelay())
                    guard let links else { throw ChannelError.alreadyClosed }
                    links.accepted(channel)
                }
            }
            .withBoundSocket(raw).get()
        links.state.withLock { $0.listener = channel }
        links.ask()
        return links
    }

    /// Ends everything; idempotent, does not wait.
    package func close() {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { (state.listener, state.connections) = (nil, [:]) }
            return [state.listener].compactMap { $0 } + state.connections.values.map(\.channel)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Ends the connections to some addresses, also those that are being made; does not wait.
    ///
    /// - Parameter isMeant: whether an address is one of them.
    package func closeConnections(to isMeant: (LinkAddress) -> Bool) {
        let channels = state.withLock { state in
            state.connections.values.filter { $0.destination.map(isMeant) ?? false }.map(\.channel)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Asks for one more connection, where there is room for it.
    private func ask() {
        let listener = state.withLock { $0.accepting.asks() ? $0.listener : nil }
        listener?.read()
    }

    private func accepted(_ channel: any Channel) {
        let isWelcome = state.withLock { state in
            state.accepting.accepted()
            guard !state.isClosed, budget.take(holding: state.connections.count) else { return false }
            state.connections[ObjectIdentifier(channel)] = Connection(channel: channel)
            return true
        }
        channel.closeFuture.whenComplete { [weak self, budget] _ in
            if isWelcome { budget.free(1) }
            self?.state.withLock { state in
                state.connections.removeValue(forKey: ObjectIdentifier(channel))
                state.accepting.closed()
            }
            self?.ask()
        }
        guard isWelcome else {
            Self.reset(channel)
            return joined()
        }
        Self.destination(of: channel).flatMap { [dial, weak self] destination in
            // Before it is dialled: a closer by address finds it then, or has changed what the dialler asks.
            self?.state.withLock { state in
                let id = ObjectIdentifier(channel)
                state.connections[id]?.destination = destination.address
            }
            let made = channel.eventLoop.makePromise(of: CInt.self)
            made.completeWithTask { try await dial(destination.address, destination.port) }
            return made.futureResult
        }
        .flatMap { raw in StreamRelay.join(channel, raw) }
        .whenComplete { [weak self] result in
            if case .failure = result { Self.reset(channel) }
            self?.joined()
        }
        ask()
    }

    private func joined() {
        state.withLock { $0.accepting.joined() }
        ask()
    }

    /// Where the container meant to connect to, of the kernel's table of connections.
    private static func destination(of channel: any Channel)
        -> EventLoopFuture<(address: LinkAddress, port: UInt16)>
    {
        guard let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let place: EventLoopFuture<SocketPlace> = options.unsafeGetSocketOption(
            level: .ip,
            name: .init(rawValue: originalDestination)
        )
        return place.map {
            (LinkAddress(raw: UInt32(bigEndian: $0.address)), UInt16(bigEndian: $0.port))
        }
    }

    /// `struct sockaddr_in`.
    private struct SocketPlace {
        var family: UInt16 = 0
        var port: UInt16 = 0
        var address: UInt32 = 0
        var unused: UInt64 = 0
    }

    /// `SO_ORIGINAL_DST` of linux/netfilter_ipv4.h.
    private static let originalDestination: CInt = 80

    /// A refused connection was accepted already, so the caller is told with a reset instead of an end.
    private static func reset(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
