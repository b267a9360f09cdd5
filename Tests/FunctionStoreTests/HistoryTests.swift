// SPDX-License-Identifier: Apache-2.0
// Invocations and log lines: written, asked for in every way, and kept within bounds.

import Foundation
import FunctionModel
import Testing

@testable import FunctionStore

@Suite struct HistoryTests {
    let folder: TemporaryFolder
    let store: SQLiteStore

    init() throws {
        folder = try TemporaryFolder()
        store = try folder.open()
    }

    private func ids(_ change: (inout InvocationQuery) -> Void) async throws -> [String] {
        var query = InvocationQuery()
        change(&query)
        return try await store.invocations(query).map(\.id)
    }

    private func texts(_ change: (inout LogQuery) -> Void) async throws -> [String] {
        var query = LogQuery()
        change(&query)
        return try await store.logs(query).lines.map(\.text)
    }

    @Test("every field of an invocation comes back as it was given")
    func roundTrip() async throws {
        var given = try invocation("call-1", outcome: .signal)
        given.startedAt = Date(timeIntervalSince1970: 1_800_000_000.5)
        given.trigger = .asynchronous
        given.queueMilliseconds = 0.25
        given.startMilliseconds = 1.5
        given.runMilliseconds = 2.75
        given.totalMilliseconds = 4.5
        given.exitCode = 139
        given.signal = 11
        given.bytesIn = 1 << 40
        given.bytesOut = 3
        given.cpuMilliseconds = 1.25
        given.peakMemoryBytes = 1 << 33
        given.limitsReached = [.memory, .disk]
        given.fresh = false
        given.warm = true
        try await store.record([given], logs: [])
        #expect(try await store.invocations(InvocationQuery()) == [given])
    }

    @Test("a figure that is no number is kept as zero and loses no other record")
    func notANumber() async throws {
        var bad = try invocation("a")
        bad.runMilliseconds = .nan
        bad.cpuMilliseconds = .infinity
        try await store.record([bad, invocation("b", at: -1)], logs: [])
        let read = try await store.invocations(InvocationQuery())
        #expect(read.map(\.id) == ["a", "b"])
        #expect(read.first?.runMilliseconds == 0)
    }

    @Test("invocations are listed newest first, by function, failed only, and page by page")
    func query() async throws {
        try await store.record(
            [
                invocation("a", at: 0), invocation("c", at: 2), invocation("b", at: 1, outcome: .oom),
                invocation("x", of: "other", at: 3, outcome: .exit), invocation("y", of: "other", at: 3),
            ],
            logs: []
        )
        let hello = try name("hello")
        #expect(try await ids { _ in } == ["y", "x", "c", "b", "a"])
        #expect(try await ids { $0.function = hello } == ["c", "b", "a"])
        #expect(try await ids { $0.failedOnly = true } == ["x", "b"])
        #expect(try await ids { ($0.function, $0.failedOnly) = (hello, true) } == ["b"])
        #expect(try await ids { $0.limit = 2 } == ["y", "x"])
        #expect(try await ids { ($0.limit, $0.before) = (2, .invocation("x")) } == ["c", "b"])
        #expect(try await ids { $0.before = .time(noon.addingTimeInterval(1)) } == ["a"])
        #expect(try await ids { $0.since = noon.addingTimeInterval(2) } == ["y", "x", "c"])
        #expect(try await ids { $0.before = .invocation("unknown") } == [])
        #expect(try await ids { $0.limit = -1 } == [])
    }

    @Test("an id that a caller used twice is recorded twice")
    func sameID() async throws {
        try await store.record([invocation("a"), invocation("a", at: 1)], logs: [])
        #expect(try await ids { _ in } == ["a", "a"])
    }

    @Test("counts come from a counter that pruning does not touch")
    func counts() async throws {
        try await store.deploySample()
        try await store.deploySample("idle")
        var limits = HistoryLimits()
        limits.invocationRowsPerFunctionMax = 10
        for round in 0..<5 {
            let batch = try (0..<10).map { try invocation("\(round)-\($0)", at: Double(round * 10 + $0)) }
            try await store.record(batch, logs: [], limits: limits)
        }
        try await store.record([invocation("z", of: "unknown")], logs: [])
        #expect(try await store.invocationCounts() == [name("hello"): 50, name("idle"): 0])
        #expect(try await ids { $0.function = try? name("hello") }.count <= 10)
    }

    @Test("log lines come by time, filtered by function, invocation, time and tail")
    func logs() async throws {
        try await store.record(
            [],
            logs: [
                line("2", at: 2), line("1", at: 1), line("3", by: "b", at: 3), line("x", of: "other", at: 4),
            ]
        )
        let hello = try name("hello")
        #expect(try await texts { _ in } == ["1", "2", "3", "x"])
        #expect(try await texts { $0.function = hello } == ["1", "2", "3"])
        #expect(try await texts { $0.invocation = "b" } == ["3"])
        #expect(try await texts { $0.since = noon.addingTimeInterval(2) } == ["2", "3", "x"])
        #expect(try await texts { ($0.function, $0.tail) = (hello, 2) } == ["2", "3"])
        #expect(try await texts { $0.tail = 0 } == [])
    }

    @Test("an invocation is found by the beginning of its id, among records and among lines")
    func beginnings() async throws {
        try await store.record(
            [invocation("abc-1"), invocation("ab"), invocation("xyz")],
            logs: [line("early", by: "abd-2", at: 1), line("foreign", of: "other", by: "q-1", at: 1)]
        )
        let hello = try name("hello")
        func ids(_ text: String) async throws -> [String] {
            try await store.invocationIDs(of: hello, beginning: text)
        }
        #expect(try await ids("abc") == ["abc-1"])
        #expect(try await ids("abd") == ["abd-2"])
        #expect(try await ids("ab") == ["ab"])
        #expect(try await ids("a").count == 2)
        #expect(try await ids("q").isEmpty)
        #expect(try await store.hasHistory(of: hello))
        #expect(try await !store.hasHistory(of: name("nobody")))
    }

    @Test("a follower's cursor gives each line exactly once, whatever its time")
    func follow() async throws {
        var query = LogQuery(function: try name("hello"))
        let first = try await store.logs(query)
        #expect(first.lines.isEmpty)
        try await store.record([], logs: [line("late", at: 10), line("x", of: "other")])
        query.after = first.cursor
        let second = try await store.logs(query)
        #expect(second.lines.map(\.text) == ["late"])
        try await store.record([], logs: [line("early", at: 5)])
        query.after = second.cursor
        let third = try await store.logs(query)
        #expect(third.lines.map(\.text) == ["early"])
        query.after = third.cursor
        #expect(try await store.logs(query).lines.isEmpty)
    }

    @Test("a follower that is far behind gets page after page without a gap")
    func followFar() async throws {
        let count = LogQuery.limitMax + 5
        try await store.record([], logs: (0..<count).map { try line("\($0)", at: -Double($0)) })
        var query = LogQuery()
        query.after = .start
        let first = try await store.logs(query)
        #expect(first.lines.count == LogQuery.limitMax)
        query.after = first.cursor
        let second = try await store.logs(query)
        #expect(Set((first.lines + second.lines).map(\.text)).count == count)
    }

    @Test("bytes of a log line come back as they were", arguments: ["", "grüß", "a\u{0}b", "\u{1F980}\r"])
    func text(of line: String) async throws {
        try await store.record([], logs: [FunctionStoreTests.line(line)])
        #expect(try await texts { _ in } == [line])
    }
}
