// SPDX-License-Identifier: Apache-2.0
// The interface to all persistent state. `faasctl serve` opens it once; Scheduler and Gateway use it.

package import FoundationEssentials
import GRDB
package import Logging
import Synchronization

/// Functions, images, schedules and history in one SQLite file.
///
/// Every `async` method runs on the database's own threads and never blocks the cooperative pool. A write that
/// has begun is not undone when its task is cancelled. Configuration changes and claims are on the disk when the
/// method returns; history may lose its last moments to a power cut, but not to a killed process.
package final class SQLiteStore: Sendable {
    /// The database file.
    package let path: String
    let logger: Logger
    /// Of everything that is due, and of leases.
    let clock: @Sendable () -> Date
    /// Large bodies and outputs of the queue.
    let contents: QueueFiles
    /// Calls that the queue accepts.
    let acceptances = GroupCommit(.power, .ordinary)
    /// Ends of the queue's calls.
    let endings = GroupCommit(.power, .necessary)
    /// Claims of the queue: one that a power cut loses is made again.
    let claims = GroupCommit(.process, .necessary)
    private let pool: DatabasePool
    private let files: DatabaseFiles
    private let reserve: DiskReserve
    /// Whether the log says already that a file is lost.
    private let isLossTold = Mutex(false)

    /// Opens the database, makes it when absent, and migrates it to this version.
    ///
    /// Blocks for a read of the whole file (its check); call it before serving.
    ///
    /// - Parameters:
    ///   - path: the database file; its folder is made (0700) when absent.
    ///   - mayBeNew: false refuses a missing or empty database with ``StoreError/missing(path:)``, and makes none.
    ///   - logger: gets one line per opening and one per migration.
    ///   - clock: decides what is due; tests pass their own.
    /// - Throws: ``StoreError/notWritable(path:reason:)``, ``StoreError/newerVersion(path:unknown:)``,
    ///   ``StoreError/corrupted(path:reason:)``, ``StoreError/diskFull(path:)`` or ``StoreError/busy(path:)``.
    package init(
        path: String,
        mayBeNew: Bool = true,
        logger: Logger,
        clock: @escaping @Sendable () -> Date = { Date() }
    ) throws(StoreError) {
        self.path = path
        self.logger = logger
        self.clock = clock
        contents = QueueFiles(beside: path)
        if !mayBeNew { try DatabaseFile.insist(path: path) }
        try DatabaseFile.prepare(path: path)
        reserve = DiskReserve(path: path + "-reserve")
        if reserve.releaseForOpening() { Self.tellReleased(logger) }
        pool = try DatabaseFile.open(path: path, mayBeNew: mayBeNew, logger: logger)
        files = DatabaseFiles(path: path)
    }

    private static func tellReleased(_ logger: Logger) {
        logger.warning("the disk is full: the space kept in reserve is given back, for removals alone")
    }

    /// Looks whether the database's files are still there, and keeps space in reserve again when there is some.
    ///
    /// Blocks for a moment; call it now and then.
    package func lookAfter() {
        _ = lostFile()
        _ = reserve.take()
    }

    /// A file of the database that is gone; logged once.
    private func lostFile() -> String? {
        guard let lost = files.lost else { return nil }
        let isFirst = isLossTold.withLock { isTold in
            defer { isTold = true }
            return !isTold
        }
        if isFirst { logger.critical("\(StoreError.removed(path: lost))") }
        return lost
    }

    /// Closes the database, after running operations.
    ///
    /// Blocks. Later calls fail.
    ///
    /// - Throws: ``StoreError`` when the last checkpoint fails; nothing is lost then, the next opening repeats it.
    package func close() throws(StoreError) {
        // The pool closes its writer first, and readers cannot checkpoint: the log would stay as long as it is.
        let checkpoint = Result { try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
        do {
            try pool.close()
            _ = try checkpoint.get()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Reads the whole database and checks that its pages, indexes and references agree.
    ///
    /// - Returns: what is wrong; empty when all is well.
    /// - Throws: ``StoreError``.
    package func integrityCheck() async throws(StoreError) -> [String] {
        try await read { db in
            let pages = try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            let references = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map {
                "a row of '\($0["table"] as String)' refers to a missing row of '\($0["parent"] as String)'"
            }
            return pages + references
        }
    }

    /// How much a committed write survives.
    enum Durability: String {
        /// Death of the process, kill -9 included.
        case process = "NORMAL"
        /// Loss of power too: the write-ahead log is synced before the call returns.
        case power = "FULL"
    }

    /// Whether a full disk may refuse a write.
    enum Need: Sendable {
        case ordinary
        /// It frees space, or the gateway cannot go on without: the reserve is given up for it.
        case necessary
    }

    /// Runs one transaction on the database's writer thread.
    func write<Value: Sendable>(
        _ durability: Durability,
        _ need: Need = .ordinary,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        if need == .ordinary, !reserve.take() { throw .diskFull(path: path) }
        do throws(StoreError) { return try await commit(durability, body) } catch {
            guard need == .necessary, case .diskFull = error, reserve.release() else { throw error }
            Self.tellReleased(logger)
            return try await commit(durability, body)
        }
    }

    private func commit<Value: Sendable>(
        _ durability: Durability,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        // A continuation, not GRDB's async form: that one interrupts the statement when the task is cancelled.
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                continuation.resume(
                    returning: Result {
                        try db.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
                        var value: Value?
                        try db.inTransaction(.immediate) {
                            value = try body(db)
                            // Writes to an unlinked file succeed, and are lost.
                            if let lost = self.lostFile() { throw StoreError.removed(path: lost) }
                            return .commit
                        }
                        guard let value else {
                            throw StoreError.failed(reason: "the transaction returned no result")
                        }
                        return value
                    }
                )
            }
        }
        return try unwrap(result)
    }

    /// Runs queries on one of the database's reader threads, all on the same snapshot.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            pool.asyncRead { db in continuation.resume(returning: Result { try body(db.get()) }) }
        }
        return try unwrap(result)
    }

    private func unwrap<Value>(_ result: Result<Value, any Error>) throws(StoreError) -> Value {
        do { return try result.get() } catch { throw StoreError(error, path: path) }
    }
}
