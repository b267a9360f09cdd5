// SPDX-License-Identifier: Apache-2.0
// `faasctl secret`: manages values that functions read as files.

import ArgumentParser
import Foundation
import GatewayAPI

struct SecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Create, list and remove secrets.",
        subcommands: [SecretCreateCommand.self, SecretListCommand.self, SecretRemoveCommand.self]
    )
}

struct SecretCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create or replace a secret.",
        discussion: """
            The value comes from --from-file or standard input: on the command line others could see it.

            Examples:

                faasctl secret create api-key --from-file key.txt
                printf %s "$KEY" | faasctl secret create api-key
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The secret's name.", completion: .secrets, transform: NameArgument.secret)
    var name: String

    @Option(help: ArgumentHelp("File with the value, stored unchanged.", valueName: "file"))
    var fromFile: String?

    /// The size limit of Kubernetes secrets.
    private static let valueBytesMax = 1 << 20

    func run() async throws {
        let what = "cannot create the secret '\(name)'"
        let value = try readValue(what)
        let client = try global.client()
        let body = SecretBody(
            name: name,
            namespace: namespace.name,
            rawValue: value.base64EncodedString()
        )
        var update = GatewayRequest("PUT", APIPath.secrets)
        try update.setJSON(body)
        let response = try await client.exchange(update)
        if response.head.status == 404 {
            var create = GatewayRequest("POST", APIPath.secrets)
            try create.setJSON(body)
            _ = try await client.require(create, what)
        } else if !response.head.isSuccess {
            throw client.failure(response, what)
        }
        global.remark("stored the secret \(name)")
    }

    private func readValue(_ what: String) throws(CommandFailure) -> Data {
        guard let file = FileHandle(forReadingAtPath: fromFile ?? "/dev/stdin") else {
            throw CommandFailure(what, why: "\(fromFile ?? "standard input"): \(systemMessage(errno))")
        }
        do {
            var value = Data()
            while value.count <= Self.valueBytesMax {
                guard let piece = try file.read(upToCount: Self.valueBytesMax), !piece.isEmpty else { break }
                value += piece
            }
            guard value.count <= Self.valueBytesMax else {
                throw CommandFailure(what, why: "the value is larger than 1 MiB")
            }
            return value
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(what, why: error.localizedDescription)
        }
    }
}

struct SecretListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the secrets' names.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    func run() async throws {
        let what = "cannot list the secrets"
        var request = GatewayRequest("GET", APIPath.secrets)
        if let name = namespace.name { request.query = [("namespace", name)] }
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let secrets = try GatewayClient.decode([SecretEntry].self, from: body, what)
            if global.quiet { return secrets.map { $0.name + "\n" }.joined() }
            var table = Table("NAME")
            for secret in secrets { table.add(secret.name) }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct SecretRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove secrets that no function uses.",
        aliases: ["rm"]
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Flag(
        help: "Remove them although functions use them; these serve nothing until the secret is made again."
    )
    var force = false

    @Argument(help: "The secrets.", completion: .secrets, transform: NameArgument.secret)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            var request = GatewayRequest("DELETE", APIPath.secrets)
            try request.setJSON(SecretBody(name: name, namespace: namespace.name))
            if force { request.query = [("force", "true")] }
            _ = try await client.require(request, "cannot remove the secret '\(name)'")
            global.remark("removed the secret \(name)")
        }
    }
}
