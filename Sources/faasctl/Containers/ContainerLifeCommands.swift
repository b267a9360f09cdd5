// SPDX-License-Identifier: Apache-2.0
// `faasctl start`, `restart`, `pause`, `unpause`, `wait`, `rename`: what is done to containers by name.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start containers that do not run.",
        discussion:
            "Writes each name. With -a the terminal gets the output, and the exit code is the container's; 0 after the detach keys."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var detaching: DetachOption

    @Flag(name: .shortAndLong, help: "Show output and pass on signals, until the container ends.")
    var attach = false

    @Flag(name: .shortAndLong, help: "Forward standard input; as --attach.")
    var interactive = false

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func validate() throws {
        if attach || interactive, names.count > 1 {
            throw ValidationError("you cannot start and attach multiple containers at once")
        }
    }

    func run() async throws {
        let client = try global.client()
        guard attach || interactive else {
            return try await forEachName(names) { name throws(CommandFailure) in
                try await client.require(APIPattern.containerStart, on: name, "cannot start '\(name)'")
                try Terminal.output.line(name)
            }
        }
        let what = "cannot start '\(names[0])'"
        guard let container = try await client.container(names[0], what) else {
            throw CommandFailure(what, why: "No such container: \(names[0])")
        }
        var run = AttachedRun(client: client, global: global, request: container.request)
        run.existing = AttachedRun.Existing(id: container.id, starts: true)
        run.request.hasInput = interactive && container.request.hasInput
        run.keys = detaching.keys
        if case .ended(let code) = try await run.run(), code != 0 { throw QuietExit(exitCode: code) }
    }
}

struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop containers and start them again."
    )

    @OptionGroup var global: GlobalOptions

    @Option(
        name: [.customShort("t"), .customLong("timeout"), .customLong("time")],
        help: ArgumentHelp("Seconds before SIGKILL, in place of the container's.", valueName: "seconds")
    )
    var timeout: Int?

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        let query = timeout.map { [(name: "grace", value: "\($0)")] } ?? []
        try await forEachName(names) { name throws(CommandFailure) in
            try await client.require(
                APIPattern.containerRestart,
                on: name,
                query: query,
                "cannot restart '\(name)'"
            )
            try Terminal.output.line(name)
        }
    }
}

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until containers do not run, and write their exit codes."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            let what = "cannot wait for '\(name)'"
            let body = try await client.require(APIPattern.containerWait, on: name, what)
            let answer = try GatewayClient.decode(ContainerWaitBody.self, from: body, what)
            try Terminal.output.line("\(answer.exitCode)")
        }
    }
}

struct RenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a container another name."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Id or name.", transform: NameArgument.anything)
    var container: String

    @Argument(help: "The new name.", transform: NameArgument.anything)
    var name: String

    func run() async throws {
        try await global.client().require(
            APIPattern.containerRename,
            on: container,
            query: [("name", name)],
            "cannot rename '\(container)'"
        )
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop all processes of containers where they are."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            try await client.require(APIPattern.containerPause, on: name, "cannot pause '\(name)'")
            try Terminal.output.line(name)
        }
    }
}

struct UnpauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpause",
        abstract: "Let the processes of paused containers go on."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            try await client.require(APIPattern.containerUnpause, on: name, "cannot unpause '\(name)'")
            try Terminal.output.line(name)
        }
    }
}
