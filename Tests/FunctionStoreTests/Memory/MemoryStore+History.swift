// SPDX-License-Identifier: Apache-2.0
// Invocations, log lines and schedules in memory.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore: HistoryRepository {
    func record(_ invocations: [Invocation], logs: [LogLine], limits: HistoryLimits) async throws(StoreError)
    {
        try transaction { (tables) throws(StoreError) in
            for invocation in invocations {
                tables.invocations.append(invocation)
                if tables.functions[invocation.function]?.current != nil {
                    tables.functions[invocation.function]?.invocationCount += 1
                }
            }
            for line in logs {
                tables.lastLine += 1
                tables.lines.append((tables.lastLine, line))
            }
            for function in Set(invocations.map(\.function) + logs.map(\.function)) {
                tables.prune(function, limits.invocationRowsPerFunctionMax, limits.logBytesPerFunctionMax)
            }
            tables.prune(nil, limits.invocationRowsMax, limits.logBytesMax)
        }
    }

    func invocations(_ query: InvocationQuery) async throws(StoreError) -> [Invocation] {
        try transaction { (tables) throws(StoreError) in
            // Newest first; of one time, the one that was recorded last.
            var rows = Array(tables.invocations.enumerated()).sorted {
                ($0.element.startedAt, $0.offset) > ($1.element.startedAt, $1.offset)
            }.map(\.element)
            switch query.before {
            case .time(let date): rows.removeAll { $0.startedAt >= date }
            case .invocation(let id):
                let place = rows.firstIndex { $0.id == id }
                rows = place.map { Array(rows[($0 + 1)...]) } ?? []
            case nil: break
            }
            return Array(
                rows.filter { row in
                    (query.function ?? row.function) == row.function && (query.id ?? row.id) == row.id
                        && (query.namespace ?? row.function.namespace) == row.function.namespace
                        && !(query.failedOnly && row.outcome == .ok)
                }.prefix(min(max(query.limit, 0), InvocationQuery.limitMax))
            )
        }
    }

    func invocationCounts() async throws(StoreError) -> [FunctionName: Int] {
        try transaction { (tables) throws(StoreError) in
            tables.functions.filter { $0.value.current != nil }.mapValues(\.invocationCount)
        }
    }

    func invocationCount(of function: FunctionName) async throws(StoreError) -> Int {
        try await invocationCounts()[function] ?? 0
    }

    func hasHistory(of function: FunctionName) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            tables.invocations.contains { $0.function == function }
                || tables.lines.contains { $0.line.function == function }
        }
    }

    func invocationIDs(of function: FunctionName, beginning text: String) async throws(StoreError) -> [String]
    {
        try transaction { (tables) throws(StoreError) in
            let known =
                tables.invocations.filter { $0.function == function }.map(\.id)
                + tables.lines.filter { $0.line.function == function }.map(\.line.invocation)
            let found = Set(known).filter { $0.hasPrefix(text) }.sorted()
            return found.first == text ? [text] : Array(found.prefix(2))
        }
    }

    func logs(_ query: LogQuery) async throws(StoreError) -> LogPage {
        try transaction { (tables) throws(StoreError) in
            var rows = tables.lines.filter { position, line in
                (query.function ?? line.function) == line.function
                    && (query.invocation ?? line.invocation) == line.invocation
                    && line.timestamp >= query.since ?? .distantPast
                    && position > query.after?.position ?? 0
            }
            var cursor = tables.lastLine
            let limit = min(max(query.tail ?? LogQuery.limitMax, 0), LogQuery.limitMax)
            if query.after != nil, query.tail == nil {
                if rows.count >= limit {
                    rows = Array(rows.prefix(limit))
                    cursor = rows.last?.position ?? cursor
                }
            } else {
                rows.sort { ($0.line.timestamp, $0.position) < ($1.line.timestamp, $1.position) }
                rows = rows.suffix(limit)
            }
            rows.sort { ($0.line.timestamp, $0.position) < ($1.line.timestamp, $1.position) }
            return LogPage(lines: rows.map(\.line), cursor: LogCursor(position: cursor))
        }
    }
}

extension MemoryStore.Tables {
    /// Drops what is over the limits of one function, or of all for nil.
    fileprivate mutating func prune(_ function: FunctionName?, _ rowsMax: Int, _ bytesMax: Int) {
        func counts(_ name: FunctionName) -> Bool { function == nil || function == name }
        var excess = invocations.count { counts($0.function) } - rowsMax
        while excess > 0, let oldest = invocations.filter({ counts($0.function) }).map(\.startedAt).min() {
            invocations.remove(
                at: invocations.firstIndex { counts($0.function) && $0.startedAt == oldest } ?? 0
            )
            excess -= 1
        }
        var bytes =
            lines.filter { counts($0.line.function) }.map { $0.line.storedBytes }.reduce(0, +) - bytesMax
        while bytes > 0, let first = lines.firstIndex(where: { counts($0.line.function) }) {
            bytes -= lines.remove(at: first).line.storedBytes
        }
    }
}

extension LogLine {
    fileprivate var storedBytes: Int { text.utf8.count + HistoryUsage.lineOverheadBytes }
}

extension MemoryStore: ScheduleRepository {
    @discardableResult
    func upsertSchedules(of function: FunctionName, _ states: [ScheduleState]) async throws(StoreError)
        -> [ScheduleState]
    {
        try transaction { (tables) throws(StoreError) in
            let kept = Set(states.map(\.key))
            tables.schedules = tables.schedules.filter {
                $0.key.function != function || kept.contains($0.key)
            }
            tables.claims.removeAll { $0.key.function == function && !kept.contains($0.key) }
            for state in states where state.key.function == function && tables.schedules[state.key] == nil {
                tables.schedules[state.key] = state
            }
            return tables.sortedSchedules(of: function)
        }
    }

    func claim(_ key: ScheduleKey, due: Date, next: Date?) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard try tables.advance(key, due: due, next: next) else { return false }
            tables.schedules[key]?.lastRun = due
            tables.claims.append(ScheduleClaim(key: key, due: due))
            return true
        }
    }

    @discardableResult
    func skip(_ key: ScheduleKey, due: Date, next: Date?) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in try tables.advance(key, due: due, next: next) }
    }

    @discardableResult
    func finish(_ key: ScheduleKey, due: Date, outcome: Outcome) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard let index = tables.claims.firstIndex(of: ScheduleClaim(key: key, due: due)) else {
                return false
            }
            tables.claims.remove(at: index)
            tables.schedules[key]?.lastOutcome = outcome
            return true
        }
    }

    func unfinishedClaims() async throws(StoreError) -> [ScheduleClaim] {
        try transaction { (tables) throws(StoreError) in tables.claims.sorted { $0.due < $1.due } }
    }

    func schedules(of function: FunctionName?) async throws(StoreError) -> [ScheduleState] {
        try transaction { (tables) throws(StoreError) in tables.sortedSchedules(of: function) }
    }
}

extension MemoryStore.Tables {
    fileprivate mutating func advance(_ key: ScheduleKey, due: Date, next: Date?) throws(StoreError) -> Bool {
        if let next, next <= due { throw .scheduleDoesNotAdvance(key) }
        guard schedules[key]?.nextDue == due else { return false }
        schedules[key]?.nextDue = next
        return true
    }

    fileprivate func sortedSchedules(of function: FunctionName?) -> [ScheduleState] {
        schedules.values.filter { (function ?? $0.key.function) == $0.key.function }.sorted { one, other in
            let (left, right) = (one.nextDue ?? .distantFuture, other.nextDue ?? .distantFuture)
            return (one.key.function.text, left, one.key.expression, one.key.ordinal)
                < (other.key.function.text, right, other.key.expression, other.key.ordinal)
        }
    }
}
