// SPDX-License-Identifier: Apache-2.0
// The life of a gateway: engine up, edge up, one line, a signal, both down in order. faasctl serve drives it.

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

    /// What was read at the start.
    private struct LoadedCertificates: Sendable {
        var server: TLSServer
        var files: CertificateFiles
        var settings: TLSSettings
    }

    /// The HTTP edge as ServiceLifecycle wants it.
    private struct Edge: Service {
        let server: GatewayServer
        let images: ImageServices
        let address: ListenAddress
        let redirect: ListenAddress?
        let scheme: String
        let start: PrivilegedStart
        let logger: Logger
        let announce: @Sendable (String) -> Void

        func run() async throws {
            // Ends with the edge: an interrupted task is repeated at the next start.
            let keeping = Task { [server, images] in await images.keeper.run(removing: server.leftovers) }
            defer { keeping.cancel() }
            try await withGracefulShutdownHandler {
                try await server.run { listens(on: $0) }
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
        if configuration.tls.isSelfSigned {
            do throws(TLSError) {
                try OwnCertificate.prepare(in: folder.path, host: configuration.listen.host)
            } catch {
                throw ServerError("cannot start the gateway", why: error.description)
            }
            let own = OwnCertificate.settings(in: folder.path, clientRoots: configuration.tls.clientRoots)
            certificates = try Self.load(own)
        }
        self.certificates = certificates
        self.configuration = configuration
    }

    /// Reads and parses the files; nil without TLS.
    private static func load(_ settings: TLSSettings) throws(ServerError) -> LoadedCertificates? {
        guard settings.isOn else { return nil }
        do throws(TLSError) {
            let files = try CertificateFiles(settings)
            let server = try TLSServer(
                files.pairs,
                clientRoots: files.clientRoots,
                protocols: CertificateKeeper.protocols
            )
            return LoadedCertificates(server: server, files: files, settings: settings)
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
        let signals = SignalWatch(onHangup: keeper?.request)
        if let reason = FileLimit.raise() {
            logger.warning("the limit of open files stays low", metadata: ["reason": "\(reason)"])
        }
        let engine: Engine
        do {
            var options = configuration.engine(logger: logger)
            options.warden = start.warden
            options.folder = folder
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
            let images = try configuration.imageServices(of: engine, logger: logger)
            let server = try GatewayServer(
                configuration.gateway(tls: certificates?.server),
                engine: engine,
                images: images,
                logger: logger
            )
            try await server.prepare()
            let edge = Edge(
                server: server,
                images: images,
                address: configuration.listen,
                redirect: configuration.tls.redirect,
                scheme: certificates == nil ? "http" : "https",
                start: start,
                logger: logger,
                announce: announce
            )
            let keeping = Task { await keeper?.run() }
            defer { keeping.cancel() }
            try await serve(edge, engine: engine, signals: signals, logger: logger)
            await start.warden?.stop()
        } catch {
            await engine.shutdown()
            throw ServerError("cannot start the gateway", why: "\(error)")
        }
    }

    /// What loads the certificates again; nil without TLS.
    private func makeKeeper(logger: Logger) -> CertificateKeeper? {
        guard let certificates else { return nil }
        return CertificateKeeper(
            certificates.server,
            certificates.settings,
            loaded: certificates.files,
            open: CertificateFiles.opener(start.warden),
            logger: logger
        )
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
