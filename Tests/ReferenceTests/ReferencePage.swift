// SPDX-License-Identifier: Apache-2.0
// One page of docs/reference as the checks see it: its tables and its examples. Every test of this target reads it.

import Foundation

/// A Markdown file of the tree.
struct ReferencePage: Sendable {
    /// Relative to the root of the tree.
    let path: String
    let text: String
    let lines: [String]

    /// The root of the tree, found from this file's place in it.
    static var root: URL {
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Reads docs/reference/NAME.
    static func read(_ name: String) throws -> ReferencePage {
        let path = "docs/reference/" + name
        let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        return ReferencePage(path: path, text: text)
    }

    /// The rows of every table whose first column has this title, in the page's order.
    func rows(of title: String) -> [TableRow] {
        var rows: [TableRow] = []
        var columns: [String]?
        for line in lines {
            guard line.hasPrefix("|") else {
                columns = nil
                continue
            }
            let cells = Self.cells(of: line)
            guard let titles = columns else {
                columns = cells
                continue
            }
            let isRule = cells.allSatisfy { !$0.isEmpty && $0.allSatisfy { "-: ".contains($0) } }
            if titles.first == title, !isRule { rows.append(TableRow(columns: titles, cells: cells)) }
        }
        return rows
    }

    /// The contents of every fenced block of a language.
    func blocks(of language: String) -> [String] {
        var blocks: [String] = []
        var current: [String]?
        for line in lines {
            if let block = current {
                guard line.hasPrefix("```") else {
                    current = block + [line]
                    continue
                }
                blocks.append(block.joined(separator: "\n") + "\n")
                current = nil
            } else if line == "```" + language {
                current = []
            } else if line.hasPrefix("```") {
                // Another language: its lines must not be taken for the start of a block.
                current = nil
            }
        }
        return blocks
    }

    private static func cells(of line: String) -> [String] {
        let marked = line.replacing("\\|", with: "\u{1}")
        return marked.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
            $0.replacing("\u{1}", with: "|").trimmingCharacters(in: .whitespaces)
        }
    }
}

/// One row of a table.
struct TableRow: Hashable, Sendable {
    let columns: [String]
    let cells: [String]

    /// The names in the first cell: `a` or `a`, `b`, each in backticks.
    var names: [String] {
        let parts = (cells.first ?? "").split(separator: "`", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }

    /// The text of a column without its backticks; nil when the table has no such column.
    subscript(_ column: String) -> String? {
        guard let index = columns.firstIndex(of: column), index < cells.count else { return nil }
        return cells[index].replacing("`", with: "")
    }
}
