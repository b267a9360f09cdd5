// SPDX-License-Identifier: Apache-2.0
// Containers in SQLite.

package import FunctionModel
import FoundationEssentials
import GRDB

extension SQLiteStore {
    /// Stores a new container under its name, unless that is taken.
    ///
    /// - Throws: ``StoreError``.
    package func createContainer(
        _ container: StoredContainer,
        countMax: Int
    ) async throws(StoreError) -> NameClaim {
        let request = try ContainerRow.encode(container.request)
        // One that is removed at its end need not survive a loss of power.
        return try await write(container.request.isRemoved ? .process : .power) { db in
            guard try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM containers") ?? 0 < countMax else {
                return .full
            }
            if let taken = try ContainerRow.claim(db, container.name) { return taken }
            let condition = container.condition
            try db.execute(
                sql: "INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    container.id, container.name, container.imageDigest.description, request,
                    container.createdAt.microseconds, condition.status.rawValue, condition.exitCode,
                    condition.error, condition.isOutOfMemory, condition.startedAt?.microseconds,
                    condition.finishedAt?.microseconds, condition.restartCount, condition.isStopped,
                ]
            )
            return .made
        }
    }

    /// All containers, oldest first.
    ///
    /// - Throws: ``StoreError``.
    package func containers() async throws(StoreError) -> [StoredContainer] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM containers ORDER BY created_at_us, id")
                .map(ContainerRow.decode)
        }
    }

    /// Stores where a container is.
    ///
    /// - Throws: ``StoreError``.
    package func setCondition(
        _ condition: StoredContainer.Condition,
        of id: String
    ) async throws(StoreError) {
        try await write(.process, .necessary) { db in
            try db.execute(
                sql: """
                    UPDATE containers SET status = ?, exit_code = ?, error = ?, out_of_memory = ?,
                    started_at_us = ?, finished_at_us = ?, restart_count = ?, stopped = ? WHERE id = ?
                    """,
                arguments: [
                    condition.status.rawValue, condition.exitCode, condition.error, condition.isOutOfMemory,
                    condition.startedAt?.microseconds, condition.finishedAt?.microseconds,
                    condition.restartCount, condition.isStopped, id,
                ]
            )
        }
    }

    /// Gives a container another name.
    ///
    /// - Throws: ``StoreError``.
    package func renameContainer(_ id: String, to name: String) async throws(StoreError) -> NameClaim {
        try await write(.power) { db in
            if let taken = try ContainerRow.claim(db, name) { return taken }
            try db.execute(sql: "UPDATE containers SET name = ? WHERE id = ?", arguments: [name, id])
            return db.changesCount > 0 ? .made : .unknown
        }
    }

    /// Stores what a container's request says now; false when there is none of this id.
    ///
    /// - Throws: ``StoreError``.
    package func setRequest(_ request: ContainerRequest, of id: String) async throws(StoreError) -> Bool {
        let json = try ContainerRow.encode(request)
        return try await write(.power) { db in
            try db.execute(sql: "UPDATE containers SET request = ? WHERE id = ?", arguments: [json, id])
            return db.changesCount > 0
        }
    }

    /// Removes a container; false when there is none of this id.
    ///
    /// - Throws: ``StoreError``.
    package func removeContainer(_ id: String) async throws(StoreError) -> Bool {
        try await write(.process, .necessary) { db in
            try db.execute(sql: "DELETE FROM containers WHERE id = ?", arguments: [id])
            return db.changesCount > 0
        }
    }
}

/// Between a container and its row.
enum ContainerRow {
    static func encode(_ value: some Encodable) throws(StoreError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try String(decoding: encoder.encode(value), as: UTF8.self)
        } catch {
            throw .failed(reason: "the container cannot be encoded: \(error)")
        }
    }

    /// Nil when a name is free.
    static func claim(_ db: Database, _ name: String) throws -> NameClaim? {
        if let id = try String.fetchOne(
            db,
            sql: "SELECT id FROM containers WHERE name = ?",
            arguments: [name]
        ) {
            return .takenByContainer(id: id)
        }
        let functions = "SELECT 1 FROM functions WHERE name = ? AND current_number IS NOT NULL"
        return try Int.fetchOne(db, sql: functions, arguments: [name]) == nil ? nil : .takenByFunction
    }

    static func decode(_ row: Row) throws(StoreError) -> StoredContainer {
        do {
            let json: String = row["request"]
            var container = StoredContainer(
                id: row["id"],
                name: row["name"],
                imageDigest: try DigestColumn.read(row["image_digest"], of: "containers"),
                request: try JSONDecoder().decode(ContainerRequest.self, from: Data(json.utf8)),
                createdAt: Date(microseconds: row["created_at_us"])
            )
            guard let status = ContainerStatus(rawValue: row["status"]) else {
                throw StoreError.malformedRow(table: "containers", reason: "an unknown status")
            }
            var condition = StoredContainer.Condition(status: status)
            condition.exitCode = row["exit_code"]
            condition.error = row["error"]
            condition.isOutOfMemory = row["out_of_memory"]
            condition.startedAt = (row["started_at_us"] as Int64?).map { Date(microseconds: $0) }
            condition.finishedAt = (row["finished_at_us"] as Int64?).map { Date(microseconds: $0) }
            condition.restartCount = row["restart_count"]
            condition.isStopped = row["stopped"]
            container.condition = condition
            return container
        } catch let error as StoreError {
            throw error
        } catch {
            throw .malformedRow(table: "containers", reason: "\(error)")
        }
    }
}
