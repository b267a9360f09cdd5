// SPDX-License-Identifier: Apache-2.0
// The recorder's batches, without clock or IO. InvocationRecorder drives it under its lock.

import FunctionModel

/// Records that wait to be written together.
struct RecordBatch: Hashable, Sendable {
    var invocations: [Invocation] = []
    var logs: [LogLine] = []

    var count: Int { invocations.count + logs.count }
    var isEmpty: Bool { invocations.isEmpty && logs.isEmpty }
}

/// Bounds of the recorder's memory.
struct RecorderLimits: Hashable, Sendable {
    /// Records that are written without waiting for the interval's end.
    var batchRecords = 512
    /// Records held at most, those being written included; more are dropped and counted.
    ///
    /// At 5,000 invocations a second with a few lines each it takes the disk standing still for a second.
    var heldRecordsMax = 32_768
    /// Log text held at most.
    var heldLogBytesMax = 32 << 20
    /// Attempts to write one batch before it is given up, so that one bad record cannot block all others.
    var attemptsMax = 5
}

/// The recorder's batching.
struct RecorderState: ~Copyable {
    let limits: RecorderLimits
    private var waiting = RecordBatch()
    private var waitingLogBytes = 0
    private var written: RecordBatch?
    private var writtenLogBytes = 0
    private var failures = 0
    private var dropped = 0
    private var isAwake = false

    init(limits: RecorderLimits) { self.limits = limits }

    var isWriting: Bool { written != nil }

    enum AppendResult: Hashable {
        /// The first record after a pause: start the interval.
        case startInterval
        /// A whole batch waits: end the interval now.
        case flushNow
        case wait
    }

    /// Records arrive.
    ///
    /// What does not fit is dropped and counted, newest first.
    mutating func append(_ invocation: Invocation?, logs: [LogLine]) -> AppendResult {
        let countBefore = waiting.count
        var room = limits.heldRecordsMax - countBefore - (written?.count ?? 0)
        if let invocation {
            if room > 0 {
                waiting.invocations.append(invocation)
                room -= 1
            } else {
                dropped += 1
            }
        }
        for line in logs {
            let bytes = line.text.utf8.count
            guard room > 0, waitingLogBytes + writtenLogBytes + bytes <= limits.heldLogBytesMax else {
                dropped += 1
                continue
            }
            waiting.logs.append(line)
            waitingLogBytes += bytes
            room -= 1
        }
        if !isAwake, !waiting.isEmpty || dropped > 0 {
            isAwake = true
            return .startInterval
        }
        let isFull = countBefore < limits.batchRecords && waiting.count >= limits.batchRecords
        return isFull ? .flushNow : .wait
    }

    enum FlushResult: Hashable {
        /// Write this; then call ``writeSucceeded()`` or ``writeFailed()``.
        ///
        /// `dropped` counts the records lost since the last flush.
        case write(RecordBatch, dropped: Int)
        /// A batch is being written: ask again when it is done.
        case wait
        case nothing(dropped: Int)
    }

    /// The interval has ended, or a flush was requested.
    mutating func flushWanted() -> FlushResult {
        guard written == nil else { return .wait }
        let dropped = self.dropped
        self.dropped = 0
        guard !waiting.isEmpty else {
            isAwake = false
            return .nothing(dropped: dropped)
        }
        let batch = waiting
        written = batch
        writtenLogBytes = waitingLogBytes
        waiting = RecordBatch()
        waitingLogBytes = 0
        isAwake = true
        return .write(batch, dropped: dropped)
    }

    /// The batch is in the database.
    mutating func writeSucceeded() {
        written = nil
        writtenLogBytes = 0
        failures = 0
    }

    enum FailureResult: Hashable {
        /// The batch waits again, before what came later.
        case retry(attempt: Int)
        /// The batch was given up and its records are counted as dropped.
        case givenUp(records: Int)
    }

    /// The batch could not be written.
    mutating func writeFailed() -> FailureResult {
        guard let batch = written else { return .givenUp(records: 0) }
        written = nil
        failures += 1
        defer { writtenLogBytes = 0 }
        guard failures < limits.attemptsMax else {
            failures = 0
            dropped += batch.count
            return .givenUp(records: batch.count)
        }
        waiting.invocations.insert(contentsOf: batch.invocations, at: 0)
        waiting.logs.insert(contentsOf: batch.logs, at: 0)
        waitingLogBytes += writtenLogBytes
        return .retry(attempt: failures)
    }
}
