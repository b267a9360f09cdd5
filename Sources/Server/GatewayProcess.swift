// SPDX-License-Identifier: Apache-2.0
// The life of a gateway: engine up, edge up, one line, a signal, both down in order. faasctl serve drives it.

import ACME
import Foundation
import FunctionModel
import Gateway
import Logging
import Sandbox
import Scheduler
import ServiceLifecycle
import TLS

/// One gateway in this process.
package struct GatewayProcess: Sendable {
    let configuration: ServeConfiguration
    /// DATA, held.
    let folder: HeldDataFolder
    let start: PrivilegedStart
    /// Nil without TLS.
    private let certificates: LoadedCertificates?
    /// Nil where no authority is asked for certificates.
    private let challenges: ListenerChallenges?

    /// What was read at the start.
    private struct LoadedCertificates: Sendable {
        var server: TLSServer
        var files: CertificateFiles
    }

    /// The HTTP edge as ServiceLifecycle wants it.
    private struct Edge: Service {
        let server: GatewayServer
        let images: ImageServices
        let address: ListenAddress
        let redirect: ListenAddress?
        let metrics: ListenAddress?
        let scheme: String
        let start: PrivilegedStart
        /// Nil where no authority is asked for certificates.
        let renewal: CertificateRenewal?
        let logger: Logger
        let announce: @Sendable (String) -> Void

        func run() async throws {
            // Ends with the edge: an interrupted task is repeated at the next start.
            let keeping = Task { [server, images] in await images.keeper.run(removing: server.leftovers) }
            defer { keeping.cancel() }
            // Once the listeners answer challenges.
            let (listening, bound) = AsyncStream<Void>.makeStream()
            let renewing = Task { [renewal] in for await _ in listening { await renewal?.run() } }
            defer { renewing.cancel() }
            try await withGracefulShutdownHandler {
                try await server.run {
                    listens(on: $0)
                    bound.yield()
                }
            } onGracefulShutdown: { [images] in
                images.stop()
            }
        }

        private func listens(on ports: ListeningPorts) {
            var address = address
            address.port = ports.main
            do throws(SandboxError) { try start.finish() } catch {
                logger.critical("the gateway cannot give up root", metadata: ["reason": "\(error)"])
                _exit(1)
            }
            if var redirect, let port = ports.redirect {
                redirect.port = port
                logger.notice("redirects to HTTPS", metadata: ["listen": "\(redirect)"])
            }
            if var metrics, let port = ports.metrics {
                metrics.port = port
                logger.notice("serves metrics", metadata: ["listen": "\(metrics)"])
            }
            announce("\(Product.name) listens on \(scheme)://\(address)")
        }
    }

    /// Takes the data folder, and gives up root.
    ///
    /// Must run before the process has a second thread.
    ///
    /// - Parameter configuration: of `faasctl serve`.
    /// - Throws: ``ServerError`` when a gateway cannot run here; the data folder of another gateway is not touched.
    package init(preparing configuration: ServeConfiguration) throws(ServerError) {
        TerminationSignals.hold()
        // Before the first helper; ``run(announcing:)`` reports what went wrong once there is a log.
        _ = FileLimit.raise()
        if let refusal = StartLimits.ofThisProcess().refusal {
            throw ServerError("cannot start the gateway", why: refusal.what, next: refusal.advice)
        }
        // The lock before everything else: a folder that another gateway works in is not touched.
        do throws(EngineError) { folder = try HeldDataFolder(configuration.dataDirectory) } catch {
            throw ServerError("cannot start the gateway", why: error.description)
        }
        var configuration = configuration
        configuration.dataDirectory = folder.path
        // As root, which may be the only reader of a key.
        var certificates = try configuration.tls.isSelfSigned ? nil : Self.load(configuration.tls)
        start = try PrivilegedStart.run(configuration)
        let sources = CertificateSources(configuration.tls, dataDirectory: folder.path)
        if sources.hasOwn {
            do throws(TLSError) { try sources.prepare(host: configuration.listen.host) } catch {
                throw ServerError("cannot start the gateway", why: error.description)
            }
            certificates = try Self.load(sources.current(), open: CertificateFiles.opener(start.warden))
        }
        self.certificates = certificates
        challenges = certificates.flatMap { ListenerChallenges(configuration.tls, server: $0.server) }
        self.configuration = configuration
    }

    /// Reads and parses the files; nil without TLS.
    private static func load(
        _ settings: TLSSettings,
        open: (String) -> CertificateFiles.OpenedFile = CertificateFiles.open
    ) throws(ServerError) -> LoadedCertificates? {
        guard !settings.pairs.isEmpty else { return nil }
        do throws(TLSError) {
            let files = try CertificateFiles(settings, open: open)
            let server = try TLSServer(
                files.pairs,
                clientRoots: files.clientRoots,
                protocols: CertificateKeeper.protocols
            )
            return LoadedCertificates(server: server, files: files)
        } catch {
            throw ServerError(
                "cannot start the gateway",
                why: error.description,
                next: "name a PEM file with --tls-cert and its key with --tls-key"
            )
        }
    }

    /// Runs until a signal; returns when nothing of it is left.
    ///
    /// - Parameter announce: takes one line, once the gateway listens; scripts wait for it.
    /// - Throws: ``ServerError`` when it cannot start.
    package func run(announcing announce: @escaping @Sendable (String) -> Void) async throws(ServerError) {
        EventLoops.bound()
        let logger = makeLogger()
        let keeper = makeKeeper(logger: logger)
        let renewal = try makeRenewal(keeper, logger: logger)
        let reload: @Sendable () -> Void = {
            if keeper == nil { logger.notice("there is nothing to load again without TLS") }
            keeper?.request()
            renewal?.request()
        }
        // A terminal that is closed ends what runs in it; a service manager's reload ends nothing.
        let endsOnHangup = keeper == nil && TerminationSignals.hasTerminal
        let signals = SignalWatch(onHangup: endsOnHangup ? nil : reload)
        if let reason = FileLimit.raise() {
            logger.warning("the limit of open files stays low", metadata: ["reason": "\(reason)"])
        }
        let exporter = makeExporter(logger: logger)
        let engine: Engine
        do {
            var options = configuration.engine(logger: logger)
            options.warden = start.warden
            options.folder = folder
            options.spans = exporter
            engine = try Engine(options)
        } catch {
            throw ServerError("cannot start the gateway", why: "\(error)")
        }
        do {
            try await engine.start()
        } catch {
            await engine.shutdown()
            throw ServerError("cannot start the gateway", why: "\(error)")
        }
        start.warden?.onDeath {
            // No process is left that could start a helper; the service manager starts a gateway with a new one.
            // Without the C library's destructors, which other threads could run into.
            logger.critical("the warden died; this gateway ends")
            _exit(1)
        }
        // Once, with its name: an operator reads the start of the log.
        for finding in start.findings + engine.findings where finding.level != .ok {
            logger.warning("the host lacks \(finding.name): \(finding.advice)")
        }
        do {
            let exporting = Task { await exporter?.run() }
            defer { exporting.cancel() }
            let edge = try await makeEdge(engine, renewal, exporter, logger: logger, announce: announce)
            let keeping = Task { await keeper?.run() }
            defer { keeping.cancel() }
            try await serve(edge, engine: engine, signals: signals, logger: logger)
            // The spans of the last calls.
            exporting.cancel()
            await exporting.value
            await start.warden?.stop()
        } catch {
            await engine.shutdown()
            throw ServerError("cannot start the gateway", why: "\(error)")
        }
    }

    /// Nil where calls are not traced.
    private func makeExporter(logger: Logger) -> SpanExporter? {
        configuration.otlp.map { SpanExporter(endpoint: $0, version: Product.version, logger: logger) }
    }

    private func makeEdge(
        _ engine: Engine,
        _ renewal: CertificateRenewal?,
        _ exporter: SpanExporter?,
        logger: Logger,
        announce: @escaping @Sendable (String) -> Void
    ) async throws -> Edge {
        let images = try configuration.imageServices(of: engine, logger: logger)
        var options = configuration.gateway(tls: certificates?.server, challenges: challenges?.table)
        options.spans = exporter
        let server = try GatewayServer(
            options,
            engine: engine,
            images: images,
            logger: logger
        )
        try await server.prepare()
        return Edge(
            server: server,
            images: images,
            address: configuration.listen,
            redirect: configuration.tls.redirect,
            metrics: configuration.metricsListen,
            scheme: certificates == nil ? "http" : "https",
            start: start,
            renewal: renewal,
            logger: logger,
            announce: announce
        )
    }

    /// What loads the certificates again; nil without TLS.
    private func makeKeeper(logger: Logger) -> CertificateKeeper? {
        guard let certificates else { return nil }
        return CertificateKeeper(
            certificates.server,
            CertificateSources(configuration.tls, dataDirectory: folder.path).current,
            loaded: certificates.files,
            open: CertificateFiles.opener(start.warden),
            logger: logger
        )
    }

    /// What asks an authority for certificates; nil without one.
    private func makeRenewal(_ keeper: CertificateKeeper?, logger: Logger) throws(ServerError)
        -> CertificateRenewal?
    {
        guard let challenges, let keeper, let authority = configuration.tls.acme.authorityURL else {
            return nil
        }
        let missing = CertificateSources(configuration.tls, dataDirectory: folder.path).missing()
        if !missing.isEmpty {
            logger.warning(
                "a self-signed certificate is served until the authority has issued one",
                metadata: ["domains": "\(missing.joined(separator: ", "))"]
            )
        }
        do throws(ACMEError) {
            return try CertificateRenewal(
                configuration.tls.acme,
                authority: authority,
                dataDirectory: folder.path,
                responder: challenges,
                logger: logger,
                onIssued: keeper.request
            )
        } catch {
            throw ServerError("cannot start the gateway", why: error.description)
        }
    }

    private func serve(
        _ edge: Edge,
        engine: Engine,
        signals: SignalWatch,
        logger: Logger
    ) async throws {
        var options = ServiceGroupConfiguration(
            services: [.init(service: edge)],
            logger: logger
        )
        options.maximumGracefulShutdownDuration = configuration.drainTimeout.duration
        let group = ServiceGroup(configuration: options)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await signals.wait()
                guard !Task.isCancelled else { return }
                logger.info("stopping: no new calls, running ones finish")
                // Both at once: open connections wait for calls that only the engine can bound.
                async let edge: Void = group.triggerGracefulShutdown()
                await engine.shutdown()
                await edge
            }
            defer { tasks.cancelAll() }
            try await group.run()
        }
    }

    private func makeLogger() -> Logger {
        let level = configuration.logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return Logger(label: Product.name)
    }
}
