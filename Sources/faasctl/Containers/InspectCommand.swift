// SPDX-License-Identifier: Apache-2.0
// `faasctl inspect NAME...`: containers in Docker's JSON form.

import ArgumentParser
import Foundation
import GatewayAPI

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show containers as JSON, in Docker's form.",
        discussion: "Images: 'faasctl image inspect'. Functions: 'faasctl describe'."
    )

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A Go template, such as '{{.State.ExitCode}}', or json.", valueName: "format")
    )
    var format: String?

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        var values: [TemplateValue] = []
        var missing: [String] = []
        for name in names {
            if let container = try await client.container(name, "cannot inspect '\(name)'") {
                values.append(ContainerInspection.value(container))
            } else {
                missing.append(name)
            }
        }
        if !values.isEmpty || format == nil { try Terminal.output.write(try Self.text(values, format).utf8) }
        for name in missing { Terminal.error.remark("faasctl: No such container: \(name)") }
        if !missing.isEmpty { throw QuietExit(exitCode: 1) }
    }

    /// One JSON array, or a line of the template for each value.
    static func text(_ values: [TemplateValue], _ format: String?) throws(CommandFailure) -> String {
        guard let format else { return TemplateValue.list(values).json(indent: "    ") + "\n" }
        if format == "json" { return values.map { $0.json() + "\n" }.joined() }
        let template = try FormattedList.template(FormattedList.unescaped(format))
        var text = ""
        for value in values { text += try FormattedList.rendered(template, value) + "\n" }
        return text
    }
}
