// SPDX-License-Identifier: Apache-2.0
// The listeners of a gateway as one service: HTTP or HTTPS, the one that redirects to it,
// and the one for metrics. GatewayServer drives it.

import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import TLS

/// The ports that a gateway listens on.
package struct ListeningPorts: Hashable, Sendable {
    package var main: Int
    /// Of the listener that redirects; nil without one.
    package var redirect: Int?
    /// Of the listener for metrics; nil without one.
    package var metrics: Int?
}

/// Runs every listener; one that cannot be bound, or ends before the gateway stops, ends the others.
struct Listeners: Sendable {
    let configuration: GatewayConfiguration
    let edge: Edge
    /// Nil where /metrics is on the main listener.
    let metrics: MetricsEdge?
    /// Nil for HTTP without TLS.
    let tls: TLSEdge?
    let logger: Logger

    /// Connections that the kernel holds until they are accepted: a burst of a few hundred calls fits.
    private static let backlog = 1024

    private enum Place: Hashable, Sendable {
        case main, redirect, metrics
    }

    /// Which ports are bound.
    private final class Bound: Sendable {
        private let ports = Mutex<[Place: Int]>([:])
        private let wanted: Set<Place>
        private let report: @Sendable (ListeningPorts) -> Void

        init(_ wanted: Set<Place>, _ report: @escaping @Sendable (ListeningPorts) -> Void) {
            self.wanted = wanted
            self.report = report
        }

        /// Reports once, when no port is missing.
        func add(_ place: Place, _ port: Int) {
            let all: ListeningPorts? = ports.withLock { ports in
                ports[place] = port
                guard let main = ports[.main], wanted.allSatisfy({ ports[$0] != nil }) else { return nil }
                return ListeningPorts(main: main, redirect: ports[.redirect], metrics: ports[.metrics])
            }
            if let all { report(all) }
        }
    }

    /// Serves until the surrounding service group shuts down gracefully or the task is cancelled.
    ///
    /// - Parameters:
    ///   - isStopping: whether a listener may end.
    ///   - onListening: called once, when every listener is bound.
    /// - Throws: ``GatewayError``, `CancellationError`.
    func run(
        isStopping: @escaping @Sendable () -> Bool,
        _ onListening: @escaping @Sendable (ListeningPorts) -> Void
    ) async throws {
        var places: Set<Place> = [.main]
        if configuration.redirect != nil { places.insert(.redirect) }
        if metrics != nil { places.insert(.metrics) }
        let bound = Bound(places, onListening)
        let redirect = configuration.redirect.map { redirect in
            RedirectEdge(
                RedirectRules(
                    hosts: redirect.hosts,
                    challenges: redirect.challenges,
                    covers: { [tls = configuration.tls] in tls?.covers($0) == true }
                ),
                securePort: configuration.port
            )
        }
        let main = mainServer {
            redirect?.setSecurePort($0)
            bound.add(.main, $0)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await serve(main, configuration.host, configuration.port, "--listen") }
            if let redirect, let options = configuration.redirect {
                let server = redirectServer(redirect, options) { bound.add(.redirect, $0) }
                tasks.addTask { try await serve(server, options.host, options.port, "--tls-redirect") }
            }
            if let metrics, let options = configuration.metrics {
                let server = metricsServer(metrics, options) { bound.add(.metrics, $0) }
                tasks.addTask { try await serve(server, options.host, options.port, "--metrics-listen") }
            }
            try await tasks.next()
            // Of a listener that ended by itself the log has the reason; a gateway with a part of them would hide it.
            if !isStopping() { tasks.cancelAll() }
            try await tasks.waitForAll()
        }
    }

    private func serve(_ server: any Service, _ host: String, _ port: Int, _ option: String) async throws {
        // Each connection's set-up, and the wait for its end, would change threads twice.
        let executor = LoopExecutor(EventLoopGroupProvider.singleton.eventLoopGroup.next())
        do {
            try await withTaskExecutorPreference(executor) { try await server.run() }
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw GatewayError.addressInUse(host: host, port: port, option: option)
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw GatewayError.cannotListen(host: host, port: port, reason: reason, option: option)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw GatewayError.cannotListen(host: host, port: port, reason: "\(error)", option: option)
        }
    }

    /// Whose connections begin with a header of the PROXY protocol.
    private var proxies: TrustedProxies? {
        configuration.proxyProtocol ? TrustedProxies(configuration.trustedProxies) : nil
    }

    private func mainServer(_ onBound: @escaping @Sendable (Int) -> Void) -> any Service {
        server(
            edge,
            tls: tls,
            at: (configuration.host, configuration.port),
            connectionsMax: configuration.limits.connectionsMax,
            onBound
        )
    }

    private func redirectServer(
        _ edge: RedirectEdge,
        _ options: RedirectConfiguration,
        _ onBound: @escaping @Sendable (Int) -> Void
    ) -> any Service {
        server(
            edge,
            tls: nil,
            at: (options.host, options.port),
            connectionsMax: min(configuration.limits.connectionsMax, RedirectConfiguration.connectionsMax),
            onBound
        )
    }

    private func metricsServer(
        _ edge: MetricsEdge,
        _ options: MetricsConfiguration,
        _ onBound: @escaping @Sendable (Int) -> Void
    ) -> any Service {
        server(
            edge,
            tls: nil,
            at: (options.host, options.port),
            connectionsMax: min(configuration.limits.connectionsMax, MetricsConfiguration.connectionsMax),
            onBound
        )
    }

    private func server(
        _ responder: some ConnectionResponder,
        tls: TLSEdge?,
        at place: (host: String, port: Int),
        connectionsMax: Int,
        _ onBound: @escaping @Sendable (Int) -> Void
    ) -> any Service {
        let loops = EventLoopGroupProvider.singleton.eventLoopGroup
        let idle = IdleConnections(
            countMax: connectionsMax,
            idleTime: TimeAmount(configuration.limits.idleTimeout)
        )
        let channel = GatewayChannel(
            responder: responder,
            limits: configuration.limits,
            tls: tls,
            proxies: proxies,
            idle: idle,
            loops: loops
        )
        let gate = ConnectionGate(countMax: connectionsMax) { idle.setFull($0, on: loops.any()) }
        let port = place.port
        return channel.server(
            configuration: ServerConfiguration(
                address: .hostname(place.host, port: port),
                backlog: Self.backlog,
                availableConnectionsDelegate: gate
            ),
            onServerRunning: { listener in
                await gate.open(listener)
                onBound(listener.localAddress?.port ?? port)
            },
            eventLoopGroup: loops,
            logger: logger
        )
    }
}
