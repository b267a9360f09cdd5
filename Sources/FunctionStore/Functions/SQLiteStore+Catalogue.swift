// SPDX-License-Identifier: Apache-2.0
// The catalogue's version in SQLite, where one writer at a time makes the order of versions that of commits.

import FunctionModel
import GRDB

extension SQLiteStore {
    /// The functions that changed after a version, in one snapshot.
    ///
    /// - Throws: ``StoreError``.
    package func changes(since version: CatalogueVersion) async throws(StoreError) -> CatalogueChanges {
        try await read { db in
            let newest = try Int64.fetchOne(db, sql: "SELECT version FROM catalogue_version")
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT functions.name, revisions.* FROM functions LEFT JOIN revisions
                    ON functions.name = revisions.function AND functions.current_number = revisions.number
                    WHERE functions.changed_in_version > ? ORDER BY functions.name
                    """,
                arguments: [version.number]
            )
            return CatalogueChanges(
                version: newest.map { CatalogueVersion(number: $0) } ?? version,
                changes: try rows.map { row in
                    let isCurrent = !row.hasNull(atIndex: 1)
                    var change = CatalogueChanges.Change(
                        function: try FunctionName(row["name"]),
                        revision: isCurrent ? try RevisionRow.decode(row) : nil
                    )
                    change.aliases = try AliasRows.aliases(db, change.function)
                    change.aliased = try AliasRows.revisions(db, change)
                    return change
                }
            )
        }
    }
}

/// The one row that holds the catalogue's version.
enum CatalogueVersionRow {
    /// Refuses a change whose caller has not seen the newest version; inside the transaction of the change.
    static func check(_ db: Database, _ expected: CatalogueVersion?) throws {
        guard let expected else { return }
        let newest = try Int64.fetchOne(db, sql: "SELECT version FROM catalogue_version")
        guard newest == expected.number else { throw StoreError.catalogueChanged }
    }

    /// Raises the version and marks a function with it; inside the transaction that changes the function.
    static func raise(_ db: Database, _ function: FunctionName) throws {
        try db.execute(sql: "UPDATE catalogue_version SET version = version + 1")
        try db.execute(
            sql: """
                UPDATE functions SET changed_in_version = (SELECT version FROM catalogue_version)
                WHERE name = ?
                """,
            arguments: [function.text]
        )
    }
}
