// SPDX-License-Identifier: Apache-2.0
// The digest that a reference such as `hello:latest` refers to. ImageStore asks through an adapter in Scheduler.

package import FoundationEssentials
package import FunctionModel
import GRDB

/// A reference and the image that it refers to now.
package struct StoredReference: Hashable, Sendable {
    /// The complete name, for example `docker.io/library/hello:latest`.
    package var reference: String
    /// The image's manifest, or index.
    package var digest: Digest
    /// Size of manifest, config and layers together.
    package var sizeBytes: Int
    package var createdAt: Date

    package init(reference: String, digest: Digest, sizeBytes: Int, createdAt: Date) {
        self.reference = reference
        self.digest = digest
        self.sizeBytes = sizeBytes
        self.createdAt = createdAt
    }
}

extension SQLiteStore {
    /// Makes a reference refer to a digest; replaces an earlier one.
    ///
    /// - Throws: ``StoreError``.
    package func setReference(
        _ reference: String,
        digest: Digest,
        sizeBytes: Int,
        createdAt: Date
    ) async throws(StoreError) {
        try await write(.power) { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO image_references VALUES (?, ?, ?, ?)",
                arguments: [reference, digest.description, sizeBytes, createdAt.microseconds]
            )
        }
    }

    /// The row of a reference; nil when it is unknown.
    ///
    /// - Throws: ``StoreError``.
    package func reference(_ reference: String) async throws(StoreError) -> StoredReference? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT * FROM image_references WHERE reference = ?",
                arguments: [reference]
            ).map(Self.decode)
        }
    }

    private static func decode(_ row: Row) throws(StoreError) -> StoredReference {
        StoredReference(
            reference: row["reference"],
            digest: try DigestColumn.read(row["digest"], of: "image_references"),
            sizeBytes: row["size_bytes"],
            createdAt: Date(microseconds: row["created_at_us"])
        )
    }

    /// Forgets a reference.
    ///
    /// - Returns: false when it was unknown.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func removeReference(_ reference: String) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try db.execute(
                sql: "DELETE FROM image_references WHERE reference = ?",
                arguments: [reference]
            )
            return db.changesCount > 0
        }
    }

    /// All references, sorted by name.
    ///
    /// - Throws: ``StoreError``.
    package func references() async throws(StoreError) -> [StoredReference] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM image_references ORDER BY reference").map(Self.decode)
        }
    }
}
