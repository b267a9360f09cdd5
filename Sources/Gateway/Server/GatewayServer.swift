// SPDX-License-Identifier: Apache-2.0
// The HTTP edge as one service. faasctl's serve drives it, next to Engine.

import FunctionStore
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import Scheduler
import ServiceLifecycle
import Synchronization

/// Listens, answers and drains.
package final class GatewayServer: Sendable {
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let edge: Edge
    private let drain: DrainFlag
    private let containers: Containers?
    private let entered: EnteredProcesses?
    private let tokens: TokenBook
    private let tls: TLSEdge?
    /// Nil where /metrics is on the main listener.
    private let metricsEdge: MetricsEdge?
    /// The gateway's own routes, for tests.
    let routes: [(method: HTTPRequest.Method, pattern: String)]
    /// Folders of build contexts that an earlier process left; the image keeper removes them.
    package let leftovers: [String]

    /// Whether the gateway still takes calls.
    final class DrainFlag: Sendable {
        private let draining = Atomic<Bool>(false)
        var isDraining: Bool { draining.load(ordering: .relaxed) }
        func begin() { draining.store(true, ordering: .relaxed) }
    }

    /// Makes the edge of an engine.
    ///
    /// Blocks for the credential files; listens only in ``run(onListening:)``.
    ///
    /// - Parameters:
    ///   - configuration: of the edge.
    ///   - engine: functions, history, secrets and containers.
    ///   - images: of the same engine; the caller runs and stops them.
    ///   - logger: for everything of the edge.
    /// - Throws: ``GatewayError/credentials(path:reason:)``.
    package convenience init(
        _ configuration: GatewayConfiguration,
        engine: Engine,
        images: ImageServices,
        logger: Logger
    ) throws(GatewayError) {
        let credentials = try AdminCredentials.load(dataDirectory: configuration.dataDirectory)
        let drain = DrainFlag()
        let services = GatewayServices(
            invoker: engine.invoker,
            queue: engine.queue,
            queuedCalls: engine.queuedCalls,
            catalog: engine.catalog,
            functions: engine.functions,
            namespaces: engine.namespaces,
            history: engine.history,
            recorder: engine.recorder,
            totals: engine.totals,
            secrets: engine.secrets,
            tokens: TokenBook(store: engine.tokens, logger: logger),
            accessKeys: try AccessKeys.load(dataDirectory: configuration.dataDirectory),
            audit: AuditLog(dataDirectory: configuration.dataDirectory, logger: logger),
            images: images,
            registries: RegistryAccess(
                configuration: configuration.registries,
                allowed: configuration.buildAllow
            ),
            containers: engine.containers,
            entered: engine.entered,
            runs: engine.runs,
            running: engine.running,
            uploads: Uploads(
                dataDirectory: configuration.dataDirectory,
                bytesMax: configuration.limits.uploadBytesMax
            ),
            limits: configuration.limits,
            lambdaRuntimes: configuration.lambdaRuntimes,
            version: configuration.version,
            isReady: { !drain.isDraining },
            logger: logger
        )
        self.init(configuration, services: services, credentials: credentials, drain: drain)
    }

    /// Makes the edge from the given services: tests pass fakes.
    ///
    /// Blocks for the folder of uploads.
    init(
        _ configuration: GatewayConfiguration,
        services: GatewayServices,
        credentials: AdminCredentials,
        drain: DrainFlag = DrainFlag()
    ) {
        self.configuration = configuration
        self.drain = drain
        containers = services.containers
        entered = services.entered
        tokens = services.tokens
        logger = services.logger
        tls = configuration.tls.map { [logger] in TLSEdge($0, logger: logger) }
        leftovers = services.uploads.prepare()
        let metrics = MetricsRegistry()
        let guardian = LoginGuard(
            credentials: credentials,
            tokens: services.tokens,
            keys: services.accessKeys,
            logger: services.logger
        )
        var services = services
        services.metricsNeedCredentials = configuration.metricsNeedCredentials
        services.spans = configuration.spans
        let cache = RouteCache(services.catalog, metrics: metrics)
        let accessLog = AccessLog(logger: services.logger, level: configuration.accessLogLevel)
        let hosts = AdminHosts.standard(listening: configuration.host, configuration.adminHosts)
        let own = OwnPaths(
            services,
            guardian: guardian,
            hosts: hosts,
            metrics: metrics,
            calls: OwnCalls(routes: cache, accessLog: accessLog),
            tls: tls,
            servesMetrics: configuration.metrics == nil
        )
        routes = own.routes
        metricsEdge = Self.metricsEdge(configuration, services, guardian, metrics, tls)
        edge = Edge(
            routes: cache,
            functions: FunctionHandler(
                invoker: services.invoker,
                guardian: guardian,
                door: FunctionDoor(guardian: guardian, secrets: services.secrets),
                accessLog: accessLog,
                spans: configuration.spans,
                errorOutput: services.errorOutput
            ),
            queue: services.queue,
            own: own,
            hosts: hosts,
            proxies: TrustedProxies(configuration.trustedProxies),
            log: ProblemLog(logger: services.logger)
        )
    }

    /// The listener for /metrics alone; nil without one.
    private static func metricsEdge(
        _ configuration: GatewayConfiguration,
        _ services: GatewayServices,
        _ guardian: LoginGuard,
        _ metrics: MetricsRegistry,
        _ tls: TLSEdge?
    ) -> MetricsEdge? {
        guard let options = configuration.metrics else { return nil }
        return MetricsEdge(
            OwnPaths(
                metricsOf: services,
                guardian: guardian,
                hosts: AdminHosts.standard(listening: options.host, configuration.adminHosts),
                metrics: metrics,
                tls: tls
            ),
            proxies: TrustedProxies(configuration.trustedProxies),
            log: ProblemLog(logger: services.logger)
        )
    }

    /// Reads what requests are checked against; to be called once, before ``run(onListening:)`` and before anything can
    /// close the store.
    ///
    /// - Throws: ``GatewayError``.
    package func prepare() async throws(GatewayError) {
        do throws(StoreError) { try await tokens.load() } catch {
            throw .tokens(reason: error.description)
        }
    }

    /// Serves until the surrounding service group shuts down gracefully or the task is cancelled.
    ///
    /// Then no new connection is accepted, and running requests end first.
    ///
    /// - Parameter onListening: called once with the ports, when connections are accepted.
    /// - Throws: ``GatewayError``.
    package func run(onListening: @escaping @Sendable (_ ports: ListeningPorts) -> Void = { _ in })
        async throws(GatewayError)
    {
        let storing = Task { [tokens] in await tokens.keepStoring() }
        defer { storing.cancel() }
        let listeners = Listeners(
            configuration: configuration,
            edge: edge,
            metrics: metricsEdge,
            tls: tls,
            logger: logger
        )
        do {
            try await withGracefulShutdownHandler {
                try await listeners.run(isStopping: { [drain] in drain.isDraining }) { [containers] ports in
                    containers?.startRestored()
                    onListening(ports)
                }
            } onGracefulShutdown: { [drain, containers, entered] in
                drain.begin()
                // Their answers would hold the server for as long as a client reads them.
                entered?.end()
                containers?.end()
            }
        } catch let error as GatewayError {
            throw error
        } catch is CancellationError {
            return
        } catch {
            throw .ended(reason: "\(error)")
        }
    }
}
