// SPDX-License-Identifier: Apache-2.0
// The history's bounds: per function and in all, for rows and for log text.

import Foundation
import FunctionModel
import GRDB
import Testing

@testable import FunctionStore

@Suite struct HistoryPruningTests {
    let folder: TemporaryFolder
    let store: SQLiteStore

    init() throws {
        folder = try TemporaryFolder()
        store = try folder.open()
    }

    /// What is really there, per function: the running totals must agree with it.
    private func count(_ table: String) async throws -> [String: Int] {
        try await store.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT function, count(*) AS n FROM \(table) GROUP BY function"
            )
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["function"], $0["n"]) })
        }
    }

    private func usage() async throws -> [String: [Int]] {
        try await store.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT * FROM history_usage")
            return Dictionary(
                uniqueKeysWithValues: rows.map { ($0["function"], [$0["invocation_rows"], $0["log_bytes"]]) }
            )
        }
    }

    @Test("a busy function loses its own oldest invocations, not another's")
    func rowsPerFunction() async throws {
        var limits = HistoryLimits()
        limits.invocationRowsPerFunctionMax = 20
        try await store.record([invocation("old", of: "quiet", at: -1000)], logs: [], limits: limits)
        for number in 0..<50 {
            try await store.record([invocation("\(number)", at: Double(number))], logs: [], limits: limits)
            #expect(try await count("invocations")["hello"] ?? 0 <= 20)
        }
        #expect(try await count("invocations")["quiet"] == 1)
        #expect(try await store.invocations(InvocationQuery()).first?.id == "49")
        #expect(try await usage()["hello"]?[0] == count("invocations")["hello"])
    }

    @Test("over the limit for all, the oldest invocations go, whosever they are")
    func rowsInAll() async throws {
        var limits = HistoryLimits()
        limits.invocationRowsMax = 10
        for number in 0..<30 {
            let function = number < 5 ? "first" : number % 2 == 0 ? "even" : "odd"
            try await store.record(
                [invocation("\(number)", of: function, at: Double(number))],
                logs: [],
                limits: limits
            )
        }
        let left = try await count("invocations")
        #expect(left["first"] == nil)
        #expect(left.values.reduce(0, +) <= 10)
        #expect(try await usage().mapValues { $0[0] } == left)
    }

    @Test("log text is bounded per function, and lines without text count too", arguments: [0, 100])
    func logsPerFunction(length: Int) async throws {
        var limits = HistoryLimits()
        limits.logBytesPerFunctionMax = 5000
        try await store.record([], logs: [line("keep", of: "quiet")], limits: limits)
        let text = String(repeating: "ä", count: length)
        for number in 0..<20 {
            let batch = try (0..<10).map { try line(text, at: Double(number * 10 + $0)) }
            try await store.record([], logs: batch, limits: limits)
        }
        let bytes = length * 2 + HistoryUsage.lineOverheadBytes
        let left = try await count("log_lines")
        #expect((left["hello"] ?? 0) * bytes <= 5000)
        #expect((left["hello"] ?? 0) * bytes > 3000)
        #expect(left["quiet"] == 1)
        #expect(try await usage()["hello"]?[1] == (left["hello"] ?? 0) * bytes)
        #expect(try await store.logs(LogQuery()).lines.last?.timestamp.timeIntervalSince(noon) ?? 0 > 198.9)
    }

    @Test("log text is bounded in all")
    func logsInAll() async throws {
        var limits = HistoryLimits()
        limits.logBytesMax = 5000
        let text = String(repeating: "x", count: 100)
        for number in 0..<100 {
            try await store.record([], logs: [line(text, of: "f\(number % 7)")], limits: limits)
        }
        let left = try await count("log_lines").values.reduce(0, +)
        #expect(left * (100 + HistoryUsage.lineOverheadBytes) <= 5000)
        #expect(left > 20)
        #expect(try await usage().values.map { $0[1] }.reduce(0, +) == left * 164)
    }

    @Test("a batch that alone is over every limit leaves the limits held")
    func oneBatch() async throws {
        var limits = HistoryLimits()
        limits.invocationRowsPerFunctionMax = 0
        limits.logBytesPerFunctionMax = 0
        try await store.record([invocation("a"), invocation("b")], logs: [line("text")], limits: limits)
        #expect(try await count("invocations").isEmpty)
        #expect(try await count("log_lines").isEmpty)
        #expect(try await usage().isEmpty)
    }
}
