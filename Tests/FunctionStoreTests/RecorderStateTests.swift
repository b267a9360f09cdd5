// SPDX-License-Identifier: Apache-2.0
// The recorder's batching as a plain value: no database, no clock.

import FunctionModel
import Testing

@testable import FunctionStore

@Suite struct RecorderStateTests {
    private let limits = RecorderLimits(
        batchRecords: 3,
        heldRecordsMax: 5,
        heldLogBytesMax: 100,
        attemptsMax: 2
    )

    private func batch(_ ids: [String], logs: [LogLine] = []) throws -> RecordBatch {
        RecordBatch(invocations: try ids.map { try invocation($0) }, logs: logs)
    }

    @Test("the first record starts the interval, a whole batch ends it, others wait")
    func append() throws {
        var state = RecorderState(limits: limits)
        #expect(state.append(nil, logs: []) == .wait)
        #expect(state.append(try invocation("a"), logs: []) == .startInterval)
        #expect(state.append(try invocation("b"), logs: []) == .wait)
        #expect(state.append(try invocation("c"), logs: []) == .flushNow)
        #expect(state.append(try invocation("d"), logs: []) == .wait)
        #expect(state.flushWanted() == .write(try batch(["a", "b", "c", "d"]), dropped: 0))
    }

    @Test("after everything is written the next record starts an interval again")
    func idle() throws {
        var state = RecorderState(limits: limits)
        #expect(state.flushWanted() == .nothing(dropped: 0))
        _ = state.append(try invocation("a"), logs: [])
        _ = state.flushWanted()
        #expect(state.append(try invocation("b"), logs: []) == .wait)
        state.writeSucceeded()
        #expect(state.flushWanted() == .write(try batch(["b"]), dropped: 0))
        state.writeSucceeded()
        #expect(state.flushWanted() == .nothing(dropped: 0))
        #expect(state.append(try invocation("c"), logs: []) == .startInterval)
    }

    @Test("only one batch is written at a time")
    func oneWrite() throws {
        var state = RecorderState(limits: limits)
        _ = state.append(try invocation("a"), logs: [])
        _ = state.flushWanted()
        _ = state.append(try invocation("b"), logs: [])
        let isWriting = state.isWriting
        #expect(isWriting)
        #expect(state.flushWanted() == .wait)
    }

    @Test("records beyond the limit are dropped and counted, those being written included")
    func full() throws {
        var state = RecorderState(limits: limits)
        for id in ["a", "b", "c"] { _ = state.append(try invocation(id), logs: []) }
        _ = state.flushWanted()
        for id in ["d", "e", "f", "g"] { _ = state.append(try invocation(id), logs: []) }
        state.writeSucceeded()
        #expect(state.flushWanted() == .write(try batch(["d", "e"]), dropped: 2))
        state.writeSucceeded()
        #expect(state.flushWanted() == .nothing(dropped: 0))
    }

    @Test("log text beyond the limit is dropped, shorter lines and invocations still fit")
    func fullOfText() throws {
        var state = RecorderState(limits: limits)
        let long = try line(String(repeating: "x", count: 60))
        let short = try line("y")
        #expect(state.append(try invocation("a"), logs: [long, long, short]) == .startInterval)
        #expect(state.flushWanted() == .write(try batch(["a"], logs: [long, short]), dropped: 1))
        _ = state.append(nil, logs: [long])
        state.writeSucceeded()
        #expect(state.flushWanted() == .nothing(dropped: 1))
        _ = state.append(nil, logs: [long])
        #expect(state.flushWanted() == .write(try batch([], logs: [long]), dropped: 0))
    }

    @Test("a failed batch is tried again before what came later, and given up in the end")
    func failure() throws {
        var state = RecorderState(limits: limits)
        _ = state.append(try invocation("a"), logs: [])
        _ = state.flushWanted()
        _ = state.append(try invocation("b"), logs: [])
        #expect(state.writeFailed() == .retry(attempt: 1))
        #expect(state.flushWanted() == .write(try batch(["a", "b"]), dropped: 0))
        #expect(state.writeFailed() == .givenUp(records: 2))
        #expect(state.flushWanted() == .nothing(dropped: 2))
        _ = state.append(try invocation("c"), logs: [])
        _ = state.flushWanted()
        #expect(state.writeFailed() == .retry(attempt: 1))
    }

    @Test("a failed batch keeps its place in the limits")
    func failureKeepsRoom() throws {
        var state = RecorderState(limits: limits)
        let long = try line(String(repeating: "x", count: 90))
        _ = state.append(try invocation("a"), logs: [long])
        _ = state.flushWanted()
        _ = state.writeFailed()
        _ = state.append(nil, logs: [long])
        #expect(state.flushWanted() == .write(try batch(["a"], logs: [long]), dropped: 1))
    }
}
