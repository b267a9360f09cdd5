// SPDX-License-Identifier: Apache-2.0
// `faasctl compose ps`: the containers of a project.

import ArgumentParser
import Compose
import Foundation
import FunctionModel
import GatewayAPI

struct ComposePsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List the containers of a project."
    )

    /// The form of the list.
    enum Form: String, ExpressibleByArgument, CaseIterable { case table, json }

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    @Flag(name: .shortAndLong, help: "List those that have ended and those of compose run as well.")
    var all = false

    @Option(help: "table or json.")
    var format = Form.table

    @Flag(name: .customLong("services"), help: "Print the names of services only.")
    var onlyServices = false

    func run() async throws {
        let session = try ComposeSession.open(
            targets.global,
            targets.project,
            short: short,
            chosen: targets.services
        )
        let selected = session.project.selection(targets.services, withDependencies: false)
        let shown = try await session.containers().filter { body in
            guard let container = ObservedContainer(body) else { return false }
            let isWanted = targets.services.isEmpty || selected.contains(container.service)
            return isWanted && (all || (container.isRunning && !container.isOneOff))
        }.sorted { $0.name < $1.name }
        if onlyServices {
            for name in Set(shown.compactMap { $0.request.labels[ComposeLabel.service] }).sorted() {
                try Terminal.output.line(name)
            }
            return
        }
        if session.global.quiet {
            for body in shown { try Terminal.output.line(body.id) }
            return
        }
        let json = try APIJSON.encode(shown)
        let output: OutputFormat = format == .json ? .json : session.global.output
        try output.emit(json: json) { Self.table(of: shown, now: Date()) }
    }

    private static func table(of bodies: [ContainerBody], now: Date) -> String {
        var table = Table("NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS")
        for body in bodies {
            let row = PsRow(body, now: now)
            let members = row.value(isWhole: false, now: now)
            table.add(
                row.name,
                row.image,
                members["Command"]?.text ?? "",
                body.request.labels[ComposeLabel.service] ?? "",
                members["RunningFor"]?.text ?? "",
                row.status,
                members["Ports"]?.text ?? ""
            )
        }
        return table.text(colour: Terminal.output.hasColour)
    }
}
