// SPDX-License-Identifier: Apache-2.0
// The published ports of one container: listens on the host, connects inside, and carries what both sides send.

package import FunctionModel
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Why a port cannot be published.
package enum PortError: Error, Hashable, Sendable {
    /// Another program, or another container, listens there.
    case taken(String)
    /// The address is not this host's, or the port is one of the system's; with the reason.
    case refused(String, reason: String)
}

/// Listens from ``open(_:within:dial:)`` to ``close()``.
package final class PortForwarder: Sendable {
    /// Makes a connected, non-blocking socket to a port of 127.0.0.1 inside; the caller closes it.
    package typealias Dial =
        @Sendable (_ port: UInt16, _ transport: PortMapping.Transport) async throws -> CInt

    /// Connections of one container at once; each costs two descriptors of the gateway's.
    static let connectionsMax = 512
    /// A free port of IPv4 may be taken for IPv6: another one is tried so often.
    private static let freePortAttempts = 16

    private struct Storage {
        var listeners: [any Channel] = []
        /// The host's side of each connection.
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let dial: Dial
    /// Of all containers.
    private let gateway: ConnectionBudget
    private let budget: FlowBudget
    private let state = Mutex(Storage())
    private let published = Mutex<[PublishedPort]>([])

    /// What is published, with the ports that were chosen.
    package var ports: [PublishedPort] { published.withLock { $0 } }

    private init(_ gateway: ConnectionBudget, dial: @escaping Dial) {
        self.gateway = gateway
        self.dial = dial
        budget = FlowBudget(gateway)
    }

    /// Listens at all of them, or at none.
    ///
    /// - Parameters:
    ///   - mappings: host port to container port; none is allowed.
    ///   - budget: of all containers.
    ///   - dial: for each connection; a failure closes it.
    /// - Returns: the forwarder, which listens.
    /// - Throws: ``PortError``; nothing listens then.
    package static func open(
        _ mappings: [PortMapping],
        within budget: ConnectionBudget,
        dial: @escaping Dial
    ) async throws(PortError) -> PortForwarder {
        let forwarder = PortForwarder(budget, dial: dial)
        do throws(PortError) {
            for mapping in mappings { try await forwarder.open(mapping) }
        } catch {
            forwarder.close()
            throw error
        }
        return forwarder
    }

    /// Ends everything; idempotent, does not wait.
    package func close() {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { (state.listeners, state.connections) = ([], [:]) }
            return state.listeners + Array(state.connections.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// How many connections are open.
    var connectionCount: Int { connections.count }

    /// How many flows the UDP ports have together.
    var flowCount: Int { budget.flowCount }

    /// The host's side of each connection.
    var connections: [any Channel] { state.withLock { Array($0.connections.values) } }

    // MARK: Listening

    private func open(_ mapping: PortMapping) async throws(PortError) {
        if let address = mapping.address {
            let port = try await listen(mapping, address, mapping.hostPort ?? 0)
            return publish(mapping, address, port)
        }
        for attempt in 1... {
            let port = try await listen(mapping, "0.0.0.0", mapping.hostPort ?? 0)
            do throws(PortError) {
                let hasIPv6 = try await listenIPv6(mapping, port)
                publish(mapping, "0.0.0.0", port)
                if hasIPv6 { publish(mapping, "::", port) }
                return
            } catch {
                guard mapping.hostPort == nil, attempt < Self.freePortAttempts else { throw error }
                state.withLock { $0.listeners.popLast() }?.close(promise: nil)
            }
        }
    }

    /// - Returns: false where the host has no IPv6.
    private func listenIPv6(_ mapping: PortMapping, _ port: UInt16) async throws(PortError) -> Bool {
        let probe = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
        guard probe >= 0 else { return false }
        Glibc.close(probe)
        do throws(PortError) {
            _ = try await listen(mapping, "::", port)
            return true
        } catch {
            guard case .refused(_, let reason) = error, reason == Self.text(EADDRNOTAVAIL) else {
                throw error
            }
            return false
        }
    }

    private func publish(_ mapping: PortMapping, _ address: String, _ port: UInt16) {
        published.withLock { $0.append(PublishedPort(mapping, address: address, hostPort: port)) }
    }

    private func listen(
        _ mapping: PortMapping,
        _ address: String,
        _ port: UInt16
    ) async throws(PortError) -> UInt16 {
        let place = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        do {
            let address = try SocketAddress(ipAddress: address, port: Int(port))
            let channel =
                mapping.transport == .tcp
                ? try await listenStream(address, mapping.containerPort)
                : try await listenDatagrams(address, mapping.containerPort)
            let isClosed = state.withLock { state in
                if !state.isClosed { state.listeners.append(channel) }
                return state.isClosed
            }
            if isClosed { channel.close(promise: nil) }
            return UInt16(clamping: channel.localAddress?.port ?? 0)
        } catch let error as IOError {
            if error.errnoCode == EADDRINUSE { throw .taken("\(place)/\(mapping.transport.rawValue)") }
            throw .refused(place, reason: Self.text(error.errnoCode))
        } catch {
            throw .refused(place, reason: "\(error)")
        }
    }

    private static func text(_ errorNumber: Int32) -> String {
        switch errorNumber {
        case EACCES: "ports below 1024 are the system's; the gateway has no right to them"
        case EADDRNOTAVAIL: "no such address on this host"
        default: "errno \(errorNumber)"
        }
    }

    private static let onlyIPv6 = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)

    private func listenStream(_ address: SocketAddress, _ port: UInt16) async throws -> any Channel {
        var bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        // The addresses of IPv4 have a listener of their own.
        if address.protocol == .inet6 {
            bootstrap = bootstrap.serverChannelOption(Self.onlyIPv6, value: 1)
        }
        for (option, value) in ClientOptions.liveness {
            bootstrap = bootstrap.childChannelOption(option, value: value)
        }
        return
            try await bootstrap
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(ChannelOptions.recvAllocator, value: ClientOptions.allocator)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: ClientOptions.readsAtOnce)
            .childChannelInitializer { [weak self] channel in
                channel.eventLoop.makeCompletedFuture {
                    // Before the connection inside is there: a client may send its end at once.
                    try channel.pipeline.syncOperations.addHandler(StreamRelay())
                    self?.accepted(channel, port)
                }
            }
            .bind(to: address).get()
    }

    private func listenDatagrams(_ address: SocketAddress, _ port: UInt16) async throws -> any Channel {
        var bootstrap = DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.recvAllocator, value: DatagramRelay.allocator)
        if address.protocol == .inet6 {
            bootstrap = bootstrap.channelOption(Self.onlyIPv6, value: 1)
        }
        return
            try await bootstrap
            .channelInitializer { [dial, budget] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        DatagramRelay(port: port, budget: budget, dial: dial)
                    )
                }
            }
            .bind(to: address).get()
    }

    // MARK: Connections

    private func accepted(_ channel: any Channel, _ port: UInt16) {
        let isWelcome = state.withLock { state in
            let count = state.connections.count
            guard !state.isClosed, count < Self.connectionsMax, gateway.take(holding: count) else {
                return false
            }
            state.connections[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isWelcome else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { [weak self, gateway] _ in
            gateway.free(1)
            self?.state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        let made = channel.eventLoop.makePromise(of: CInt.self)
        made.completeWithTask { [dial] in try await dial(port, .tcp) }
        made.futureResult.flatMap { raw in StreamRelay.join(channel, raw) }.whenFailure { _ in
            // Nothing listens inside: the caller's connection ends at once.
            channel.close(promise: nil)
        }
    }
}
