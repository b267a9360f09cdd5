// SPDX-License-Identifier: Apache-2.0
// `faasctl attach CONTAINER`: this terminal on a container that runs.

import ArgumentParser
import FunctionModel
import GatewayAPI
import Foundation

struct AttachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Attach the terminal to a container that runs.",
        discussion: """
            Shows what it writes from now on, and sends it input and signals. Exits as the container does; the detach \
            keys, in a container with a terminal, and a broken connection leave it running.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var detaching: DetachOption

    @Flag(name: .customLong("no-stdin"), help: "Send no input.")
    var noInput = false

    @Option(
        name: .customLong("sig-proxy"),
        help: ArgumentHelp("Pass signals on: true (the default) or false.", valueName: "bool")
    )
    var passesSignals = true

    @Argument(help: "Id or name.", transform: NameArgument.anything)
    var container: String

    func run() async throws {
        let client = try global.client()
        let what = "cannot attach to '\(container)'"
        guard let found = try await client.container(container, what) else {
            throw CommandFailure(what, why: "No such container: \(container)")
        }
        guard found.state.status.isActive else {
            throw CommandFailure(what, why: "You cannot attach to a stopped container, start it first")
        }
        guard found.state.status != .paused else {
            throw CommandFailure(what, why: "You cannot attach to a paused container, unpause it first")
        }
        var run = AttachedRun(client: client, global: global, request: found.request)
        run.existing = AttachedRun.Existing(id: found.id, starts: false)
        run.request.hasInput = found.request.hasInput && !noInput
        run.keys = detaching.keys
        run.passesSignals = passesSignals
        if run.request.hasTerminal, run.request.hasInput, isatty(STDIN_FILENO) != 1 {
            throw CommandFailure(what, why: "the input device is not a TTY")
        }
        switch try await run.run() {
        case .ended(0): return
        case .ended(let code): throw QuietExit(exitCode: code)
        case .detached:
            Terminal.error.remark(AttachedTerminal.detachRemark)
            throw QuietExit(exitCode: 1)
        }
    }
}
