// SPDX-License-Identifier: Apache-2.0
// Functions, revisions and image references in a database of their own.

import Foundation
import FunctionModel
import FunctionStore
import GRDB
import Testing

@Suite struct FunctionsTests {
    let folder: TemporaryFolder
    let store: SQLiteStore

    init() throws {
        folder = try TemporaryFolder()
        store = try folder.open()
    }

    @Test("a new database holds nothing and is sound")
    func empty() async throws {
        #expect(try await store.currentRevisions().isEmpty)
        #expect(try await store.revisions(of: name("hello")).isEmpty)
        #expect(try await store.digestsInUse().isEmpty)
        #expect(try await store.references().isEmpty)
        #expect(try await store.integrityCheck() == [])
    }

    @Test("a deploy makes the next revision, and it becomes current")
    func deploy() async throws {
        #expect(try await store.deploySample(digest: .sample("aa")).number == 1)
        #expect(try await store.deploySample(digest: .sample("bb")).number == 2)
        try await store.deploySample("other")
        let current = try await store.currentRevisions()
        #expect(current.map(\.function.text) == ["hello", "other"])
        #expect(current.map(\.number) == [2, 1])
        #expect(try await store.revisions(of: name("hello")).map(\.number) == [2, 1])
        #expect(try await store.digestsInUse() == [Digest.sample("aa"), Digest.sample("bb")])
    }

    @Test("every field of a revision comes back as it was given, also after reopening")
    func roundTrip() async throws {
        var configuration = FunctionConfiguration()
        configuration.routes = [try Route("GET example.com/api/*")]
        configuration.environment = ["GREETING": "grüß 'dich' \"/\\ \u{1F980}"]
        configuration.limits.memory = .mebibytes(64)
        configuration.schedules = [ScheduleConfiguration(cron: "*/5 * * * *")]
        configuration.command = ["/bin/sh", "-c", "echo"]
        configuration.requests.memory = .mebibytes(9)
        configuration.capabilities = ["CAP_NET_BIND_SERVICE"]
        let made = try await store.deploySample(configuration: configuration)
        try store.close()
        let read = try #require(try await folder.open().currentRevisions().first)
        #expect(read.configuration == configuration)
        #expect(read.imageReference == made.imageReference)
        #expect(read.imageDigest == made.imageDigest)
        #expect(abs(read.createdAt.timeIntervalSince(noon)) < 1e-6)
    }

    @Test("a rollback switches to an old revision, and the next deploy still counts on")
    func rollback() async throws {
        for _ in 1...3 { try await store.deploySample() }
        #expect(try await store.setCurrent(name("hello"), number: 1).number == 1)
        #expect(try await store.currentRevisions().map(\.number) == [1])
        #expect(try await store.deploySample().number == 4)
    }

    @Test("a rollback to what does not exist says what is missing")
    func rollbackUnknown() async throws {
        try await store.deploySample()
        await #expect(throws: StoreError.unknownRevision(try name("hello"), number: 7)) {
            try await store.setCurrent(name("hello"), number: 7)
        }
        await #expect(throws: StoreError.unknownFunction(try name("nobody"))) {
            try await store.setCurrent(name("nobody"), number: 1)
        }
        #expect(try await store.currentRevisions().map(\.number) == [1])
    }

    @Test("a removed function is gone, its history stays, and its numbers are never given again")
    func remove() async throws {
        for _ in 1...2 { try await store.deploySample() }
        let key = ScheduleKey(function: try name("hello"), expression: "@daily")
        try await store.upsertSchedules(
            of: name("hello"),
            [ScheduleState(key: key, createdAt: noon, nextDue: noon)]
        )
        #expect(try await store.claim(key, due: noon, next: nil))
        try await store.record([invocation("a")], logs: [line("text")])
        #expect(try await store.removeFunction(name("hello")))
        #expect(try await !store.removeFunction(name("hello")))
        #expect(try await store.currentRevisions().isEmpty)
        #expect(try await store.digestsInUse().isEmpty)
        #expect(try await store.schedules().isEmpty)
        #expect(try await store.unfinishedClaims().isEmpty)
        #expect(try await store.invocationCounts().isEmpty)
        #expect(try await store.invocations(InvocationQuery()).map(\.id) == ["a"])
        #expect(try await store.logs(LogQuery()).lines.count == 1)
        await #expect(throws: StoreError.unknownFunction(try name("hello"))) {
            try await store.setCurrent(name("hello"), number: 1)
        }
        #expect(try await store.deploySample().number == 3)
        #expect(try await store.integrityCheck() == [])
    }

    @Test("pruning keeps the newest and the current revision, and returns unused digests")
    func prune() async throws {
        for digest in ["a", "b", "c", "d", "e"] { try await store.deploySample(digest: .sample(digest)) }
        try await store.deploySample("other", digest: .sample("b"))
        try await store.setCurrent(name("hello"), number: 1)
        #expect(try await store.pruneRevisions(of: name("hello"), keeping: 2) == [.sample("c")])
        #expect(try await store.revisions(of: name("hello")).map(\.number) == [5, 4, 1])
        #expect(try await store.pruneRevisions(of: name("hello"), keeping: 2) == [])
        let unused = try await store.pruneRevisions(of: name("hello"), keeping: 0)
        #expect(unused == [.sample("d"), .sample("e")])
        #expect(try await store.deploySample().number == 6)
    }

    @Test("a row with another text than a digest is reported, and not taken for one")
    func malformedDigest() async throws {
        try await store.deploySample()
        try await store.setReference("a:1", digest: .sample("aa"), sizeBytes: 1, createdAt: noon)
        try await DatabaseQueue(path: folder.database).write { db in
            try db.execute(sql: "UPDATE revisions SET image_digest = 'sha256:0'")
            try db.execute(sql: "UPDATE image_references SET digest = 'x'")
        }
        let revision = StoreError.malformedRow(table: "revisions", reason: "'sha256:0' is not a digest")
        await #expect(throws: revision) { try await store.revisions(of: name("hello")) }
        await #expect(throws: revision) { try await store.digestsInUse() }
        await #expect(throws: revision) { try await store.imageUsers() }
        let reference = StoreError.malformedRow(table: "image_references", reason: "'x' is not a digest")
        await #expect(throws: reference) { try await store.reference("a:1") }
    }

    @Test("a reference refers to its last digest until it is removed")
    func references() async throws {
        let reference = "docker.io/library/hello:latest"
        #expect(try await store.reference(reference)?.digest == nil)
        try await store.setReference(reference, digest: .sample("aa"), sizeBytes: 10, createdAt: noon)
        try await store.setReference(reference, digest: .sample("bb"), sizeBytes: 20, createdAt: noon)
        try await store.setReference("a:1", digest: .sample("bb"), sizeBytes: 20, createdAt: noon)
        #expect(try await store.reference(reference)?.digest == Digest.sample("bb"))
        #expect(try await store.reference(reference)?.sizeBytes == 20)
        #expect(try await store.reference("b:1") == nil)
        let rows = try await store.references()
        #expect(rows.map(\.reference) == ["a:1", reference])
        #expect(rows.last?.sizeBytes == 20)
        #expect(try await store.removeReference(reference))
        #expect(try await !store.removeReference(reference))
        #expect(try await store.reference(reference)?.digest == nil)
    }

    @Test("deploys of one function at the same time each get a number of their own, while others read")
    func concurrency() async throws {
        let store = store
        let second = try folder.open()
        let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
            for task in 0..<8 {
                group.addTask {
                    var numbers: [Int] = []
                    for _ in 0..<10 {
                        try await numbers.append((task % 2 == 0 ? store : second).deploySample().number)
                        #expect(try await store.currentRevisions().count == 1)
                    }
                    return numbers
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(numbers.sorted() == Array(1...80))
        #expect(try await store.currentRevisions().map(\.number) == [80])
        #expect(try await store.integrityCheck() == [])
    }

    @Test("a write goes through whole although its task was cancelled")
    func cancelled() async throws {
        let store = store
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.deploySample().number
        }
        #expect(try await task.value == 1)
    }
}
