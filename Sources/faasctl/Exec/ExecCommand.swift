// SPDX-License-Identifier: Apache-2.0
// `faasctl exec ID CMD...`: one more process in a running container, attached to this terminal.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a program in a container or call that runs.",
        discussion: """
            An id is a container's name, or an id as 'faasctl ps' shows it, or its beginning; a function's name means \
            its one call. The program has the container's namespaces, limits and variables; the image needs nothing but \
            the program itself. Exits as the program did: its exit code, 128 plus the signal that ended it, 127 when it \
            is not there, 126 when it cannot be executed, 1 when the container does not run. It ends with its \
            container, and when faasctl ends; with -d, and after the detach keys of a terminal, it runs on, and its output is \
            discarded.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var detaching: DetachOption

    @Flag(name: .shortAndLong, help: "Forward standard input.")
    var interactive = false

    @Flag(name: .shortAndLong, help: "Allocate a terminal.")
    var tty = false

    @Flag(name: .shortAndLong, help: "Return when the program was executed; it runs on without a reader.")
    var detach = false

    @Option(
        name: [.customShort("e"), .customLong("env")],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Environment variable; K alone takes this shell's value; repeatable.",
            valueName: "k=v"
        )
    )
    var environment: [String] = []

    @Option(
        name: .customLong("env-file"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("File with a variable a line; -e takes precedence; repeatable.", valueName: "file")
    )
    var environmentFiles: [String] = []

    @Option(
        name: [.customShort("w"), .customLong("workdir")],
        help: ArgumentHelp(
            "Absolute folder that it starts in, in place of the container's.",
            valueName: "folder"
        )
    )
    var folder: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "User of the image, by name or number, in place of the container's.",
            valueName: "user[:group]"
        )
    )
    var user: String?

    @Flag(help: .hidden)
    var privileged = false

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Id, then the program and its arguments."))
    var words: [String] = []

    mutating func validate() throws {
        if let first = words.first, ["--help", "-h"].contains(first) { throw CleanExit.helpRequest(self) }
        if words.first == "--" { words.removeFirst() }
        guard let id = words.first, !id.isEmpty else { throw ValidationError("missing the id") }
        guard !id.hasPrefix("-") else { throw ValidationError("unknown option '\(id)'") }
        guard words.count > 1 else { throw ValidationError("missing the program") }
        if privileged {
            throw ValidationError(
                "--privileged is refused: no program in a container has more than its container; run it on the host"
            )
        }
        if tty, interactive, isatty(STDIN_FILENO) != 1 {
            throw ValidationError("-t with -i needs a terminal as standard input; leave out -t")
        }
        if detach, interactive { throw ValidationError("-i has no effect with -d; leave it out") }
    }

    func run() async throws {
        var request = request
        var variables: [String] = []
        for file in environmentFiles {
            variables += try ContainerOptions.variables(in: file, ExecRun.what, exitCode: 1)
        }
        request.environment = variables + request.environment
        var run = ExecRun(client: try global.client(), container: words[0], request: request)
        run.keys = detaching.keys
        let code = try await run.exitCode()
        if code != 0 { throw QuietExit(exitCode: code) }
    }

    private var request: ExecRequest {
        var request = ExecRequest(command: Array(words.dropFirst()))
        request.environment = RunCommand.variables(environment, own: ProcessInfo.processInfo.environment)
        request.workingDirectory = folder
        request.user = user
        request.hasTerminal = tty
        request.hasInput = interactive
        request.isDetached = detach
        return request
    }
}
