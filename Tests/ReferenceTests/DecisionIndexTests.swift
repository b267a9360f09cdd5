// SPDX-License-Identifier: Apache-2.0
// The index of docs/adr lists every decision once, by its page's own title. A merge can double or lose its rows.

import Foundation
import Testing

@Suite("Index of the decisions")
struct DecisionIndexTests {
    @Test("has one row for every page, with the page's title, and no number twice")
    func index() throws {
        let folder = ReferencePage.root.appendingPathComponent("docs/adr")
        let index = try String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)
        let rows = index.split(separator: "\n").filter { $0.hasPrefix("| [") }.map(String.init)
        var expected: [String] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            guard file.hasSuffix(".md"), file != "README.md" else { continue }
            let page = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let number = file.prefix(4)
            let title = page.prefix { $0 != "\n" }.dropFirst("# \(number): ".count)
            expected.append("| [\(number)](\(file)) | \(title) |")
            if expected.count(where: { $0.hasPrefix("| [\(number)]") }) > 1 {
                Issue.record("docs/adr: two decisions have the number \(number)")
            }
        }
        for row in expected where rows.count(where: { $0 == row }) != 1 {
            Issue.record("docs/adr/README.md: this row has to be there once: \(row)")
        }
        for row in rows where !expected.contains(row) {
            Issue.record("docs/adr/README.md: no page has this number and title: \(row)")
        }
    }
}
