// SPDX-License-Identifier: Apache-2.0
// `faasctl version`: prints the version; asks the gateway only on request, and initializes no other room.

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

    /// The text of `--version` and `version`.
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
