// SPDX-License-Identifier: Apache-2.0
// Spans that wait for their export: what is kept, sent and dropped. SpanExporter drives it.

import Scheduler

/// A bounded queue of spans, and the batch under way.
struct SpanQueueState: Sendable {
    /// Spans that wait: about 2 MB, and a second of calls at their highest rate.
    static let countMax = 2048
    /// Spans of one request to the collector.
    static let batchMax = 512

    private var waiting: [CallSpan] = []
    private var isSending = false
    private(set) var counts = SpanCounts()

    /// What follows an event.
    enum Step: Hashable, Sendable {
        case wait
        /// ``takeBatch()`` has a whole batch.
        case send
    }

    /// A span ended.
    mutating func add(_ span: CallSpan) -> Step {
        guard waiting.count < Self.countMax else {
            counts.dropped += 1
            return .wait
        }
        waiting.append(span)
        return !isSending && waiting.count >= Self.batchMax ? .send : .wait
    }

    /// The oldest spans, which are under way from now on; empty when there are none or others are under way.
    mutating func takeBatch() -> [CallSpan] {
        guard !isSending else { return [] }
        let batch = Array(waiting.prefix(Self.batchMax))
        waiting.removeFirst(batch.count)
        isSending = !batch.isEmpty
        return batch
    }

    /// The batch under way has arrived, or is given up.
    ///
    /// - Parameters:
    ///   - count: spans in it.
    ///   - isLost: whether it did not arrive.
    /// - Returns: what follows.
    mutating func ended(_ count: Int, isLost: Bool) -> Step {
        isSending = false
        if isLost { counts.dropped += count } else { counts.exported += count }
        return waiting.count >= Self.batchMax ? .send : .wait
    }
}
