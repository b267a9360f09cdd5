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

    private func fill(_ store: FunctionStore, path: String) async throws {
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

    @Test("a database that may not grow fails clean and goes on later")
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
        let store = try FunctionStore(path: path, logger: Logger(label: "test"))
        try await fill(store, path: path)
        // The last checkpoint may fail on a full device; the log then holds everything.
        try? store.close()
        let reopened = try FunctionStore(path: path, logger: Logger(label: "test"))
        #expect(try await reopened.currentRevisions().count == 1)
        #expect(try await reopened.integrityCheck() == [])
        try? reopened.close()
    }
}
