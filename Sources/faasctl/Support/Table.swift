// SPDX-License-Identifier: Apache-2.0
// Text tables: upper-case heads, columns padded to their widest cell, two spaces between.

/// Rows of text under column heads.
struct Table: Sendable {
    private let heads: [String]
    private var rows: [[String]] = []

    init(_ heads: String...) { self.heads = heads }

    /// Adds a row; an empty cell is printed as `-` so that every line has the same number of words.
    mutating func add(_ cells: String...) {
        rows.append(cells.map { $0.isEmpty ? "-" : Self.printable($0) })
    }

    var isEmpty: Bool { rows.isEmpty }

    /// A column is not made narrower than this, nor than its head.
    private static let columnMin = 8
    /// Spaces between columns.
    private static let gap = 2

    /// The table with a line break after every line.
    ///
    /// - Parameters:
    ///   - colour: whether heads are written bold.
    ///   - width: characters of a line; the widest columns are truncated to fit. Nil truncates nothing,
    ///     for programs that read the table; the default is the terminal's width.
    /// - Returns: every line of the table.
    func text(colour: Bool, width: Int? = Terminal.output.columnsShown) -> String {
        let whole = [heads] + rows
        let widths = fitted(heads.indices.map { column in whole.map { $0[column].count }.max() ?? 0 }, width)
        let lines = whole.map { cells in zip(cells, widths).map(Self.cut) }
        var text = ""
        for (index, cells) in lines.enumerated() {
            var line = ""
            for (column, cell) in cells.enumerated() {
                let isLast = column == cells.count - 1
                let padding = isLast ? 0 : widths[column] - cell.count + Self.gap
                line += cell + String(repeating: " ", count: padding)
            }
            text += index == 0 && colour ? "\u{1B}[1m\(line)\u{1B}[0m\n" : line + "\n"
        }
        return text
    }

    /// Narrows the widest column until the line fits, or all columns have their minimum.
    private func fitted(_ natural: [Int], _ width: Int?) -> [Int] {
        guard let width else { return natural }
        var widths = natural
        let least = zip(natural, heads).map { min($0, max(Self.columnMin, $1.count)) }
        var excess = natural.reduce(0, +) + Self.gap * (natural.count - 1) - width
        while excess > 0 {
            let wide = widths.indices.filter { widths[$0] > least[$0] }
            guard let widest = wide.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private static func cut(_ cell: String, to width: Int) -> String {
        cell.count <= width ? cell : cell.prefix(max(0, width - 1)) + "…"
    }

    /// Replaces what could control the terminal: control characters (C0 and C1), and those that turn the direction of
    /// text or break lines.
    static func printable(_ cell: String) -> String {
        String(cell.map { $0.unicodeScalars.allSatisfy(isPrintable) ? $0 : "?" })
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        // Marks and embeddings of direction; a joiner of emoji is a format character, too.
        case .format: scalar.value == 0x200d || scalar.value == 0x200c
        default: true
        }
    }
}
