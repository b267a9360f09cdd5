// SPDX-License-Identifier: Apache-2.0
// `faasctl compose exec SERVICE CMD...`: one more process in a running container of a service.

import ArgumentParser
import Compose
import Foundation
import FunctionModel
import GatewayAPI

struct ComposeExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a program in a running container of a service.",
        discussion: """
            With a terminal where standard input and output are one, and with standard input. Exits as the program \
            did; see 'faasctl exec'.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var project: ComposeOptions

    @Flag(name: .shortAndLong, help: "Return when the program was executed; it runs on without a reader.")
    var detach = false

    @Flag(name: [.customShort("T"), .customLong("no-TTY")], help: "Allocate no terminal.")
    var noTTY = false

    @Option(
        name: [.customShort("e"), .customLong("env")],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Environment variable; repeatable.", valueName: "k=v")
    )
    var environment: [String] = []

    @Option(help: ArgumentHelp("Which container of the service, from 1 on.", valueName: "n"))
    var index = 1

    @Option(name: .shortAndLong, help: ArgumentHelp("As USER of an image.", valueName: "user"))
    var user: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("An absolute path.", valueName: "folder"))
    var workdir: String?

    @Argument(help: "The service.")
    var service: String

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The program and its arguments."))
    var words: [String] = []

    func validate() throws {
        if words.isEmpty { throw ValidationError("missing the program") }
    }

    func run() async throws {
        let session = try ComposeSession.open(global, project, chosen: [service])
        let own = try await session.containers().first { body in
            guard let container = ObservedContainer(body), !container.isOneOff else { return false }
            return container.service == service && container.number == index && container.isRunning
        }
        guard let own else {
            let which = index == 1 ? "" : " with the index \(index)"
            throw CommandFailure(ExecRun.what, why: "service '\(service)'\(which) is not running")
        }
        let code = try await ExecRun(client: session.client, container: own.id, request: request).exitCode()
        if code != 0 { throw QuietExit(exitCode: code) }
    }

    private var request: ExecRequest {
        var request = ExecRequest(command: words)
        request.environment = RunCommand.variables(environment, own: ProcessInfo.processInfo.environment)
        request.user = user
        request.workingDirectory = workdir
        request.hasTerminal = !noTTY && !detach && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        request.hasInput = !detach
        request.isDetached = detach
        return request
    }
}
