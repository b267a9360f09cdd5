// SPDX-License-Identifier: Apache-2.0
// Bearer tokens in SQLite. Scopes, functions and namespaces are words with spaces between, which none of them can hold.

package import FoundationEssentials
import FunctionModel
import GRDB

/// The table of tokens; Schema registers it as one migration.
enum TokenSchema {
    static let tables = """
        CREATE TABLE tokens (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE,
            scopes TEXT NOT NULL,
            functions TEXT,
            created_at_us INTEGER NOT NULL,
            expires_at_us INTEGER,
            last_used_at_us INTEGER
        ) STRICT;
        """
}

extension SQLiteStore {
    /// Stores a new token, unless there are too many.
    ///
    /// - Throws: ``StoreError``.
    package func createToken(_ token: StoredToken, countMax: Int) async throws(StoreError) -> Bool {
        try await write(.power) { db in
            guard try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM tokens") ?? 0 < countMax else {
                return false
            }
            try db.execute(
                sql: "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    token.id, token.name, token.hash.description, Self.words(token.scopes.map(\.rawValue)),
                    token.functions.map { Self.words($0.map(\.text)) }, token.createdAt.microseconds,
                    token.expiresAt?.microseconds, token.lastUsedAt?.microseconds,
                    token.namespaces.map { Self.words(Array($0)) },
                ]
            )
            return true
        }
    }

    /// All tokens, oldest first.
    ///
    /// - Throws: ``StoreError``.
    package func tokens() async throws(StoreError) -> [StoredToken] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM tokens ORDER BY created_at_us, id").map(Self.token)
        }
    }

    /// Removes a token; false when there is none of this id.
    ///
    /// - Throws: ``StoreError``.
    package func removeToken(_ id: String) async throws(StoreError) -> Bool {
        try await write(.power, .necessary) { db in
            try db.execute(sql: "DELETE FROM tokens WHERE id = ?", arguments: [id])
            return db.changesCount > 0
        }
    }

    /// Notes when tokens were last used.
    ///
    /// - Throws: ``StoreError``.
    package func recordTokenUses(_ uses: [String: Date]) async throws(StoreError) {
        try await write(.process) { db in
            let statement = try db.makeStatement(
                sql: "UPDATE tokens SET last_used_at_us = MAX(?, COALESCE(last_used_at_us, 0)) WHERE id = ?"
            )
            for (id, date) in uses { try statement.execute(arguments: [date.microseconds, id]) }
        }
    }

    private static func words(_ texts: [String]) -> String { texts.sorted().joined(separator: " ") }

    private static func token(_ row: Row) throws(StoreError) -> StoredToken {
        var token = StoredToken(
            id: row["id"],
            name: row["name"],
            hash: try DigestColumn.read(row["hash"], of: "tokens"),
            scopes: [],
            createdAt: Date(microseconds: row["created_at_us"])
        )
        for word in (row["scopes"] as String).split(separator: " ") {
            guard let scope = TokenScope(rawValue: String(word)) else {
                throw .malformedRow(table: "tokens", reason: "'\(word)' is no scope")
            }
            token.scopes.insert(scope)
        }
        if let text = row["functions"] as String? {
            var names: Set<FunctionName> = []
            for word in text.split(separator: " ") {
                do throws(ModelError) { names.insert(try FunctionName(String(word))) } catch {
                    throw .malformedRow(table: "tokens", reason: error.description)
                }
            }
            token.functions = names
        }
        token.namespaces = (row["namespaces"] as String?).map {
            Set($0.split(separator: " ").map(String.init))
        }
        token.expiresAt = (row["expires_at_us"] as Int64?).map { Date(microseconds: $0) }
        token.lastUsedAt = (row["last_used_at_us"] as Int64?).map { Date(microseconds: $0) }
        return token
    }
}
