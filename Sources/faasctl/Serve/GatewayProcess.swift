// SPDX-License-Identifier: Apache-2.0
// The life of a gateway: platform up, edge up, one line, a signal, both down in order. ServeCommand drives it.

import Foundation
import FunctionModel
import Gateway
import Logging
import Sandbox
import Scheduler
import ServiceLifecycle

/// One gateway in this process.
struct GatewayProcess: Sendable {
    let configuration: ServeConfiguration
    /// DATA, held.
    let folder: HeldDataFolder
    let start: PrivilegedStart

    /// The HTTP edge as ServiceLifecycle wants it.
    private struct Edge: Service {
        let server: GatewayServer
        let address: ListenAddress
        let start: PrivilegedStart
        let logger: Logger

        func run() async throws {
            try await server.run { port in
                var address = address
                address.port = port
                do throws(SandboxError) { try start.finish() } catch {
                    logger.critical("root cannot be given up", metadata: ["reason": "\(error)"])
                    _exit(1)
                }
                // Scripts wait for this line; nobody reading it is no reason to stop.
                try? Terminal.output.line("\(Product.name) listens on http://\(address)")
            }
        }
    }

    /// Runs until a signal; returns when nothing of it is left.
    ///
    /// - Throws: ``CommandFailure`` when it cannot start.
    func run() async throws(CommandFailure) {
        EventLoops.bound()
        let signals = SignalWatch()
        let logger = makeLogger()
        if let reason = FileLimit.raise() {
            logger.warning("the limit of open files stays low", metadata: ["reason": "\(reason)"])
        }
        let platform: Platform
        do {
            var options = configuration.platform(logger: logger)
            options.warden = start.warden
            options.folder = folder
            platform = try Platform(options)
        } catch {
            throw CommandFailure("cannot start the gateway", why: "\(error)")
        }
        do {
            try await platform.start()
        } catch {
            await platform.shutdown()
            throw CommandFailure("cannot start the gateway", why: "\(error)")
        }
        start.warden?.onDeath {
            // Nobody is left who could start anything; the service manager starts a gateway with a new one. Without
            // the C library's tidying up, which other threads would run into.
            logger.critical("the warden died; this gateway ends")
            _exit(1)
        }
        // Once, by name: an operator reads the start of the log.
        for finding in start.findings + platform.findings where finding.level != .ok {
            logger.warning("the host lacks \(finding.name): \(finding.advice)")
        }
        do {
            let server = try GatewayServer(configuration.gateway, platform: platform, logger: logger)
            try await serve(server, platform: platform, signals: signals, logger: logger)
            await start.warden?.stop()
        } catch {
            await platform.shutdown()
            throw CommandFailure("cannot start the gateway", why: "\(error)")
        }
    }

    private func serve(
        _ server: GatewayServer,
        platform: Platform,
        signals: SignalWatch,
        logger: Logger
    ) async throws {
        let edge = Edge(server: server, address: configuration.listen, start: start, logger: logger)
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
                // Both at once: open connections wait for calls that only the platform can bound.
                async let edge: Void = group.triggerGracefulShutdown()
                await platform.shutdown()
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
