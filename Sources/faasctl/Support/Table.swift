// SPDX-License-Identifier: Apache-2.0
// Tables for people: upper-case heads, columns padded to their widest cell, two spaces between.

/// Rows of text under column heads.
struct Table: Sendable {
    private let heads: [String]
    private var rows: [[String]] = []

    init(_ heads: String...) { self.heads = heads }

    /// Adds a row; an empty cell shows as `-` so that every line has the same number of words.
    mutating func add(_ cells: String...) {
        rows.append(cells.map { $0.isEmpty ? "-" : Self.printable($0) })
    }

    var isEmpty: Bool { rows.isEmpty }

    /// The table with a line break after every line.
    ///
    /// - Parameter colour: whether heads are written bold.
    /// - Returns: every line of the table.
    func text(colour: Bool) -> String {
        let lines = [heads] + rows
        let widths = heads.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for (index, cells) in lines.enumerated() {
            var line = ""
            for (column, cell) in cells.enumerated() {
                let isLast = column == cells.count - 1
                let padding = isLast ? 0 : widths[column] - cell.count + 2
                line += cell + String(repeating: " ", count: padding)
            }
            text += index == 0 && colour ? "\u{1B}[1m\(line)\u{1B}[0m\n" : line + "\n"
        }
        return text
    }

    /// Control characters could move a terminal's cursor: they come from function authors.
    private static func printable(_ cell: String) -> String {
        String(cell.map { $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } ? $0 : "?" })
    }
}
