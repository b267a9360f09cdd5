// SPDX-License-Identifier: Apache-2.0
// `faasctl stats`: what containers and calls use now, in Docker's columns.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show what running containers use of processors and memory.",
        discussion: "The table is written again each second until interrupted; with --no-stream once."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .customLong("no-stream"), help: "Write it once.")
    var once = false

    @Option(help: ArgumentHelp("A Go template, 'table TEMPLATE' or json.", valueName: "format"))
    var format: String?

    @Argument(help: "Ids or names; all without one.", transform: NameArgument.anything)
    var names: [String] = []

    func run() async throws {
        let client = try global.client()
        var table = RunningTable()
        table.look(try await client.running().list)
        repeat {
            try await Task.sleep(for: .seconds(1))
            let list = try await client.running().list
            table.look(list)
            let containers = try await client.containers(all: false)
            var bodies: [String: ContainerBody] = [:]
            for container in containers { bodies[container.id] = container }
            let chosen = list.filter { Self.isNamed($0, bodies[$0.id], names) }
            for name in names where !list.contains(where: { Self.isNamed($0, bodies[$0.id], [name]) }) {
                throw CommandFailure("cannot show '\(name)'", why: "No such container: \(name)")
            }
            let values = chosen.map { Self.value($0, bodies[$0.id], share: table.share($0)) }
            let text = try FormattedList(format: format, standard: Self.standard, heads: Self.heads).text(
                values
            )
            let clears = !once && Terminal.output.isInteractive
            // Clears the screen (ECMA-48: CUP, ED).
            try Terminal.output.write(((clears ? "\u{1B}[H\u{1B}[2J" : "") + text).utf8)
        } while !once
    }

    private static let standard =
        "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.PIDs}}"
    private static let heads = [
        "ID": "CONTAINER ID", "CPUPerc": "CPU %", "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %",
    ]

    private static func isNamed(_ one: RunningBody, _ body: ContainerBody?, _ names: [String]) -> Bool {
        names.isEmpty
            || names.contains {
                one.id.hasPrefix($0) || body?.name == $0 || one.function == $0 || one.container == $0
            }
    }

    private static func value(_ one: RunningBody, _ body: ContainerBody?, share: Double?) -> TemplateValue {
        let limit = body?.request.memory?.bytes
        let used = one.memoryBytes.map(Moment.text(bytes:)) ?? "--"
        let part = limit.flatMap { limit in one.memoryBytes.map { 100 * Double($0) / Double(limit) } }
        func percent(_ value: Double?) -> String { value.map { String(format: "%.2f%%", $0) } ?? "--" }
        return .members([
            "Container": .text(one.id),
            "ID": .text(String(one.id.prefix(ContainerName.shortIDLength))),
            "Name": .text(body?.name ?? one.function ?? one.container),
            "CPUPerc": .text(percent(share)),
            "MemUsage": .text("\(used) / \(limit.map(Moment.text(bytes:)) ?? "--")"),
            "MemPerc": .text(percent(part)),
            "PIDs": .text(one.processes.map(String.init) ?? "--"),
        ])
    }
}
