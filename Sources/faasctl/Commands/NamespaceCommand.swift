// SPDX-License-Identifier: Apache-2.0
// `faasctl namespace`: names for functions and secrets that are apart from all others.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct NamespaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespace",
        abstract: "Create, list and remove namespaces.",
        subcommands: [
            NamespaceCreateCommand.self, NamespaceListCommand.self, NamespaceRemoveCommand.self,
        ]
    )
}

struct NamespaceCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a namespace.",
        discussion: "Functions of different namespaces may have the same name, and share no secret."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The namespace.", transform: NameArgument.namespace)
    var name: String

    @Option(help: ArgumentHelp("A label; repeatable.", valueName: "k=v"), transform: NamespaceNote.parse)
    var label: [NamespaceNote] = []

    @Option(
        help: ArgumentHelp("An annotation; repeatable.", valueName: "k=v"),
        transform: NamespaceNote.parse
    )
    var annotation: [NamespaceNote] = []

    func run() async throws {
        var body = NamespaceBody(name: name)
        body.labels = NamespaceNote.dictionary(label)
        body.annotations = NamespaceNote.dictionary(annotation)
        var request = GatewayRequest("POST", APIPath.namespace)
        try request.setJSON(body)
        _ = try await global.client().require(request, "cannot create the namespace '\(name)'")
        global.remark("created the namespace \(name)")
    }
}

/// One word `KEY=VALUE`.
struct NamespaceNote: Hashable, Sendable {
    var key: String
    var value: String

    static func parse(_ text: String) throws -> NamespaceNote {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("expected KEY=VALUE") }
        return NamespaceNote(key: String(parts[0]), value: String(parts[1]))
    }

    /// The last one of a key counts.
    static func dictionary(_ notes: [NamespaceNote]) -> [String: String] {
        Dictionary(notes.map { ($0.key, $0.value) }) { $1 }
    }
}

struct NamespaceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the namespaces.",
        aliases: ["ls"]
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let what = "cannot list the namespaces"
        let body = try await global.client().require(GatewayRequest("GET", APIPath.namespaces), what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let names = try GatewayClient.decode([String].self, from: body, what)
            if global.quiet { return names.map { $0 + "\n" }.joined() }
            var table = Table("NAME")
            for name in names { table.add(name) }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct NamespaceRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove namespaces without functions and secrets.",
        aliases: ["rm"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The namespaces.", completion: .namespaces, transform: NameArgument.namespace)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            let request = GatewayRequest("DELETE", APIPattern.namespace.path(name))
            _ = try await client.require(request, "cannot remove the namespace '\(name)'")
            global.remark("removed the namespace \(name)")
        }
    }
}
