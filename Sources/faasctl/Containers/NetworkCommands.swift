// SPDX-License-Identifier: Apache-2.0
// `faasctl network`: networks, in which containers reach each other by name.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network",
        abstract: "Create, list, inspect and remove networks of containers, and change who is in them.",
        discussion: """
            Containers of a network reach every TCP port of each other, by name. A network leads nowhere else: \
            'faasctl run --network egress --network NAME' reaches the internet, too.
            """,
        subcommands: [
            NetworkCreateCommand.self, NetworkListCommand.self, NetworkInspectCommand.self,
            NetworkConnectCommand.self, NetworkDisconnectCommand.self,
            NetworkRemoveCommand.self, NetworkPruneCommand.self,
        ]
    )
}

extension GatewayClient {
    fileprivate func networks() async throws(CommandFailure) -> [NetworkBody] {
        try await value(
            [NetworkBody].self,
            GatewayRequest("GET", APIPath.networks),
            "cannot list the networks"
        )
    }
}

extension NetworkBody {
    /// As Docker's inspect has it.
    fileprivate var value: TemplateValue {
        let members = containers.map { member in
            TemplateValue.Member(
                name: member.id,
                value: .members([
                    "Name": .text(member.name),
                    "IPv4Address": .text(member.address + "/24"),
                    "IPv6Address": .text(""),
                ])
            )
        }
        return .members([
            "Name": .text(name),
            "Id": .text(id),
            "Created": .text(APIJSON.timestamp(createdAt)),
            "Scope": .text("local"),
            "Driver": .text(Self.driver),
            "EnableIPv6": .bool(false),
            "IPAM": .members(["Config": .list([.members(["Subnet": .text(subnet)])])]),
            "Internal": .bool(true),
            "Containers": .object(members),
            "Labels": .texts(labels),
        ])
    }

    /// The members of a line of the list.
    fileprivate var row: TemplateValue {
        .members([
            "ID": .text(String(id.prefix(ContainerName.shortIDLength))),
            "Name": .text(name),
            "Driver": .text(Self.driver),
            "Scope": .text("local"),
            "CreatedAt": .text(Moment.marked(createdAt)),
            "Internal": .text("true"),
            "IPv6": .text("false"),
            "Labels": .text(labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ",")),
        ])
    }

    /// Docker's word where the gateway carries connections between members itself.
    private static let driver = "links"
}

struct NetworkCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a network, and write its id."
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Label; repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Argument(help: "A name.", transform: NameArgument.anything)
    var name: String

    func run() async throws {
        let what = "cannot create the network"
        var request = GatewayRequest("POST", APIPath.networks)
        try request.setJSON(NetworkRequest(name: name, labels: ContainerOptions.map(label)))
        try Terminal.output.line(try await global.client().value(NetworkBody.self, request, what).id)
    }
}

struct NetworkListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the networks.",
        aliases: ["list"]
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("A Go template, 'table TEMPLATE' or json.", valueName: "format"))
    var format: String?

    func run() async throws {
        let networks = try await global.client().networks()
        if global.quiet {
            let ids = networks.map { $0.id.prefix(ContainerName.shortIDLength) + "\n" }
            return try Terminal.output.write(ids.joined().utf8)
        }
        let list = FormattedList(
            format: format,
            standard: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
            heads: ["ID": "NETWORK ID"]
        )
        try Terminal.output.write(try list.text(networks.map(\.row)).utf8)
    }
}

struct NetworkInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show networks as JSON, in Docker's form."
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("A Go template, or json.", valueName: "format"))
    var format: String?

    @Argument(help: "Names or ids.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        var values: [TemplateValue] = []
        for name in names {
            let request = GatewayRequest("GET", APIPattern.network.path(name))
            values.append(try await client.value(NetworkBody.self, request, "cannot inspect '\(name)'").value)
        }
        try Terminal.output.write(try InspectCommand.text(values, format).utf8)
    }
}

struct NetworkRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove networks; one that a container is in is refused.",
        aliases: ["remove"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Names or ids.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            let request = GatewayRequest("DELETE", APIPattern.network.path(name))
            _ = try await client.require(request, "cannot remove the network '\(name)'")
            try Terminal.output.line(name)
        }
    }
}

struct NetworkPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove networks that no container is in."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    func run() async throws {
        guard force || ContainerPruneCommand.isConfirmed("all networks that no container is in") else {
            return
        }
        let client = try global.client()
        let unused = try await client.networks().filter(\.containers.isEmpty).map(\.name)
        try await client.prune(unused, at: .network, kind: "network", title: "Networks")
    }
}
