// SPDX-License-Identifier: Apache-2.0
// `faasctl volume`: named volumes.

import ArgumentParser
import Foundation
import GatewayAPI

struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume",
        abstract: "Create, list, inspect and remove named volumes.",
        subcommands: [
            VolumeCreateCommand.self, VolumeListCommand.self, VolumeInspectCommand.self,
            VolumeRemoveCommand.self,
            VolumePruneCommand.self,
        ]
    )
}

extension GatewayClient {
    fileprivate func volumes() async throws(CommandFailure) -> [VolumeBody] {
        let what = "cannot list the volumes"
        return try Self.decode(
            [VolumeBody].self,
            from: try await require(GatewayRequest("GET", APIPath.volumes), what),
            what
        )
    }
}

extension VolumeBody {
    /// As Docker's inspect has it.
    fileprivate var value: TemplateValue {
        .members([
            "CreatedAt": .text(createdAt.formatted(.iso8601)),
            "Driver": .text("local"),
            "Labels": .texts(labels),
            "Mountpoint": .text(mountpoint),
            "Name": .text(name),
            "Options": .null,
            "Scope": .text("local"),
        ])
    }
}

struct VolumeCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a volume, and write its name."
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Label; repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Argument(help: "A name; without one a random one.", transform: NameArgument.anything)
    var name: String?

    func run() async throws {
        let what = "cannot create the volume"
        var request = GatewayRequest("POST", APIPath.volumes)
        try request.setJSON(VolumeRequest(name: name, labels: ContainerOptions.map(label)))
        let body = try await global.client().require(request, what)
        try Terminal.output.line(try GatewayClient.decode(VolumeBody.self, from: body, what).name)
    }
}

struct VolumeListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the volumes.",
        aliases: ["list"]
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("A Go template, 'table TEMPLATE' or json.", valueName: "format"))
    var format: String?

    func run() async throws {
        let volumes = try await global.client().volumes()
        if global.quiet { return try Terminal.output.write(volumes.map { $0.name + "\n" }.joined().utf8) }
        let list = FormattedList(
            format: format,
            standard: "{{.Driver}}\t{{.Name}}",
            heads: ["Name": "VOLUME NAME"]
        )
        try Terminal.output.write(try list.text(volumes.map(\.value)).utf8)
    }
}

struct VolumeInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show volumes as JSON."
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("A Go template, or json.", valueName: "format"))
    var format: String?

    @Argument(help: "Names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let volumes = try await global.client().volumes()
        var values: [TemplateValue] = []
        for name in names {
            guard let volume = volumes.first(where: { $0.name == name }) else {
                throw CommandFailure("cannot inspect '\(name)'", why: "no such volume: \(name)")
            }
            values.append(volume.value)
        }
        try Terminal.output.write(try InspectCommand.text(values, format).utf8)
    }
}

struct VolumeRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove volumes with their files; one that a container names is refused.",
        aliases: ["remove"]
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Unknown names are no error.")
    var force = false

    @Argument(help: "Names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            var request = GatewayRequest("DELETE", APIPattern.volume.path(name))
            if force { request.query = [("force", "true")] }
            _ = try await client.require(request, "cannot remove the volume '\(name)'")
            try Terminal.output.line(name)
        }
    }
}

struct VolumePruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove volumes that no container names."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    func run() async throws {
        guard force || ContainerPruneCommand.isConfirmed("all volumes that no container names") else {
            return
        }
        let client = try global.client()
        let unused = try await client.volumes().filter(\.containers.isEmpty).map(\.name)
        try await client.prune(unused, at: .volume, kind: "volume", title: "Volumes")
    }
}
