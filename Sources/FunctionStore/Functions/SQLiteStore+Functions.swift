// SPDX-License-Identifier: Apache-2.0
// Functions and their revisions: what deploy, list, rollback and remove ask of the store.

package import FoundationEssentials
package import FunctionModel
import GRDB

extension SQLiteStore {
    /// Makes the function's next revision and switches to it, in one transaction.
    ///
    /// - Returns: the new revision. Its number is one more than the highest ever given to this name.
    /// - Throws: ``StoreError``, ``StoreError/catalogueChanged`` among them; nothing has changed then.
    package func deploy(
        function: FunctionName,
        imageReference: String,
        imageDigest: Digest,
        configuration: FunctionConfiguration,
        createdAt: Date,
        unchangedSince version: CatalogueVersion? = nil
    ) async throws(StoreError) -> Revision {
        let json = try RevisionRow.encode(configuration)
        return try await write(.power) { db in
            try CatalogueVersionRow.check(db, version)
            let container = "SELECT 1 FROM containers WHERE name = ?"
            guard try Int.fetchOne(db, sql: container, arguments: [function.text]) == nil else {
                throw StoreError.nameOfContainer(function.text)
            }
            guard try NamespaceRow.exists(db, function.namespace) else {
                throw StoreError.unknownNamespace(function.namespace)
            }
            try db.execute(
                sql: """
                    INSERT INTO functions (name, last_number, current_number) VALUES (?, 1, 1)
                    ON CONFLICT DO UPDATE SET last_number = last_number + 1, current_number = last_number + 1
                    """,
                arguments: [function.text]
            )
            let number = try Int.fetchOne(
                db,
                sql: "SELECT current_number FROM functions WHERE name = ?",
                arguments: [function.text]
            )
            guard let number else { throw StoreError.unknownFunction(function) }
            try CatalogueVersionRow.raise(db, function)
            try db.execute(
                sql: """
                    INSERT INTO revisions
                    (function, number, image_reference, image_digest, configuration, created_at_us)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    function.text, number, imageReference, imageDigest.description, json,
                    createdAt.microseconds,
                ]
            )
            return Revision(
                function: function,
                number: number,
                imageReference: imageReference,
                imageDigest: imageDigest,
                configuration: configuration,
                createdAt: createdAt
            )
        }
    }

    /// All kept revisions of a function, newest first; empty for an unknown one.
    ///
    /// - Throws: ``StoreError``.
    package func revisions(of function: FunctionName) async throws(StoreError) -> [Revision] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM revisions WHERE function = ? ORDER BY number DESC",
                arguments: [function.text]
            ).map(RevisionRow.decode)
        }
    }

    /// Switches a function to one of its kept revisions (rollback).
    ///
    /// - Returns: the revision that is current now.
    /// - Throws: ``StoreError/unknownFunction(_:)``, ``StoreError/unknownRevision(_:number:)`` or
    ///   ``StoreError/catalogueChanged``.
    @discardableResult
    package func setCurrent(
        _ function: FunctionName,
        number: Int,
        unchangedSince version: CatalogueVersion? = nil
    ) async throws(StoreError) -> Revision {
        try await write(.power, .necessary) { db in
            try CatalogueVersionRow.check(db, version)
            let row = try Row.fetchOne(
                db,
                sql: "SELECT * FROM revisions WHERE function = ? AND number = ?",
                arguments: [function.text, number]
            )
            guard let row else {
                let deployed = try Bool.fetchOne(
                    db,
                    sql: "SELECT current_number IS NOT NULL FROM functions WHERE name = ?",
                    arguments: [function.text]
                )
                throw deployed == true
                    ? StoreError.unknownRevision(function, number: number)
                    : StoreError.unknownFunction(function)
            }
            try db.execute(
                sql: "UPDATE functions SET current_number = ? WHERE name = ?",
                arguments: [number, function.text]
            )
            try CatalogueVersionRow.raise(db, function)
            return try RevisionRow.decode(row)
        }
    }

    /// Removes a function with its revisions, aliases and schedules.
    ///
    /// Its history stays.
    ///
    /// - Returns: false when no such function was deployed.
    /// - Throws: ``StoreError``.
    package func removeFunction(_ function: FunctionName) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try db.execute(
                sql: """
                    UPDATE functions SET current_number = NULL, invocation_count = 0
                    WHERE name = ? AND current_number IS NOT NULL
                    """,
                arguments: [function.text]
            )
            let removed = db.changesCount > 0
            if removed { try CatalogueVersionRow.raise(db, function) }
            try AliasRows.remove(db, function)
            try db.execute(sql: "DELETE FROM revisions WHERE function = ?", arguments: [function.text])
            try db.execute(sql: "DELETE FROM schedules WHERE function = ?", arguments: [function.text])
            return removed
        }
    }

    /// Drops all but the newest revisions of a function; the current one and those of aliases always stay.
    ///
    /// - Returns: digests of dropped revisions that no revision of any function uses any more, in the order of their text.
    /// - Throws: ``StoreError``.
    package func pruneRevisions(
        of function: FunctionName,
        keeping count: Int
    ) async throws(StoreError) -> [Digest] {
        try await write(.power, .necessary) { db in
            let dropped = try String.fetchAll(
                db,
                sql: """
                    DELETE FROM revisions WHERE function = :name
                    AND number NOT IN (
                        SELECT number FROM revisions WHERE function = :name ORDER BY number DESC LIMIT :count)
                    AND number IS NOT (SELECT current_number FROM functions WHERE name = :name)
                    AND number NOT IN (SELECT number FROM aliases WHERE function = :name)
                    RETURNING image_digest
                    """,
                arguments: ["name": function.text, "count": max(count, 0)]
            )
            return try Set(dropped).filter { digest in
                try Row.fetchOne(
                    db,
                    sql: "SELECT 1 FROM revisions WHERE image_digest = ? LIMIT 1",
                    arguments: [digest]
                ) == nil
            }.sorted().map { try DigestColumn.read($0, of: "revisions") }
        }
    }

    /// The users of each image: for every digest, the kept revisions as `NAME revision N`, sorted.
    ///
    /// - Throws: ``StoreError``.
    package func imageUsers() async throws(StoreError) -> [Digest: [String]] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT image_digest, function, number FROM revisions ORDER BY function, number"
            )
            var users: [Digest: [String]] = [:]
            for row in rows {
                let (text, function, number): (String, String, Int) = (row[0], row[1], row[2])
                let digest = try DigestColumn.read(text, of: "revisions")
                users[digest, default: []].append("\(function) revision \(number)")
            }
            for row in try Row.fetchAll(db, sql: "SELECT image_digest, name FROM containers ORDER BY name") {
                let (text, name): (String, String) = (row[0], row[1])
                let digest = try DigestColumn.read(text, of: "containers")
                users[digest, default: []].append("container \(name)")
            }
            return users
        }
    }

    /// Digests of every kept revision: what image clean-up must not touch.
    ///
    /// - Throws: ``StoreError``.
    package func digestsInUse() async throws(StoreError) -> Set<Digest> {
        try await read { db in
            let texts = try String.fetchAll(db, sql: "SELECT DISTINCT image_digest FROM revisions")
            let others = try String.fetchAll(db, sql: "SELECT DISTINCT image_digest FROM containers")
            return try Set(texts.map { try DigestColumn.read($0, of: "revisions") })
                .union(others.map { try DigestColumn.read($0, of: "containers") })
        }
    }
}
