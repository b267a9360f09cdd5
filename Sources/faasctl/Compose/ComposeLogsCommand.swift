// SPDX-License-Identifier: Apache-2.0
// `faasctl compose logs`: the logs of a project's containers.

import ArgumentParser
import Compose

struct ComposeLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print the logs of containers."
    )

    @OptionGroup var targets: ComposeTargets

    @Flag(name: .shortAndLong, help: "Go on until the containers have ended.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Last lines of each container, or all.", valueName: "n")
    )
    var tail = "all"

    @Option(help: ArgumentHelp("From this time on: RFC 3339 or seconds since 1970.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Up to this time.", valueName: "time"))
    var until: String?

    @Flag(name: .shortAndLong, help: "The time in front of each line.")
    var timestamps = false

    @Flag(help: "No names in front of lines.")
    var noLogPrefix = false

    @Flag(help: "No colours.")
    var noColor = false

    func validate() throws {
        guard tail == "all" || Int(tail).map({ $0 >= 0 }) == true else {
            throw ValidationError("--tail: '\(tail)' is not valid, expected a number of lines or all")
        }
    }

    func run() async throws {
        let (session, containers) = try await targets.containers(dependenciesFirst: true)
        var form = ComposeLogs.Form()
        form.follows = follow
        form.tail = Int(tail)
        form.since = since
        form.until = until
        form.hasTimes = timestamps
        form.hasPrefix = !noLogPrefix
        form.hasColour = !noColor && Terminal.output.hasColour
        let shown = containers.map { (id: $0.id, name: "\($0.service)-\($0.number)") }
        try await ComposeLogs(client: session.client, form: form).show(shown)
    }
}
