// SPDX-License-Identifier: Apache-2.0
// What the reference pages and the sources must agree on; each difference says which line to add or remove.

import Testing

/// Compares the names in a page's tables with those of the sources.
///
/// The value of a name is what a new row has to say besides, for example a default.
func expectNames(
    _ page: ReferencePage,
    table title: String,
    in names: [String: String],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let listed = page.rows(of: title).flatMap(\.names)
    for name in names.keys.sorted() where !listed.contains(name) {
        let value = names[name].map { $0.isEmpty ? "" : " (\($0))" } ?? ""
        Issue.record(
            "\(page.path): the sources have `\(name)`\(value): add its row to a table that begins with '| \(title) |'",
            sourceLocation: sourceLocation
        )
    }
    for name in listed where names[name] == nil {
        Issue.record(
            "\(page.path): `\(name)` is not in the sources any more: remove its row from the table of '\(title)'",
            sourceLocation: sourceLocation
        )
    }
    for name in Set(listed) where listed.count(where: { $0 == name }) > 1 {
        Issue.record(
            "\(page.path): `\(name)` has two rows in the tables of '\(title)'",
            sourceLocation: sourceLocation
        )
    }
}

/// Compares one column of a page's tables with the sources' values; a name without a value is not compared.
func expectValues(
    _ page: ReferencePage,
    table title: String,
    column: String,
    are values: [String: String],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    for row in page.rows(of: title) {
        for name in row.names {
            guard let value = values[name], row[column] != value else { continue }
            Issue.record(
                "\(page.path): `\(name)`: column '\(column)' says '\(row[column] ?? "nothing")', the sources say '\(value)'",
                sourceLocation: sourceLocation
            )
        }
    }
}
