// SPDX-License-Identifier: Apache-2.0
// No space left: a clear error, nothing half-written, and work goes on when there is room again.

import Foundation
import FunctionModel
import GRDB
import Logging
import Testing

@testable import FunctionStore

@Suite(.serialized) struct FullDiskTests {
    private static let filler = String(repeating: "x", count: 4000)

    private func fill(_ store: SQLiteStore, path: String) async throws {
        try await store.deploySample()
        let error = await #expect(throws: StoreError.self) {
            for number in 0..<2000 {
                try await store.record([], logs: [line(Self.filler, at: Double(number))])
            }
        }
        #expect(error == .diskFull(path: path))
        #expect(try await store.currentRevisions().count == 1)
        #expect(try await store.integrityCheck() == [])
    }

    @Test("a database that may not grow fails clean and continues later")
    func pageLimit() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try folder.open()
        try await store.write(.process) { try $0.execute(sql: "PRAGMA max_page_count = 200") }
        try await fill(store, path: folder.database)
        try await store.write(.process) { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        try await store.record([], logs: [line(Self.filler)])
        #expect(try await store.deploySample().number == 2)
    }

    @Test(
        "a full device fails clean, and its files open again",
        .enabled(if: getuid() == 0, "mounts a tmpfs")
    )
    func device() async throws {
        let folder = try TemporaryFolder()
        let mount = try TemporaryMount(in: folder, options: "size=1m")
        defer { withExtendedLifetime(mount) {} }
        let path = mount.path + "/mayfly.sqlite"
        let store = try SQLiteStore(path: path, logger: Logger(label: "test"))
        try await fill(store, path: path)
        // The last checkpoint may fail on a full device; the log then holds everything.
        try? store.close()
        let reopened = try SQLiteStore(path: path, logger: Logger(label: "test"))
        #expect(try await reopened.currentRevisions().count == 1)
        #expect(try await reopened.integrityCheck() == [])
        try? reopened.close()
    }

    /// Fills a device to the last byte, the file's descriptor included.
    private func fillUp(_ file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        try #require(descriptor >= 0)
        for bytes in [1 << 16, 4096] {
            let piece = [UInt8](repeating: 7, count: bytes)
            while write(descriptor, piece, bytes) > 0 {}
        }
    }

    @Test(
        "on a full device removals work and nothing else does, a start works, and space is kept in reserve again",
        .enabled(if: getuid() == 0, "mounts a tmpfs")
    )
    func reserve() async throws {
        let folder = try TemporaryFolder()
        let mount = try TemporaryMount(in: folder, options: "size=16m")
        defer { withExtendedLifetime(mount) {} }
        let path = mount.path + "/mayfly.sqlite"
        let filler = mount.path + "/filler"
        let store = try SQLiteStore(path: path, logger: Logger(label: "test"))
        for name in ["first", "second", "third"] { try await store.deploySample(name) }
        try fillUp(filler)
        // As long as the log has room, and then no more.
        let error = await #expect(throws: StoreError.self) {
            for number in 0..<2000 {
                try await store.record([], logs: [line(Self.filler, at: Double(number))])
            }
        }
        #expect(error == .diskFull(path: path))
        // The last checkpoint may fail on a full device; the log then holds everything.
        try? store.close()
        try fillUp(filler)

        let reopened = try SQLiteStore(path: path, logger: Logger(label: "test"))
        #expect(try await reopened.removeFunction(FunctionName("first")))
        await #expect(throws: StoreError.diskFull(path: path)) { try await reopened.deploySample("first") }
        #expect(try await reopened.currentRevisions().count == 2)
        try FileManager.default.removeItem(atPath: filler)
        reopened.lookAfter()
        try await reopened.deploySample("first")
        try fillUp(filler)
        #expect(try await reopened.removeFunction(FunctionName("second")))
        #expect(try await reopened.integrityCheck() == [])
        try? reopened.close()
    }
}
