// SPDX-License-Identifier: Apache-2.0
// Named volumes in SQLite; their files are ImageStore's and Scheduler's matter.

import FoundationEssentials
import GRDB

extension SQLiteStore {
    /// Stores a new volume; false when there is one of its name already.
    ///
    /// - Throws: ``StoreError``.
    package func createVolume(_ volume: StoredVolume) async throws(StoreError) -> Bool {
        let labels = try ContainerRow.encode(volume.labels)
        return try await write(.power) { db in
            try db.execute(
                sql: "INSERT INTO volumes VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [volume.name, labels, volume.createdAt.microseconds]
            )
            return db.changesCount > 0
        }
    }

    /// All volumes, by name.
    ///
    /// - Throws: ``StoreError``.
    package func volumes() async throws(StoreError) -> [StoredVolume] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM volumes ORDER BY name").map { row in
                let json: String = row["labels"]
                return StoredVolume(
                    name: row["name"],
                    labels: try JSONDecoder().decode([String: String].self, from: Data(json.utf8)),
                    createdAt: Date(microseconds: row["created_at_us"])
                )
            }
        }
    }

    /// Removes a volume; false when there is none of this name.
    ///
    /// - Throws: ``StoreError``.
    package func removeVolume(_ name: String) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try db.execute(sql: "DELETE FROM volumes WHERE name = ?", arguments: [name])
            return db.changesCount > 0
        }
    }
}
