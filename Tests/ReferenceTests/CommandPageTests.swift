// SPDX-License-Identifier: Apache-2.0
// docs/reference/cli.md against the commands. `make reference` rewrites the page's generated parts.

import ArgumentParser
import Foundation
import Testing

@testable import faasctl

@Suite("docs/reference/cli.md")
struct CommandPageTests {
    /// Set by `make reference`: write instead of comparing.
    private static let writes = ProcessInfo.processInfo.environment["MAYFLY_WRITE_REFERENCE"] == "1"

    @Test("has a section for every command, with the flags that its declaration has, and no other section")
    func commands() throws {
        var page = try ReferencePage.read("cli.md")
        let globals = try CommandInfo.globals()
        let leaves = try CommandInfo.root().leaves()
        for (words, command) in leaves {
            let name = words.joined(separator: " ")
            guard let part = CommandPage.found(words, in: page) else {
                Issue.record(
                    "\(page.path): add a section '### \(name)' with an example, the line '\(CommandPage.begin(words))' and below it '\(CommandPage.end)', then run 'make reference'"
                )
                continue
            }
            let wanted = CommandPage.part(words, command, globals: globals)
            if part == wanted { continue }
            if Self.writes {
                page = ReferencePage(path: page.path, text: page.text.replacing(String(part), with: wanted))
            } else {
                Issue.record(
                    "\(page.path): 'faasctl \(name)' has other arguments now; 'make reference' writes:\n\(wanted)"
                )
            }
        }
        if Self.writes {
            let url = ReferencePage.root.appendingPathComponent(page.path)
            try page.text.write(to: url, atomically: true, encoding: .utf8)
        }
        let names = Set(leaves.map { $0.words.joined(separator: " ") })
        for line in page.lines where line.hasPrefix("### ") && !names.contains(String(line.dropFirst(4))) {
            Issue.record("\(page.path): there is no command '\(line.dropFirst(4))': remove its section")
        }
    }

    @Test("has a row for every global option and for every environment variable that the program reads")
    func surroundings() throws {
        let page = try ReferencePage.read("cli.md")
        let globals = try CommandInfo.globals().compactMap(\.flagText)
        expectNames(
            page,
            table: "global option",
            in: .init(uniqueKeysWithValues: globals.map { ($0, "") })
        )
        let texts =
            try SourceScan.texts(in: "Sources/faasctl") + SourceScan.texts(in: "Sources/Registry")
        let variables = SourceScan.captures(#/environment\["([A-Z_]+)"\]/#, in: texts)
        expectNames(
            page,
            table: "environment variable",
            in: .init(uniqueKeysWithValues: variables.map { ($0, "") })
        )
    }

    @Test("has an example for every command")
    func examples() throws {
        let page = try ReferencePage.read("cli.md")
        let examples = CommandExamples.found(in: page).map(\.words)
        for (words, _) in try CommandInfo.root().leaves()
        where !examples.contains(where: { $0.starts(with: words) }) {
            Issue.record("\(page.path): 'faasctl \(words.joined(separator: " "))' has no example")
        }
    }
}
