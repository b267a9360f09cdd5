// SPDX-License-Identifier: Apache-2.0
// Aliases of revisions in SQLite: one row per revision of an alias.

package import FunctionModel
import GRDB

extension SQLiteStore {
    /// Makes an alias lead to its revisions, in one transaction.
    ///
    /// - Throws: ``StoreError/unknownFunction(_:)``, ``StoreError/unknownRevision(_:number:)`` or
    ///   ``StoreError/tooManyAliases(_:max:)``; nothing has changed then.
    package func setAlias(_ alias: FunctionAlias, of function: FunctionName, countMax: Int)
        async throws(StoreError)
    {
        try await write(.power) { db in
            let others = try Int.fetchOne(
                db,
                sql: "SELECT COUNT(DISTINCT alias) FROM aliases WHERE function = ? AND alias <> ?",
                arguments: [function.text, alias.name.text]
            )
            let deployed = try Bool.fetchOne(
                db,
                sql: "SELECT current_number IS NOT NULL FROM functions WHERE name = ?",
                arguments: [function.text]
            )
            guard deployed == true else { throw StoreError.unknownFunction(function) }
            guard (others ?? 0) < countMax else { throw StoreError.tooManyAliases(function, max: countMax) }
            try AliasRows.remove(db, function, alias.name)
            for target in alias.targets { try AliasRows.insert(db, function, alias.name, target) }
            try CatalogueVersionRow.raise(db, function)
        }
    }

    /// Removes an alias.
    ///
    /// - Returns: false when there is none of this name.
    /// - Throws: ``StoreError``.
    package func removeAlias(_ name: AliasName, of function: FunctionName) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try AliasRows.remove(db, function, name)
            let removed = db.changesCount > 0
            if removed { try CatalogueVersionRow.raise(db, function) }
            return removed
        }
    }
}

/// The rows of aliases, inside the transactions of their callers.
enum AliasRows {
    /// The reference to revisions is what keeps them: a revision of an alias cannot be dropped.
    static let table = """
        CREATE TABLE aliases (
            function TEXT NOT NULL,
            alias TEXT NOT NULL,
            number INTEGER NOT NULL,
            share INTEGER NOT NULL,
            PRIMARY KEY (function, alias, number),
            FOREIGN KEY (function, number) REFERENCES revisions (function, number)
        ) STRICT;
        CREATE INDEX aliases_by_revision ON aliases (function, number);
        """

    static func remove(_ db: Database, _ function: FunctionName, _ name: AliasName? = nil) throws {
        try db.execute(
            sql: "DELETE FROM aliases WHERE function = :function AND (:alias IS NULL OR alias = :alias)",
            arguments: ["function": function.text, "alias": name?.text]
        )
    }

    static func insert(
        _ db: Database,
        _ function: FunctionName,
        _ name: AliasName,
        _ target: FunctionAlias.Target
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO aliases (function, alias, number, share)
                SELECT function, ?, number, ? FROM revisions WHERE function = ? AND number = ?
                """,
            arguments: [name.text, target.share.thousandths, function.text, target.revision]
        )
        guard db.changesCount == 1 else {
            throw StoreError.unknownRevision(function, number: target.revision)
        }
    }

    /// The aliases of a function, by name.
    static func aliases(_ db: Database, _ function: FunctionName) throws -> [FunctionAlias] {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT alias, number, share FROM aliases WHERE function = ? ORDER BY alias, number",
            arguments: [function.text]
        )
        let targets = Dictionary(grouping: rows) { $0["alias"] as String }.mapValues { rows in
            rows.map { FunctionAlias.Target(revision: $0["number"], share: .init(thousandths: $0["share"])) }
        }
        do {
            return try targets.sorted { $0.key < $1.key }.map { name, targets in
                try FunctionAlias(name: AliasName(name), targets: targets)
            }
        } catch let error as ModelError {
            throw StoreError.malformedRow(table: "aliases", reason: error.description)
        }
    }

    /// The revisions of a change's aliases besides the current one, by number.
    static func revisions(_ db: Database, _ change: CatalogueChanges.Change) throws -> [Revision] {
        guard !change.aliases.isEmpty else { return [] }
        return try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM revisions WHERE function = :function AND number IS NOT :current
                AND number IN (SELECT number FROM aliases WHERE function = :function) ORDER BY number
                """,
            arguments: ["function": change.function.text, "current": change.revision?.number]
        ).map(RevisionRow.decode)
    }
}
