// SPDX-License-Identifier: Apache-2.0
// docs/reference/function.yaml.md against the coding keys, the defaults and the parser.

import Foundation
import FunctionModel
import Testing

@testable import faasctl

@Suite("docs/reference/function.yaml.md")
struct FunctionPageTests {
    /// Keys whose own keys are the user's.
    private static let open: Set<String> = ["environment", "labels", "annotations", "build_args"]

    /// Every key of a function with its default; an empty default is not compared.
    private static func keys() throws -> [String: String] {
        let encoded = try JSONEncoder().encode(FunctionConfiguration())
        var keys = try ManifestKeys.flatten(String(decoding: encoded, as: UTF8.self)) { open.contains($0) }
        for key in FunctionConfiguration.CodingKeys.allCases where keys[key.rawValue] == nil {
            keys[key.rawValue] = ""
        }
        let schedule = try JSONEncoder().encode(ScheduleConfiguration(cron: ""))
        let defaults = try ManifestKeys.flatten(String(decoding: schedule, as: UTF8.self)) { _ in false }
        for key in ScheduleConfiguration.CodingKeys.allCases {
            keys["schedules[].\(key.rawValue)"] = defaults[key.rawValue] ?? ""
        }
        let translated = ManifestSchema.translated
        for key in ManifestSchema.function.leaves where keys[key] == nil && !translated.contains(key) {
            keys[key] = ""
        }
        return keys
    }

    @Test("has a row for every key that the sources read, with its default, and for no other")
    func keys() throws {
        let page = try ReferencePage.read("function.yaml.md")
        let keys = try Self.keys()
        expectNames(page, table: "key", in: keys.mapValues { $0.isEmpty ? "" : "default \($0)" })
        expectValues(page, table: "key", column: "default", are: keys.filter { !$0.value.isEmpty })
        for row in page.rows(of: "key") where row.cells.contains("") {
            Issue.record("\(page.path): the row of \(row.cells[0]) has an empty cell")
        }
    }

    @Test("has a row for every key of OpenFaaS that is translated")
    func foreignKeys() throws {
        let page = try ReferencePage.read("function.yaml.md")
        let keys = ManifestSchema.translated
        expectNames(page, table: "key of OpenFaaS", in: .init(uniqueKeysWithValues: keys.map { ($0, "") }))
    }

    @Test("has a row for every top-level key of a stack.yaml")
    func stackKeys() throws {
        let page = try ReferencePage.read("function.yaml.md")
        let keys = ManifestSchema.stack.leaves + ["provider"]
        expectNames(page, table: "stack.yaml key", in: .init(uniqueKeysWithValues: keys.map { ($0, "") }))
    }

    @Test("has examples that are read without a mistake, and every key is in one of them")
    func examples() throws {
        let page = try ReferencePage.read("function.yaml.md")
        var shown: Set<String> = []
        for block in page.blocks(of: "yaml") {
            do {
                if block.contains("functions:") {
                    _ = try StackManifest.read(block, file: page.path, variables: [:])
                } else {
                    _ = try FunctionManifest.read(Self.completed(block), file: page.path)
                }
            } catch {
                Issue.record("\(page.path): an example is refused: \(error)\n\(block)")
            }
            shown.formUnion(try ManifestKeys.flatten(block) { Self.open.contains($0) }.keys)
        }
        for key in try Self.keys().keys.sorted() where !shown.contains(key) {
            Issue.record("\(page.path): no example of ```yaml shows the key `\(key)`")
        }
    }

    /// An excerpt becomes a whole function.
    private static func completed(_ block: String) -> String {
        let lines = block.split(separator: "\n")
        func lacks(_ keys: String...) -> Bool {
            !lines.contains { line in keys.contains { line.hasPrefix($0 + ":") } }
        }
        return (lacks("name") ? "name: example\n" : "")
            + (lacks("image", "build", "handler") ? "image: example\n" : "")
            + block
    }
}
