// SPDX-License-Identifier: Apache-2.0
// `faasctl compose start|stop|restart|kill|rm`: one request for each container of the named services.

import ArgumentParser
import Compose
import GatewayAPI

/// What the commands of this file have in common.
struct ComposeTargets: ParsableArguments {
    @OptionGroup var global: GlobalOptions
    @OptionGroup var project: ComposeOptions

    @Argument(help: ArgumentHelp("Services; all of them by default.", valueName: "service"))
    var services: [String] = []

    /// The session and the containers of the named services.
    ///
    /// - Parameters:
    ///   - dependenciesFirst: whether a service comes after those that it depends on.
    ///   - short: options before the subcommand.
    /// - Returns: both.
    /// - Throws: ``CommandFailure``, ``ManifestError``.
    func containers(
        dependenciesFirst: Bool,
        short: ShortComposeOptions? = nil
    ) async throws -> (session: ComposeSession, containers: [ObservedContainer]) {
        let session = try ComposeSession.open(global, project, short: short, chosen: services)
        let state = try await session.state()
        do throws(ComposePlanError) {
            let found = try session.plan.containers(
                of: services,
                dependenciesFirst: dependenciesFirst,
                state: state
            )
            return (session, found)
        } catch {
            throw ComposeSession.failure(error)
        }
    }
}

struct ComposeStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start containers that exist, dependencies first."
    )

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    func run() async throws {
        let (session, containers) = try await targets.containers(dependenciesFirst: true, short: short)
        guard !containers.isEmpty else {
            throw CommandFailure(
                "cannot start the services",
                why: "they have no containers",
                next: "use 'compose up'"
            )
        }
        for container in containers where !container.isRunning {
            try await ComposeSteps(session: session).post(
                APIPattern.containerStart.path(container.id),
                "cannot start '\(container.name)'"
            )
            session.global.remark("Container \(container.name) started")
        }
    }
}

struct ComposeStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop containers, dependents first; they stay."
    )

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Seconds between stop signal and SIGKILL.", valueName: "seconds")
    )
    var timeout: Int?

    func run() async throws {
        let (session, containers) = try await targets.containers(dependenciesFirst: false, short: short)
        for container in containers where container.isRunning {
            try await ComposeSteps(session: session).stop(container, seconds: timeout)
        }
    }
}

struct ComposeRestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop and start containers, as they were created."
    )

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Seconds between stop signal and SIGKILL.", valueName: "seconds")
    )
    var timeout: Int?

    func run() async throws {
        let (session, containers) = try await targets.containers(dependenciesFirst: true, short: short)
        for container in containers {
            try await ComposeSteps(session: session).post(
                APIPattern.containerRestart.path(container.id),
                query: timeout.map { [("grace", "\($0)")] } ?? [],
                "cannot restart '\(container.name)'"
            )
            session.global.remark("Container \(container.name) restarted")
        }
    }
}

struct ComposeKillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "Send a signal to containers."
    )

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("For example SIGHUP.", valueName: "signal"))
    var signal = "SIGKILL"

    func run() async throws {
        let (session, containers) = try await targets.containers(dependenciesFirst: false, short: short)
        for container in containers where container.isRunning {
            try await ComposeSteps(session: session).post(
                APIPattern.containerKill.path(container.id),
                query: [("signal", signal)],
                "cannot send \(signal) to '\(container.name)'"
            )
            session.global.remark("Container \(container.name) got \(signal)")
        }
    }
}

struct ComposeRmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove containers that do not run."
    )

    @OptionGroup var targets: ComposeTargets

    @Flag(name: .shortAndLong, help: "Ask no question. Nothing is asked in any case.")
    var force = false

    @Flag(name: .shortAndLong, help: "Stop containers that run first.")
    var stop = false

    func run() async throws {
        let (session, containers) = try await targets.containers(dependenciesFirst: false)
        let steps = ComposeSteps(session: session)
        for container in containers where stop || !container.isRunning {
            if container.isRunning { try await steps.stop(container, seconds: nil) }
            try await steps.remove(container)
        }
    }
}
