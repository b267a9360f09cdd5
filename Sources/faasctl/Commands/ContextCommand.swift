// SPDX-License-Identifier: Apache-2.0
// `faasctl context`: the user's gateways by name.

import ArgumentParser
import Foundation
import GatewayAPI

struct ContextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "Keep several gateways by name, and choose one.",
        discussion: """
            Contexts are in $XDG_CONFIG_HOME/mayfly/contexts.json, which only its owner can read. The address of a \
            command is --gateway, else $FAASCTL_GATEWAY or $OPENFAAS_URL, else the context's, else a stack.yaml's, \
            else the default.
            """,
        subcommands: [
            ContextAddCommand.self, ContextListCommand.self, ContextUseCommand.self,
            ContextRemoveCommand.self,
        ]
    )

    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// A context's name: one word of a table.
    static func name(_ text: String) throws -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII && (character.isLetter || character.isNumber)
                || "-_.".utf8.contains(byte)
        }
        guard isPlain, (1...64).contains(text.utf8.count) else {
            throw ValidationError("expected 1 to 64 letters, digits, '-', '_' or '.'")
        }
        return text
    }

    static func unknown(_ name: String) -> CommandFailure {
        CommandFailure(
            "cannot use the context '\(name)'",
            why: "there is none of this name",
            next: "see 'faasctl context list'"
        )
    }
}

struct ContextAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add or replace a gateway.",
        discussion: """
            A token or a password comes from standard input: on the command line others could see it. The first \
            context is used at once.

            Examples:

                faasctl context add prod --gateway https://faas.example.com --token-stdin < token.txt
            """
    )

    @Argument(help: "What to call it.", transform: ContextCommand.name)
    var name: String

    @Option(help: ArgumentHelp("The gateway's address.", valueName: "url"))
    var gateway: String

    @Flag(help: "Read a token from standard input.")
    var tokenStdin = false

    @Option(name: .shortAndLong, help: ArgumentHelp("User name.", valueName: "user"))
    var username: String?

    @Flag(help: "Read the user's password from standard input.")
    var passwordStdin = false

    @OptionGroup var tls: TLSOptions

    @Flag(name: .shortAndLong, help: "Print no remarks.")
    var quiet = false

    func validate() throws {
        guard !tokenStdin || (username == nil && !passwordStdin) else {
            throw ValidationError("a token and a password exclude each other")
        }
        guard passwordStdin == (username != nil) else {
            throw ValidationError("--username and --password-stdin belong together")
        }
    }

    func run() async throws {
        let what = "cannot add the context '\(name)'"
        let address = try GatewayAddress.checked(gateway)
        try tls.check(for: address)
        var context = GatewayContext(gateway: address)
        context.roots = tls.trustedRoots.map(Self.absolute)
        context.certificate = tls.certificate.map(Self.absolute)
        context.key = tls.key.map(Self.absolute)
        if tokenStdin { context.token = try PasswordPrompt.whole(what) }
        if let username {
            context.user = username
            context.password = try PasswordPrompt.whole(what)
        }
        let environment = ContextCommand.environment
        var file = try ContextFile.read(environment: environment)
        guard file.contexts[name] != nil || file.contexts.count < ContextFile.countMax else {
            throw CommandFailure(what, why: "there are \(ContextFile.countMax) already")
        }
        file.contexts[name] = context
        if file.used == nil { file.current = name }
        try file.write(environment: environment)
        guard !quiet else { return }
        let use = file.current == name ? ", in use" : "; use it with 'faasctl context use \(name)'"
        Terminal.error.remark("added the context \(name)" + use)
    }

    /// Commands run in other folders.
    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).path }
}

struct ContextListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the gateways; '*' marks the one in use.",
        aliases: ["ls"]
    )

    @Option(name: .shortAndLong, help: "Result as a table for people, or json or yaml for programs.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    /// Without secrets.
    private struct Entry: Encodable {
        var name: String
        var gateway: String
        var credentials: String
        var current: Bool
    }

    func run() async throws {
        let file = try ContextFile.read(environment: ContextCommand.environment)
        let entries = file.contexts.sorted { $0.key < $1.key }.map { name, context in
            let kind = context.token != nil ? "token" : context.user != nil ? "password" : "none"
            let credentials = context.certificate == nil ? kind : kind + ", certificate"
            return Entry(
                name: name,
                gateway: context.gateway,
                credentials: credentials,
                current: name == file.current
            )
        }
        let json: Data
        do { json = try APIJSON.encode(entries) } catch {
            throw CommandFailure("cannot list the contexts", why: "\(error)")
        }
        try output.emit(json: json) {
            if quiet { return entries.map { $0.name + "\n" }.joined() }
            var table = Table("", "NAME", "GATEWAY", "CREDENTIALS")
            for entry in entries {
                table.add(entry.current ? "*" : "", entry.name, entry.gateway, entry.credentials)
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct ContextUseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Choose the gateway of later commands."
    )

    @Argument(help: "The context.", completion: .contexts, transform: ContextCommand.name)
    var name: String

    @Flag(name: .shortAndLong, help: "Print no remarks.")
    var quiet = false

    func run() async throws {
        let environment = ContextCommand.environment
        var file = try ContextFile.read(environment: environment)
        guard let context = file.contexts[name] else { throw ContextCommand.unknown(name) }
        file.current = name
        try file.write(environment: environment)
        if !quiet { Terminal.error.remark("using \(context.gateway)") }
    }
}

struct ContextRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove gateways with their credentials.",
        aliases: ["rm"]
    )

    @Argument(
        help: ArgumentHelp("The contexts.", valueName: "name"),
        completion: .contexts,
        transform: ContextCommand.name
    )
    var names: [String]

    @Flag(name: .shortAndLong, help: "Print no remarks.")
    var quiet = false

    func run() async throws {
        let environment = ContextCommand.environment
        try await forEachName(names) { name throws(CommandFailure) in
            var file = try ContextFile.read(environment: environment)
            guard file.contexts.removeValue(forKey: name) != nil else { throw ContextCommand.unknown(name) }
            if file.current == name { file.current = nil }
            try file.write(environment: environment)
            if !quiet { Terminal.error.remark("removed the context \(name)") }
        }
    }
}
