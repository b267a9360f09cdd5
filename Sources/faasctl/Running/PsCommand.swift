// SPDX-License-Identifier: Apache-2.0
// `faasctl ps`: what runs now.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct PsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List the containers and calls that run, with -a also containers that do not.",
        discussion: """
            With a function's name or --namespace: calls and what they use. With --quiet only ids are written, as 'faasctl stop' \
            and 'faasctl kill' take them. With --output json: what runs now and what it uses.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Only calls of this function.", completion: .functions, transform: NameArgument.function)
    var name: String?

    // Docker's 'ps -n' is the number of containers.
    @Option(
        help: ArgumentHelp("Only calls of functions of this namespace, or of NAME in it.", valueName: "name"),
        completion: .namespaces,
        transform: NameArgument.namespace
    )
    var namespace: String?

    @Flag(name: .shortAndLong, help: "Also containers that do not run.")
    var all = false

    @Option(
        name: [.customShort("n"), .customLong("last")],
        help: ArgumentHelp("The last containers that were created, in any state.", valueName: "n")
    )
    var last: Int?

    @Flag(name: .shortAndLong, help: "The last container that was created, in any state.")
    var latest = false

    @Option(
        name: [.customShort("f"), .customLong("filter")],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            """
            id, name, label, status, exited, ancestor, volume, health, network, before, since, publish or expose; \
            repeatable.
            """,
            valueName: "k=v"
        )
    )
    var filter: [String] = []

    @Option(help: ArgumentHelp("A Go template, 'table TEMPLATE' or json.", valueName: "format"))
    var format: String?

    @Flag(name: .customLong("no-trunc"), help: "Write whole ids and commands.")
    var isWhole = false

    @Flag(name: .shortAndLong, help: "Also the size of each writable layer on the disk.")
    var size = false

    func run() async throws {
        let client = try global.client()
        if name != nil || namespace != nil || global.output != .table { return try await listRunning(client) }
        let rows = try await rows(client)
        if global.quiet {
            let ids = rows.map { isWhole ? $0.id : String($0.id.prefix(RunningTable.idCharacters)) }
            return try Terminal.output.write(ids.map { $0 + "\n" }.joined().utf8)
        }
        let standard = Self.standard + (size ? "\t{{.Size}}" : "")
        let list = FormattedList(format: format, standard: standard, heads: Self.heads)
        try Terminal.output.write(try list.text(rows.map { $0.value(isWhole: isWhole) }).utf8)
    }

    private static let standard =
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
    private static let heads = ["ID": "CONTAINER ID", "RunningFor": "CREATED", "CreatedAt": "CREATED AT"]

    /// Newest first, as Docker has it.
    private func rows(_ client: GatewayClient) async throws(CommandFailure) -> [PsRow] {
        var filter = try ContainerFilter(filter)
        if filter.namesOthers { try filter.resolve(try await client.containers(all: true)) }
        let bound = latest ? 1 : last
        let isComplete = all || bound != nil || filter.includesStopped
        var rows = try await client.containers(all: isComplete).map { PsRow($0) }
        if size || format?.contains(".Size") == true {
            let disk = try await client.disk("cannot list the containers").body
            let sizes = Dictionary(disk.containerList.map { ($0.name, $0.sizeBytes) }) { first, _ in first }
            for index in rows.indices { rows[index].sizeBytes = sizes[rows[index].name] ?? 0 }
        }
        if bound == nil {
            rows += try await client.running().list.filter { $0.kind == "call" }.map {
                PsRow($0)
            }
        }
        rows = rows.filter(filter.accepts).sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
        return bound.map { Array(rows.prefix(max(0, $0))) } ?? rows
    }

    private func listRunning(_ client: GatewayClient) async throws(CommandFailure) {
        var option = NamespaceOption()
        option.name = namespace
        let (body, list) = try await client.running(try option.query(function: name))
        try global.emit(json: body) { () throws(CommandFailure) in
            var table = RunningTable(isWhole: isWhole)
            table.look(list)
            if global.quiet { return table.ids.map { $0 + "\n" }.joined() }
            return table.table(isTop: false).text(colour: Terminal.output.hasColour)
        }
    }
}
