// SPDX-License-Identifier: Apache-2.0
// docs/reference/config.md against what serve reads, prints and takes as flags.

import Testing

@testable import Server
@testable import faasctl

@Suite("docs/reference/config.md")
struct ConfigurationPageTests {
    private static let open: Set<String> = ["registries.mirrors", "registries.plain_http"]

    /// Every key that `serve --check` prints, with its default; `null` and what depends on the host are not compared.
    private static func defaults() throws -> [String: String] {
        let text = ServeConfiguration(dataDirectory: "").text
        return try ManifestKeys.flatten(text) { open.contains($0) }.mapValues { $0 == "null" ? "" : $0 }
    }

    @Test("has a row for every key of the file, with its default, and for no other")
    func keys() throws {
        let page = try ReferencePage.read("config.md")
        let keys = try Self.defaults()
        expectNames(page, table: "key", in: keys.mapValues { $0.isEmpty ? "" : "default \($0)" })
        expectValues(page, table: "key", column: "default", are: keys.filter { !$0.value.isEmpty })
    }

    @Test("knows every key that the file may have: serve --check prints them all")
    func printsAll() throws {
        let printed = try Self.defaults()
        let read = ServeConfigurationFile.keys + ServeConfigurationFile.limitKeys.map { "limits." + $0 }
        for key in read where printed[key] == nil {
            Issue.record("ServeConfiguration.text does not print '\(key)', which the file may have")
        }
    }

    @Test("names the flag of every key that has one")
    func flags() throws {
        let page = try ReferencePage.read("config.md")
        let named = Set(
            page.rows(of: "key").compactMap { $0["flag"] } + page.rows(of: "flag").flatMap(\.names)
        )
        let serve = try #require(CommandInfo.root().subcommands?.first { $0.commandName == "serve" })
        for argument in serve.ownArguments() {
            guard let flag = argument.flagText, !named.contains(where: { $0.contains(flag) }) else {
                continue
            }
            Issue.record("\(page.path): no row names serve's flag `\(flag)`: \(argument.abstract ?? "")")
        }
    }

    @Test("has examples that serve reads without a mistake")
    func examples() throws {
        let page = try ReferencePage.read("config.md")
        for block in page.blocks(of: "yaml") {
            var configuration = ServeConfiguration(dataDirectory: "/data")
            do { try ServeConfigurationFile.apply(block, file: page.path, to: &configuration) } catch {
                Issue.record("\(page.path): an example is refused: \(error)\n\(block)")
            }
        }
    }
}
