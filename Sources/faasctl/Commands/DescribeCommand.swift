// SPDX-License-Identifier: Apache-2.0
// `faasctl describe NAME`: prints one function with its complete configuration.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show a function and its configuration."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The function.", completion: .functions, transform: NameArgument.function)
    var name: String

    func run() async throws {
        let name = try namespace.qualified(name)
        let what = "cannot describe '\(name)'"
        let client = try global.client()
        let request = GatewayRequest("GET", APIPattern.function.path(name))
        let body = try await client.require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let function = try GatewayClient.decode(FunctionStatusBody.self, from: body, what)
            return try Self.text(function, address: client.address)
        }
    }

    private static func text(_ function: FunctionStatusBody, address: String) throws(CommandFailure) -> String
    {
        let detail = function.mayfly
        var rows = [
            ("Name", function.name), ("Namespace", function.namespace ?? ""), ("Image", function.shownImage),
            ("Digest", detail?.imageDigest.description ?? ""),
            ("Revision", detail.map { "\($0.revision)" } ?? ""),
            ("Created", Moment.text(function.createdAt)),
            ("Calls", "\(Int(function.invocationCount ?? 0))"),
            (
                "Now",
                "\(detail?.running ?? 0) running, \(detail?.waiting ?? 0) waiting, \(detail?.ready ?? 0) ready"
            ),
            ("State", detail?.failure ?? "ok"), ("Template", detail?.template.map(Self.text) ?? ""),
            ("URL", "\(address)/function/\(function.qualifiedName)"),
        ]
        for route in detail?.configuration.routes ?? [] { rows.append(("Route", "\(route)")) }
        for revision in detail?.revisions ?? [] where detail?.revisions?.count ?? 0 > 1 {
            let isCurrent = revision.revision == detail?.revision
            let notes = (isCurrent ? ["current"] : []) + revision.aliases
            let note = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
            rows.append(
                ("Kept", "\(revision.revision) \(revision.image), \(Moment.text(revision.createdAt))" + note)
            )
        }
        for alias in detail?.aliases ?? [] { rows.append(("Alias", "\(alias.name): \(alias.shares)")) }
        rows.removeAll { $0.1.isEmpty }
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        var text = rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count) + $0.1 + "\n" }
            .joined()
        if let configuration = detail?.configuration {
            text += "\n" + (try yaml(configuration))
        }
        return text
    }

    private static func text(_ template: FunctionDetail.Template) -> String {
        template.refusal.map { "not used: \($0)" }
            ?? "\(template.copies) copies so far, \(template.slots) processes to copy now"
    }

    /// The configuration in the form of a function.yaml.
    private static func yaml(_ configuration: FunctionConfiguration) throws(CommandFailure) -> String {
        do {
            return try YAMLOutput.text(ofJSON: APIJSON.encode(configuration))
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("cannot write the configuration", why: "\(error)")
        }
    }
}
