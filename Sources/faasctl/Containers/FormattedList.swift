// SPDX-License-Identifier: Apache-2.0
// Lists in the form that --format asks for: Docker's tables, JSON lines, or a template for each entry.

/// A list of values and how it is written.
struct FormattedList {
    /// What --format was given; nil for the default table.
    var format: String?
    /// The template of the default table, without `table`.
    var standard: String
    /// Heads by member, where they are not the member in upper case.
    var heads: [String: String]

    private static let gap = 3
    private static let widthMin = 10

    /// Writes the entries.
    ///
    /// - Throws: ``CommandFailure`` for a malformed template, or one that asks for what an entry does not have.
    func text(_ entries: [TemplateValue]) throws(CommandFailure) -> String {
        let format = format.map(Self.unescaped) ?? "table"
        if format == "json" { return entries.map { $0.json() + "\n" }.joined() }
        guard format == "table" || format.hasPrefix("table ") else {
            let template = try Self.template(format)
            var text = ""
            for entry in entries { text += try Self.rendered(template, entry) + "\n" }
            return text
        }
        let source = format == "table" ? standard : String(format.dropFirst("table ".count))
        let template = try Self.template(source)
        var lines = [try Self.rendered(template, head(of: source))]
        for entry in entries { lines.append(try Self.rendered(template, entry)) }
        return Self.aligned(lines)
    }

    /// The entry whose members are the heads.
    private func head(of source: String) -> TemplateValue {
        let names = source.matches(of: #/\.([A-Za-z]+)/#).map { String($0.1) }
        return .object(
            names.map {
                .init(
                    name: $0,
                    value: $0 == "Label" ? .method(.labelHead) : .text(heads[$0] ?? $0.uppercased())
                )
            }
        )
    }

    static func template(_ text: String) throws(CommandFailure) -> Template {
        do throws(TemplateError) { return try Template(text) } catch {
            throw CommandFailure("cannot use --format", why: "template parsing error: \(error)", exitCode: 64)
        }
    }

    static func rendered(_ template: Template, _ value: TemplateValue) throws(CommandFailure) -> String {
        do throws(TemplateError) { return try template.render(value) } catch {
            throw CommandFailure("cannot use --format", why: "template: \(error)")
        }
    }

    /// `\t` and `\n` as a shell hands them over.
    static func unescaped(_ text: String) -> String {
        text.replacing("\\t", with: "\t").replacing("\\n", with: "\n")
    }

    /// Pads every column but the last to its widest cell, as Go's tabwriter does for Docker.
    static func aligned(_ lines: [String], widthMin: Int = Self.widthMin) -> String {
        let rows = lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        let columns = (rows.map(\.count).max() ?? 1) - 1
        let widths = (0..<max(0, columns)).map { column in
            max(
                widthMin,
                (rows.compactMap { $0.count - 1 > column ? $0[column].count : nil }.max() ?? 0) + Self.gap
            )
        }
        return rows.map { cells in
            cells.enumerated().map { column, cell in
                column == cells.count - 1
                    ? cell : cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
            }.joined() + "\n"
        }.joined()
    }
}
