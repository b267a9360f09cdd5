// SPDX-License-Identifier: Apache-2.0
// `faasctl version`: no gateway asked unless wanted, nothing heavy touched.

import ArgumentParser
import FunctionModel

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of this program."
    )

    @Option(name: .shortAndLong, help: "Result as text for people, or json or yaml for programs.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "Print the number only.")
    var quiet = false

    /// As `--version` and `version` write it.
    static let line = "faasctl \(Product.version)"

    func run() throws {
        switch output {
        case .table: try Terminal.output.line(quiet ? Product.version : Self.line)
        case .json:
            try Terminal.output.line(#"{"name":"\#(Product.name)","version":"\#(Product.version)"}"#)
        case .yaml: try Terminal.output.line("name: \(Product.name)\nversion: \(Product.version)")
        }
    }
}
