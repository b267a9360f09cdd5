// SPDX-License-Identifier: Apache-2.0
// Opening what a crash, a newer version, a full disk or a stranger left behind.

import Foundation
import FunctionModel
import GRDB
import Logging
import Testing

@testable import FunctionStore

@Suite struct OpeningTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: folder.database)) }

    @Test("an empty file is migrated, and a second opening changes nothing")
    func migrate() async throws {
        try write(Data())
        let store = try folder.open()
        try await store.deploySample()
        try store.close()
        let reopened = try folder.open()
        #expect(try await reopened.currentRevisions().count == 1)
        #expect(try await reopened.integrityCheck() == [])
        let mode: String? = try await reopened.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "wal")
    }

    @Test("the folder is made, and no other user can read the database")
    func permissions() throws {
        let path = folder.path + "/a/b/mayfly.sqlite"
        let store = try SQLiteStore(path: path, logger: Logger(label: "test"))
        try store.close()
        let file = try FileManager.default.attributesOfItem(atPath: path)
        #expect(file[.posixPermissions] as? Int == 0o600)
        let parent = try FileManager.default.attributesOfItem(atPath: folder.path + "/a/b")
        #expect(parent[.posixPermissions] as? Int == 0o700)
    }

    @Test("the log has the migrations that were made, once")
    func migrationLog() throws {
        let capture = LogCapture()
        let logger = Logger(label: "test") { _ in capture }
        for _ in 1...2 { try SQLiteStore(path: folder.database, logger: logger).close() }
        #expect(capture.lines.all.count == 1)
        #expect(capture.lines.all.first?.contains("1-functions") == true)
    }

    @Test("a database from a newer version is refused, and left as it was")
    func newer() throws {
        try folder.open().close()
        let queue = try DatabaseQueue(path: folder.database)
        try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99-wonders')") }
        try queue.close()
        #expect(throws: StoreError.newerVersion(path: folder.database, unknown: ["99-wonders"])) {
            try folder.open()
        }
        let again = try DatabaseQueue(path: folder.database)
        #expect(try again.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM functions") } == 0)
    }

    @Test("a file that is no database is refused as damaged, and left as it was")
    func noDatabase() throws {
        let bytes = Data("This is a diary, not a database.\n".utf8) + Data(repeating: 7, count: 8192)
        try write(bytes)
        let error = #expect(throws: StoreError.self) { try folder.open() }
        guard case .corrupted(folder.database, _) = error else {
            Issue.record("got \(String(describing: error))")
            return
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.database)) == bytes)
    }

    @Test("a database with a page overwritten or cut off is refused as damaged", arguments: [false, true])
    func damaged(isCut: Bool) async throws {
        let store = try folder.open()
        for number in 0..<50 { try await store.deploySample("f\(number)") }
        try store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.database))
        if isCut {
            bytes = bytes.prefix(bytes.count / 2)
        } else {
            // The last page holds rows: opening alone does not read it, only the check does.
            bytes.replaceSubrange((bytes.count - 4096)..., with: Data(repeating: 0xFF, count: 4096))
        }
        try write(bytes)
        let error = #expect(throws: StoreError.self) { try folder.open() }
        guard case .corrupted(folder.database, _) = error else {
            Issue.record("got \(String(describing: error))")
            return
        }
    }

    @Test("a path that cannot be written is reported with the system's reason")
    func notWritable() throws {
        try Data().write(to: URL(fileURLWithPath: folder.path + "/file"))
        try FileManager.default.createDirectory(
            atPath: folder.database,
            withIntermediateDirectories: false
        )
        for path in ["\(folder.path)/file/mayfly.sqlite", "/proc/mayfly/mayfly.sqlite", folder.database] {
            let error = #expect(throws: StoreError.self, "\(path)") {
                try SQLiteStore(path: path, logger: Logger(label: "test"))
            }
            guard case .notWritable(let told, let reason) = error else {
                Issue.record("got \(String(describing: error)) for \(path)")
                continue
            }
            #expect(path.hasPrefix(told))
            #expect(!reason.isEmpty)
        }
    }

    @Test(
        "a folder without write permission is refused",
        .enabled(if: getuid() != 0, "ordinary user only: root may write anywhere")
    )
    func readOnlyFolder() throws {
        chmod(folder.path, 0o500)
        defer { chmod(folder.path, 0o700) }
        #expect(throws: StoreError.notWritable(path: folder.path, reason: "Permission denied")) {
            try folder.open()
        }
    }

    @Test("a read-only file system is refused", .enabled(if: getuid() == 0, "mounts a tmpfs"))
    func readOnlyFileSystem() throws {
        let mount = try TemporaryMount(in: folder, options: "ro")
        defer { withExtendedLifetime(mount) {} }
        #expect(throws: StoreError.notWritable(path: mount.path, reason: "Read-only file system")) {
            try SQLiteStore(path: mount.path + "/mayfly.sqlite", logger: Logger(label: "test"))
        }
    }

    @Test("a value of another version in a row is reported with its table")
    func malformedRow() async throws {
        let store = try folder.open()
        try await store.deploySample()
        try await store.write(.process) { try $0.execute(sql: "UPDATE revisions SET configuration = '{'") }
        let error = await #expect(throws: StoreError.self) { try await store.currentRevisions() }
        guard case .malformedRow("revisions", _) = error else {
            Issue.record("got \(String(describing: error))")
            return
        }
    }

    @Test(
        "a database that must not be new is refused when it is missing, empty or without tables, and none is made"
    )
    func mustNotBeNew() async throws {
        let logger = Logger(label: "test")
        func refused() {
            #expect(throws: StoreError.missing(path: folder.database)) {
                try SQLiteStore(path: folder.database, mayBeNew: false, logger: logger)
            }
        }
        refused()
        #expect(!FileManager.default.fileExists(atPath: folder.database))
        try write(Data())
        refused()
        let queue = try DatabaseQueue(path: folder.database)
        try await queue.write { try $0.execute(sql: "CREATE TABLE other (a)") }
        try queue.close()
        refused()
        try FileManager.default.removeItem(atPath: folder.database)
        try folder.open().close()
        try SQLiteStore(path: folder.database, mayBeNew: false, logger: logger).close()
    }

    @Test(
        "a database that is removed or replaced under a running gateway keeps nothing more, and says so once"
    )
    func removedWhileOpen() async throws {
        let capture = LogCapture()
        let store = try SQLiteStore(path: folder.database, logger: Logger(label: "test") { _ in capture })
        try await store.deploySample()
        let before = capture.lines.all.count
        for file in [folder.database, folder.database + "-wal"] {
            try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
            for _ in 0..<2 {
                await #expect(throws: StoreError.removed(path: file)) { try await store.deploySample() }
            }
            try FileManager.default.copyItem(atPath: file + ".away", toPath: file)
            await #expect(throws: StoreError.removed(path: file)) { try await store.deploySample() }
            store.lookAfter()
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.moveItem(atPath: file + ".away", toPath: file)
            try await store.deploySample()
        }
        #expect(capture.lines.all.count == before + 1)
        #expect(try await store.currentRevisions().first?.number == 3)
    }
}
