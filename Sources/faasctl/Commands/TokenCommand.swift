// SPDX-License-Identifier: Apache-2.0
// `faasctl token`: bearer tokens for clients that are not the administrator.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Create, list and revoke bearer tokens.",
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self]
    )
}

extension TokenScope: ExpressibleByArgument {}

struct TokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a token and print it, this once.",
        discussion: """
            A client sends it as 'Authorization: Bearer TOKEN'; faasctl takes it from $FAASCTL_TOKEN. \
            Clients of AWS Lambda sign with the token's id and a secret access key: --aws prints both.

            Examples:

                faasctl token create --name ci --scope deploy --expires 30d
                faasctl token create --function hello
            """
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: "What lists and logs call it.")
    var name: String?

    @Option(help: "What it may do; repeatable. Default: invoke.")
    var scope: [TokenScope] = []

    @Option(
        help: "Limit it to this function; repeatable.",
        completion: .functions,
        transform: NameArgument.function
    )
    var function: [String] = []

    @Option(
        name: [.customShort("n"), .customLong("namespace")],
        help: "Limit it to the functions and secrets of this namespace; repeatable.",
        completion: .namespaces,
        transform: NameArgument.namespace
    )
    var namespaces: [String] = []

    @Option(help: "How long it lasts, for example 30d. Default: until it is revoked.", transform: span)
    var expires: TimeSpan?

    @Flag(help: "Print what AWS's clients sign with, as lines for a shell.")
    var aws = false

    private static func span(_ text: String) throws -> TimeSpan {
        do throws(ModelError) { return try TimeSpan(text, field: "--expires") } catch {
            throw ValidationError("expected " + error.expected)
        }
    }

    func run() async throws {
        let what = "cannot create a token"
        var body = AccessTokenCreation()
        body.name = name
        body.scopes = scope.isEmpty ? nil : scope
        body.functions = function.isEmpty ? nil : function
        body.namespaces = namespaces.isEmpty ? nil : namespaces
        body.expires = expires
        var request = GatewayRequest("POST", APIPath.tokens)
        try request.setJSON(body)
        let answer = try await global.client().require(request, what)
        // For people the token alone, so that a shell can keep it in a variable.
        try global.emit(json: answer) { () throws(CommandFailure) in
            let made = try GatewayClient.decode(AccessTokenBody.self, from: answer, what)
            global.remark("created the token \(made.id); it is not shown again")
            guard aws else { return (made.token ?? "") + "\n" }
            return "export AWS_ACCESS_KEY_ID=\(made.id)\n"
                + "export AWS_SECRET_ACCESS_KEY=\(made.secretAccessKey ?? "")\n"
        }
    }
}

struct TokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tokens, oldest first, without the tokens themselves.",
        aliases: ["ls"]
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let what = "cannot list the tokens"
        let body = try await global.client().require(GatewayRequest("GET", APIPath.tokens), what)
        try global.emit(json: body) { () throws(CommandFailure) in
            var table = Table("ID", "NAME", "SCOPES", "FUNCTIONS", "NAMESPACES", "EXPIRES", "LAST USED")
            for token in try GatewayClient.decode([AccessTokenBody].self, from: body, what) {
                table.add(
                    token.id,
                    token.name,
                    token.scopes.map(\.rawValue).joined(separator: " "),
                    token.functions?.joined(separator: " ") ?? "all",
                    token.namespaces?.joined(separator: " ") ?? "all",
                    token.expiresAt.map { Moment.text($0) } ?? "never",
                    token.lastUsedAt.map { Moment.text($0) } ?? "never"
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke tokens: this gateway accepts no request with them any more.",
        aliases: ["rm"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The tokens' ids.", transform: NameArgument.anything)
    var ids: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(ids) { id throws(CommandFailure) in
            let request = GatewayRequest("DELETE", APIPattern.token.path(id))
            _ = try await client.require(request, "cannot revoke the token '\(id)'")
            global.remark("revoked the token \(id)")
        }
    }
}
