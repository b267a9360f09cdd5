// SPDX-License-Identifier: Apache-2.0
// From a path to an open, checked and migrated database. Driven by SQLiteStore's initializer alone.

import Foundation
import GRDB
import Logging

enum DatabaseFile {
    /// How long a statement waits for another process's lock before ``StoreError/busy(path:)``.
    ///
    /// Only a backup or a curious sqlite3 shell ever holds one; five seconds outlast both.
    static let busyTimeoutSeconds = 5.0
    /// Readers at once: listings are short, and each connection keeps its own page cache (2 MB).
    static let readerCountMax = 4
    /// The write-ahead log is cut back to this size after a burst.
    static let journalBytesMax = 64 << 20

    /// Insists on a file with something in it.
    static func insist(path: String) throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > 0 else { throw .missing(path: path) }
    }

    /// Makes the folder and an empty file of mode 0600, so that a failure is reported with the system's reason.
    static func prepare(path: String) throws(StoreError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .notWritable(path: folder, reason: reason(of: error))
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw .notWritable(path: folder, reason: systemText(errno))
        }
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            Foundation.close(descriptor)
        } else if errno != EEXIST {
            throw .notWritable(path: path, reason: systemText(errno))
        }
        // An existing file is only checked with stat: opening and closing it would drop this process's locks on it.
        guard access(path, R_OK | W_OK) == 0 else {
            throw .notWritable(path: path, reason: systemText(errno))
        }
    }

    /// With `mayBeNew` false a database without tables is refused.
    static func open(path: String, mayBeNew: Bool, logger: Logger) throws(StoreError) -> DatabasePool {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration())
            try check(pool, path: path)
            try migrate(pool, path: path, mayBeNew: mayBeNew, logger: logger)
            return pool
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "SQLiteStore"
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.maximumReaderCount = readerCountMax
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_size_limit = \(journalBytesMax)")
            // Rows of a damaged or foreign file must not run functions hidden in its schema.
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    private static func check(_ pool: DatabasePool, path: String) throws {
        let faults = try pool.read { try String.fetchAll($0, sql: "PRAGMA quick_check(1)") }
        guard faults == ["ok"] else {
            throw StoreError.corrupted(path: path, reason: faults.first ?? "the check returned no result")
        }
    }

    private static func migrate(_ pool: DatabasePool, path: String, mayBeNew: Bool, logger: Logger) throws {
        let migrator = Schema.migrator
        let applied = try pool.read { db in
            try db.tableExists("grdb_migrations")
                ? String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid") : []
        }
        guard mayBeNew || !applied.isEmpty else { throw StoreError.missing(path: path) }
        let unknown = applied.filter { !migrator.migrations.contains($0) }
        guard unknown.isEmpty else { throw StoreError.newerVersion(path: path, unknown: unknown) }
        let missing = migrator.migrations.filter { !applied.contains($0) }
        try migrator.migrate(pool)
        if !missing.isEmpty {
            logger.info(
                "database migrated",
                metadata: ["path": .string(path), "migrations": .string(missing.joined(separator: ", "))]
            )
        }
    }

    private static func systemText(_ number: Int32) -> String { String(cString: strerror(number)) }

    private static func reason(of error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return cause.map { systemText(Int32($0.code)) } ?? error.localizedDescription
    }
}
