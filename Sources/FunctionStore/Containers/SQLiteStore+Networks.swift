// SPDX-License-Identifier: Apache-2.0
// Networks of containers in SQLite.

import FoundationEssentials
import GRDB

extension SQLiteStore {
    /// Stores a new network; false when there is one of its name or number already.
    ///
    /// - Throws: ``StoreError``.
    package func createNetwork(_ network: StoredNetwork) async throws(StoreError) -> Bool {
        let labels = try ContainerRow.encode(network.labels)
        return try await write(.power) { db in
            try db.execute(
                sql: "INSERT INTO networks VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [
                    network.name, network.id, Int(network.number), labels, network.createdAt.microseconds,
                ]
            )
            return db.changesCount > 0
        }
    }

    /// All networks, by name.
    ///
    /// - Throws: ``StoreError``.
    package func networks() async throws(StoreError) -> [StoredNetwork] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM networks ORDER BY name").map { row in
                let json: String = row["labels"]
                return StoredNetwork(
                    id: row["id"],
                    name: row["name"],
                    number: row["number"],
                    labels: try JSONDecoder().decode([String: String].self, from: Data(json.utf8)),
                    createdAt: Date(microseconds: row["created_at_us"])
                )
            }
        }
    }

    /// Removes a network; false when there is none of this name.
    ///
    /// - Throws: ``StoreError``.
    package func removeNetwork(_ name: String) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try db.execute(sql: "DELETE FROM networks WHERE name = ?", arguments: [name])
            return db.changesCount > 0
        }
    }
}
