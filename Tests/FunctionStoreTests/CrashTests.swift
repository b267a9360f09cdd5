// SPDX-License-Identifier: Apache-2.0
// What the files hold when the process dies in the middle: copied during a transaction, cut anywhere, reopened.

import Foundation
import FunctionModel
import GRDB
import Testing

@testable import FunctionStore

@Suite struct CrashTests {
    let folder: TemporaryFolder
    let store: SQLiteStore

    init() throws {
        folder = try TemporaryFolder()
        store = try folder.open()
    }

    /// Copies database and log as they are while a transaction has written but not committed.
    ///
    /// On the writer's thread nothing else writes: the copy is what a kill at this moment leaves.
    private func killMidWrite(into copy: TemporaryFolder) async throws {
        let (from, to) = (folder.database, copy.database)
        await #expect(throws: StoreError.failed(reason: "killed")) {
            try await store.write(.process) { db in
                // A cache of ten pages spills the uncommitted rows into the log.
                try db.execute(sql: "PRAGMA cache_size = 10")
                for number in 0..<2000 {
                    try LogRow.insert(db, line("uncommitted \(number) " + String(repeating: "x", count: 200)))
                }
                for suffix in ["", "-wal"] {
                    try FileManager.default.copyItem(atPath: from + suffix, toPath: to + suffix)
                }
                throw StoreError.failed(reason: "killed")
            }
        }
    }

    @Test("after a kill in the middle of a write everything committed is there, and nothing else")
    func kill() async throws {
        let key = ScheduleKey(function: try name("hello"), expression: "@hourly")
        try await store.deploySample()
        try await store.upsertSchedules(
            of: key.function,
            [ScheduleState(key: key, createdAt: noon, nextDue: noon)]
        )
        try await store.record([invocation("a")], logs: [line("committed")])
        #expect(try await store.claim(key, due: noon, next: noon.addingTimeInterval(3600)))
        let copy = try TemporaryFolder()
        defer { withExtendedLifetime(copy) {} }
        try await killMidWrite(into: copy)
        let log = try Data(contentsOf: URL(fileURLWithPath: copy.database + "-wal"))
        #expect(log.range(of: Data("uncommitted 100 ".utf8)) != nil)

        let reopened = try copy.open()
        #expect(try await reopened.integrityCheck() == [])
        #expect(try await reopened.currentRevisions().map(\.number) == [1])
        #expect(try await reopened.unfinishedClaims().map(\.key) == [key])
        #expect(try await !reopened.claim(key, due: noon, next: nil))
        #expect(try await reopened.invocations(InvocationQuery()).map(\.id) == ["a"])
        #expect(try await reopened.logs(LogQuery()).lines.map(\.text) == ["committed"])
        #expect(try await reopened.deploySample().number == 2)
    }

    @Test("a log cut at any point gives a sound database with a prefix of the history")
    func cutAnywhere() async throws {
        for number in 0..<40 {
            try await store.record([invocation("\(number)", at: Double(number))], logs: [])
        }
        let copy = try TemporaryFolder()
        defer { withExtendedLifetime(copy) {} }
        try await killMidWrite(into: copy)
        let database = try Data(contentsOf: URL(fileURLWithPath: copy.database))
        let log = try Data(contentsOf: URL(fileURLWithPath: copy.database + "-wal"))
        var lengths: Set<Int> = []
        for step in 0...50 {
            let torn = try TemporaryFolder()
            defer { withExtendedLifetime(torn) {} }
            try database.write(to: URL(fileURLWithPath: torn.database))
            // 4099 is no multiple of a frame: most cuts go through the middle of one.
            try log.prefix(min(log.count, step * log.count / 50 + 4099 % (step + 1)))
                .write(to: URL(fileURLWithPath: torn.database + "-wal"))
            let reopened = try torn.open()
            #expect(try await reopened.integrityCheck() == [], "cut \(step)")
            let ids = try await reopened.invocations(InvocationQuery()).map(\.id)
            #expect(ids == (0..<ids.count).reversed().map(String.init), "cut \(step)")
            lengths.insert(ids.count)
        }
        #expect(lengths.contains(40))
        #expect(lengths.count > 2)
    }
}
