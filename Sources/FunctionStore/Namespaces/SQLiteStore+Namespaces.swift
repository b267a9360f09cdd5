// SPDX-License-Identifier: Apache-2.0
// Namespaces in SQLite: one row each, the default one among them.

import FoundationEssentials
package import FunctionModel
import GRDB

extension SQLiteStore {
    /// All namespaces, by name.
    ///
    /// - Throws: ``StoreError``.
    package func namespaces() async throws(StoreError) -> [FunctionNamespace] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM namespaces ORDER BY name").map(NamespaceRow.decode)
        }
    }

    /// One namespace; nil when there is none of this name.
    ///
    /// - Throws: ``StoreError``.
    package func namespace(_ name: String) async throws(StoreError) -> FunctionNamespace? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM namespaces WHERE name = ?", arguments: [name])
                .map(NamespaceRow.decode)
        }
    }

    /// Makes a namespace.
    ///
    /// - Throws: ``StoreError``.
    package func createNamespace(_ namespace: FunctionNamespace, countMax: Int) async throws(StoreError)
        -> NamespaceCreation
    {
        try await write(.power) { db in
            if try NamespaceRow.exists(db, namespace.name) { return .exists }
            guard try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM namespaces") ?? 0 < countMax else {
                return .full
            }
            try db.execute(
                sql: "INSERT INTO namespaces VALUES (?, ?, ?, ?)",
                arguments: [
                    namespace.name, try NamespaceRow.json(namespace.labels),
                    try NamespaceRow.json(namespace.annotations), namespace.createdAt.microseconds,
                ]
            )
            return .created
        }
    }

    /// Replaces labels and annotations.
    ///
    /// - Throws: ``StoreError``.
    package func updateNamespace(_ namespace: FunctionNamespace) async throws(StoreError) -> Bool {
        try await write(.power) { db in
            try db.execute(
                sql: "UPDATE namespaces SET labels = ?, annotations = ? WHERE name = ?",
                arguments: [
                    try NamespaceRow.json(namespace.labels), try NamespaceRow.json(namespace.annotations),
                    namespace.name,
                ]
            )
            return db.changesCount > 0
        }
    }

    /// Removes a namespace without functions.
    ///
    /// - Throws: ``StoreError``.
    package func removeNamespace(_ name: String) async throws(StoreError) -> NamespaceRemoval {
        try await write(.power, .necessary) { db in
            guard try NamespaceRow.exists(db, name) else { return .unknown }
            let users = try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM functions WHERE current_number IS NOT NULL
                    AND \(NamespaceRow.condition("name")) ORDER BY name
                    """,
                arguments: [name]
            )
            guard users.isEmpty else {
                return .inUse(try users.map { text throws(ModelError) in try FunctionName(text) })
            }
            try db.execute(sql: "DELETE FROM namespaces WHERE name = ?", arguments: [name])
            return .removed
        }
    }
}

/// The rows of namespaces, inside the transactions of their callers.
enum NamespaceRow {
    /// Labels and annotations are JSON objects.
    static let table = """
        CREATE TABLE namespaces (
            name TEXT NOT NULL PRIMARY KEY,
            labels TEXT NOT NULL,
            annotations TEXT NOT NULL,
            created_at_us INTEGER NOT NULL
        ) STRICT;
        INSERT INTO namespaces VALUES ('\(FunctionName.defaultNamespace)', '{}', '{}', 0);
        ALTER TABLE tokens ADD COLUMN namespaces TEXT;
        """

    /// SQL that holds for the functions of one namespace, which is the one argument.
    ///
    /// - Parameter column: holds ``FunctionName/text``.
    /// - Returns: an expression.
    static func condition(_ column: String) -> String {
        """
        ? = CASE instr(\(column), '.') WHEN 0 THEN '\(FunctionName.defaultNamespace)'
            ELSE substr(\(column), instr(\(column), '.') + 1) END
        """
    }

    static func exists(_ db: Database, _ name: String) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: "SELECT EXISTS (SELECT 1 FROM namespaces WHERE name = ?)",
            arguments: [name]
        ) ?? false
    }

    static func decode(_ row: Row) throws(StoreError) -> FunctionNamespace {
        do {
            return try FunctionNamespace(
                name: row["name"],
                labels: notes(row["labels"]),
                annotations: notes(row["annotations"]),
                createdAt: Date(microseconds: row["created_at_us"])
            )
        } catch {
            throw .malformedRow(table: "namespaces", reason: "\(error)")
        }
    }

    static func json(_ notes: [String: String]) throws(StoreError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do { return try String(decoding: encoder.encode(notes), as: UTF8.self) } catch {
            throw .failed(reason: "the notes of a namespace cannot be encoded: \(error)")
        }
    }

    private static func notes(_ text: String) throws -> [String: String] {
        try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }
}
