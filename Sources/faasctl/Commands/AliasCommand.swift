// SPDX-License-Identifier: Apache-2.0
// `faasctl alias`: names for revisions, and how calls are shared between them.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct AliasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Set, list and remove names for revisions.",
        discussion: "A function is called by an alias as NAME:ALIAS, for example /function/hello:prod.",
        subcommands: [AliasSetCommand.self, AliasListCommand.self, AliasRemoveCommand.self]
    )
}

/// One word `REVISION[=WEIGHT]`.
struct AliasTargetArgument: ExpressibleByArgument {
    let target: AliasTarget

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let revision = Int(first), revision > 0 else { return nil }
        var weight: Double?
        if parts.count > 1 {
            let text = parts[1].hasSuffix("%") ? parts[1].dropLast() : parts[1]
            guard let number = Double(text), number > 0, number <= 100 else { return nil }
            weight = number
        }
        target = AliasTarget(revision: revision, weight: weight)
    }
}

struct AliasSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Make an alias lead to a revision, or share its calls between several.",
        discussion: """
            The change is atomic: each call that begins afterwards is shared anew. Weights are percent; one revision \
            may have none and gets the rest: 'faasctl alias set hello prod 7 8=5' sends 5 % of the calls to \
            revision 8 and the others to 7. A revision that an alias names is kept, with its image.

            Examples:

                faasctl alias set hello prod 7
                faasctl alias set hello prod 7 8=5
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The function.", completion: .functions, transform: NameArgument.function)
    var name: String

    @Argument(help: "The alias.", transform: NameArgument.alias)
    var alias: String

    @Argument(
        help: ArgumentHelp("Revisions, each with its weight in percent.", valueName: "revision[=weight]")
    )
    var revisions: [AliasTargetArgument]

    func validate() throws {
        do throws(ModelError) {
            let targets = try FunctionAlias.targets(revisions.map { ($0.target.revision, $0.target.weight) })
            _ = try FunctionAlias(name: AliasName(alias), targets: targets)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        let name = try namespace.qualified(name)
        let what = "cannot set the alias '\(alias)' of '\(name)'"
        var request = GatewayRequest("PUT", APIPattern.alias.path(name, alias))
        try request.setJSON(AliasChange(revisions: revisions.map(\.target)))
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let set = try GatewayClient.decode(AliasBody.self, from: body, what)
            return global.quiet ? "" : "\(name):\(set.name) is \(set.shares)\n"
        }
    }
}

struct AliasListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the aliases of a function.",
        aliases: ["ls"]
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The function.", completion: .functions, transform: NameArgument.function)
    var name: String

    func run() async throws {
        let name = try namespace.qualified(name)
        let what = "cannot list the aliases of '\(name)'"
        let body = try await global.client().require(
            GatewayRequest("GET", APIPattern.aliases.path(name)),
            what
        )
        try global.emit(json: body) { () throws(CommandFailure) in
            let aliases = try GatewayClient.decode([AliasBody].self, from: body, what)
            if global.quiet { return aliases.map { $0.name + "\n" }.joined() }
            var table = Table("ALIAS", "REVISIONS")
            for alias in aliases { table.add(alias.name, alias.shares) }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct AliasRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove aliases; their revisions are kept only as long as others.",
        aliases: ["rm"]
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The function.", completion: .functions, transform: NameArgument.function)
    var name: String

    @Argument(help: ArgumentHelp("The aliases.", valueName: "alias"), transform: NameArgument.alias)
    var aliases: [String]

    func run() async throws {
        let client = try global.client()
        let name = try namespace.qualified(name)
        try await forEachName(aliases) { alias throws(CommandFailure) in
            let request = GatewayRequest("DELETE", APIPattern.alias.path(name, alias))
            _ = try await client.require(request, "cannot remove the alias '\(alias)' of '\(name)'")
            global.remark("removed the alias \(name):\(alias)")
        }
    }
}
