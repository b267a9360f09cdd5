// SPDX-License-Identifier: Apache-2.0
// `faasctl diff` and `faasctl commit`: what a container changed of its image.

import ArgumentParser
import Foundation
import GatewayAPI

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List what a container changed of its image.",
        discussion: """
            One path a line, by path: A was added, C changed, D removed. Volumes are no part of it. A container of \
            --rm has its files in memory and is refused.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Id or name.", transform: NameArgument.anything)
    var container: String

    func run() async throws {
        let what = "cannot list the changes of '\(container)'"
        var request = GatewayRequest("GET", APIPattern.containerChanges.path(container))
        // The gateway reads the whole layer before it answers.
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let answer = try await global.client().exchange(request)
        if answer.isUnknownContainer { throw CommandFailure(what, why: "No such container: \(container)") }
        guard answer.head.isSuccess else { throw try global.client().failure(answer, what) }
        let changes = try GatewayClient.decode([LayerChangeBody].self, from: answer.body, what)
        try global.emit(json: answer.body) {
            changes.map { "\($0.kind.letter) \($0.path)\n" }.joined()
        }
    }
}

struct CommitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Make an image of a container's files and settings.",
        discussion: """
            What the container changed becomes a layer above its image; volumes are no part of it. Command, variables, \
            folder, user, labels and ports are those that it runs with. Writes the image's id. A running container is \
            paused meanwhile; one of --rm has its files in memory and is refused.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Who made it, such as 'A <a@b.c>'.", valueName: "text"))
    var author: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("What it is, for the image's history.", valueName: "text")
    )
    var message: String?

    @Option(
        name: .shortAndLong,
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, SHELL, STOPSIGNAL, USER, "
                + "VOLUME or WORKDIR; repeatable.",
            valueName: "instruction"
        )
    )
    var change: [String] = []

    @Option(help: ArgumentHelp("Pause it meanwhile: true (the default) or false.", valueName: "bool"))
    var pause = true

    @Flag(name: .customShort("p"), help: "As --pause true.")
    var pauses = false

    @Argument(help: "Id or name.", transform: NameArgument.anything)
    var container: String

    @Argument(help: "The image's name; without one it stays until 'faasctl image prune'.")
    var reference: String?

    func run() async throws {
        let what = "cannot commit '\(container)'"
        var query = change.map { (name: "change", value: $0) }
        if let reference { query.append(("reference", reference)) }
        if let message { query.append(("message", message)) }
        if let author { query.append(("author", author)) }
        if !pause, !pauses { query.append(("pause", "false")) }
        let body = try await global.client()
            .require(APIPattern.containerCommit, on: container, query: query, what)
        let image = try GatewayClient.decode(CommitBody.self, from: body, what)
        try global.emit(json: body) { "\(image.id)\n" }
    }
}
