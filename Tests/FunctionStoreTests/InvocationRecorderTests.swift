// SPDX-License-Identifier: Apache-2.0
// The recorder with a real database: what is appended is written, followers are notified, failures are logged.

import Foundation
import FunctionModel
import GRDB
import Logging
import Testing

@testable import FunctionStore

@Suite struct InvocationRecorderTests {
    let folder: TemporaryFolder
    let store: SQLiteStore
    let capture = LogCapture()

    init() throws {
        folder = try TemporaryFolder()
        store = try folder.open()
    }

    /// Its followers ask again only after a write, unless a test shortens their pause.
    private func recorder(
        _ limits: RecorderLimits = RecorderLimits(),
        followPause: Duration = .seconds(3600)
    ) -> InvocationRecorder {
        let capture = capture
        return InvocationRecorder(
            store: store,
            logger: Logger(label: "test") { _ in capture },
            history: HistoryLimits(),
            limits: limits,
            followPause: followPause
        )
    }

    @Test("after a flush everything appended before can be read, without a running task")
    func flush() async throws {
        let recorder = recorder()
        await recorder.flush()
        for number in 0..<2000 {
            recorder.append(try invocation("\(number)"), logs: [try line("\(number)")])
        }
        await recorder.flush()
        var query = InvocationQuery()
        query.limit = 5000
        #expect(try await store.invocations(query).count == 2000)
        #expect(try await store.logs(LogQuery()).lines.count == 2000)
    }

    @Test("a flush waits for another's write and then writes the rest", .timeLimit(.minutes(1)))
    func flushDuringWrite() async throws {
        let (recorder, store) = (recorder(), store)
        let gate = DispatchSemaphore(value: 0)
        let blocker = Task { try await store.write(.process) { _ in gate.wait() } }
        recorder.append(try invocation("a"), logs: [])
        let first = Task { await recorder.flush() }
        while !recorder.isWriting { await Task.yield() }
        recorder.append(try invocation("b"), logs: [])
        let second = Task {
            await recorder.flush()
            return try await store.invocations(InvocationQuery()).map(\.id).sorted()
        }
        gate.signal()
        #expect(try await second.value == ["a", "b"])
        await first.value
        try await blocker.value
    }

    @Test("flushes and appends from many tasks lose nothing and write nothing twice")
    func concurrency() async throws {
        let recorder = recorder()
        let running = Task { await recorder.run() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for number in 0..<100 {
                        recorder.append(try invocation("\(task)-\(number)"), logs: [])
                        if number % 10 == 0 { await recorder.flush() }
                    }
                }
            }
            try await group.waitForAll()
        }
        await recorder.flush()
        var query = InvocationQuery()
        query.limit = 5000
        let ids = try await store.invocations(query).map(\.id)
        #expect(ids.count == 1600)
        #expect(Set(ids).count == 1600)
        running.cancel()
        await running.value
        #expect(capture.lines.all.isEmpty)
    }

    @Test("the running recorder writes in the background and notifies followers", .timeLimit(.minutes(1)))
    func run() async throws {
        let recorder = recorder()
        let running = Task { await recorder.run() }
        var flushes = try #require(recorder.logFlushes()).makeAsyncIterator()
        for round in 1...3 {
            recorder.append(try invocation("\(round)"), logs: [try line("\(round)")])
            await flushes.next()
            #expect(try await store.logs(LogQuery()).lines.count == round)
        }
        running.cancel()
        await running.value
    }

    @Test("a follower gets the lines that another process has recorded", .timeLimit(.minutes(1)))
    func otherProcess() async throws {
        var flushes = try #require(recorder(followPause: .milliseconds(5)).logFlushes()).makeAsyncIterator()
        var query = LogQuery()
        query.after = try await store.logs(query).cursor
        try await folder.open().record([], logs: [line("elsewhere")])
        await flushes.next()
        #expect(try await store.logs(query).lines.map(\.text) == ["elsewhere"])
    }

    @Test("a cancelled recorder writes what is left")
    func cancel() async throws {
        let recorder = recorder()
        let running = Task { await recorder.run() }
        recorder.append(try invocation("last"), logs: [])
        running.cancel()
        await running.value
        #expect(try await store.invocations(InvocationQuery()).map(\.id) == ["last"])
    }

    @Test("dropped records are counted in the log, once per flush")
    func dropped() async throws {
        let recorder = recorder(RecorderLimits(heldRecordsMax: 2))
        for number in 0..<5 { recorder.append(try invocation("\(number)"), logs: []) }
        await recorder.flush()
        #expect(try await store.invocations(InvocationQuery()).count == 2)
        #expect(capture.lines.all == ["warning history records dropped records=3"])
    }

    @Test("a failed write is said and tried again; nothing is lost when there is room again")
    func failure() async throws {
        try await store.write(.process) { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let recorder = recorder()
        let text = String(repeating: "x", count: 100_000)
        recorder.append(try invocation("a"), logs: [try line(text)])
        await recorder.flush()
        #expect(capture.lines.all.count == 1)
        #expect(capture.lines.all.first?.contains("no space left") == true)
        try await store.write(.process) { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        await recorder.flush()
        #expect(try await store.invocations(InvocationQuery()).map(\.id) == ["a"])
        #expect(try await store.logs(LogQuery()).lines.map(\.text) == [text])
    }

    @Test("there are as many followers as the limit allows, and one that leaves makes room")
    func followers() throws {
        let recorder = recorder()
        var streams = (0..<InvocationRecorder.subscribersMax).map { _ in recorder.logFlushes() }
        #expect(!streams.contains { $0 == nil })
        #expect(recorder.logFlushes() == nil)
        streams.removeLast()
        #expect(recorder.logFlushes() != nil)
    }
}
