// SPDX-License-Identifier: Apache-2.0
// `faasctl compose run SERVICE [CMD...]`: one container of a service with another command.

import ArgumentParser
import Compose
import Foundation
import FunctionModel
import GatewayAPI

struct ComposeRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run one command in a new container of a service.",
        discussion: """
            Services that it depends on are started. Its published ports are left out unless --service-ports is given. \
            Exits as the container did.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var project: ComposeOptions

    @Flag(help: "Remove the container at its end.")
    var rm = false

    @Flag(name: .shortAndLong, help: "Return when the container has started, and print its name.")
    var detach = false

    @Flag(help: "Leave out the services that it depends on.")
    var noDeps = false

    @Flag(name: [.customShort("T"), .customLong("no-TTY")], help: "Allocate no terminal.")
    var noTTY = false

    @Flag(name: [.customShort("P"), .customLong("service-ports")], help: "Publish the service's ports.")
    var servicePorts = false

    @Flag(help: "Build the image first.")
    var build = false

    @Option(
        name: [.customShort("e"), .customLong("env")],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Environment variable; repeatable.", valueName: "k=v")
    )
    var environment: [String] = []

    @Option(help: ArgumentHelp("Program in place of the service's entrypoint.", valueName: "program"))
    var entrypoint: String?

    @Option(help: ArgumentHelp("Name of the container.", valueName: "name"))
    var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("As USER of an image.", valueName: "user"))
    var user: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("An absolute path.", valueName: "folder"))
    var workdir: String?

    @Argument(help: "The service.")
    var service: String

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Words that replace its command."))
    var words: [String] = []

    func run() async throws {
        let session = try ComposeSession.open(global, project, chosen: [service])
        guard let own = session.project[service: service], own.function == nil else {
            throw CommandFailure(
                "cannot run '\(service)'",
                why: "it is a function",
                next: "use 'faasctl invoke'"
            )
        }
        var options = UpOptions()
        options.services = [service]
        options.withDependencies = !noDeps
        options.builds = build
        try await ComposeImages(session: session).prepare(options)
        try await startDependencies(session, options)
        let request = try request(session, own)
        if detach { return try await start(session, request) }
        let run = AttachedRun(client: session.client, global: global, request: request)
        if case .ended(let code) = try await run.run(), code != 0 { throw QuietExit(exitCode: code) }
    }

    /// Everything that the service depends on, as `up` starts it, and what they share.
    private func startDependencies(_ session: ComposeSession, _ options: UpOptions) async throws {
        let state = try await session.state()
        let targets = try await ComposeImages(session: session).targets()
        let steps: [ComposeStep]
        do throws(ComposePlanError) {
            steps = try session.plan.dependencies(of: service, options, targets: targets, state: state)
        } catch {
            throw ComposeSession.failure(error)
        }
        try await ComposeSteps(session: session).perform(steps)
    }

    private func request(_ session: ComposeSession, _ own: ComposeService) throws -> ContainerRequest {
        let container = ServiceContainer(session: session, service: own)
        var request = try container.request(number: nil)
        if servicePorts { request.ports = container.ports }
        let random = String(UInt32.random(in: .min ... .max), radix: 16)
        request.name = name ?? "\(session.project.name)-\(service)-run-\(random)"
        if let entrypoint { request.entrypoint = [entrypoint] }
        if !words.isEmpty {
            request.command = words
        } else if entrypoint != nil {
            request.command = nil
        }
        if let user { request.user = user }
        if let workdir { request.workingDirectory = workdir }
        request.environment += RunCommand.variables(environment, own: ProcessInfo.processInfo.environment)
        request.isRemoved = rm
        request.hasTerminal = !noTTY && !detach && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        request.hasInput = !detach
        return request
    }

    private func start(_ session: ComposeSession, _ body: ContainerRequest) async throws {
        var request = GatewayRequest("POST", APIPath.containers)
        request.query = [("start", "true")]
        try request.setJSON(body)
        _ = try await session.client.require(request, "cannot run '\(service)'")
        try Terminal.output.line(body.name ?? "")
    }
}
