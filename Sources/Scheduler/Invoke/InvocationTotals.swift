// SPDX-License-Identifier: Apache-2.0
// Counts of every invocation since the start of the gateway, whatever started it. The sink of records fills it,
// Gateway's metrics read it.

package import FunctionModel
import Synchronization

/// How long one part of all invocations took.
package struct TimeHistogram: Hashable, Sendable {
    /// Upper bounds in seconds.
    ///
    /// From a tenth of a warm start (0.1 ms) to the longest usual timeout (60 s).
    package static let boundsSeconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
        60,
    ]

    /// Invocations per bound, not cumulative; the last one is everything slower.
    package private(set) var counts = [Int](repeating: 0, count: boundsSeconds.count + 1)
    package private(set) var sumSeconds = 0.0

    package init() {}

    /// Adds one time; negative ones, of a clock that was set back, count as none.
    package mutating func add(milliseconds: Double) {
        let seconds = max(0, milliseconds) / 1000
        let place = Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count
        counts[place] += 1
        sumSeconds += seconds
    }
}

/// Counts of all invocations.
package final class InvocationTotals: Sendable {
    /// What started an invocation, and how it ended.
    package struct End: Hashable, Sendable {
        package var trigger: Trigger
        package var outcome: Outcome
    }

    /// All counts at one moment.
    package struct Reading: Hashable, Sendable {
        package var queue = TimeHistogram()
        package var start = TimeHistogram()
        package var run = TimeHistogram()
        package var total = TimeHistogram()
        package var ends: [End: Int] = [:]
        package var starts: [SandboxStart: Int] = [:]
    }

    private let reading = Mutex(Reading())

    package init() {}

    /// Counts a finished invocation; one that got no sandbox has neither a start nor a run.
    package func count(_ record: Invocation) {
        reading.withLock { reading in
            reading.ends[End(trigger: record.trigger, outcome: record.outcome), default: 0] += 1
            reading.total.add(milliseconds: record.totalMilliseconds)
            reading.queue.add(milliseconds: record.queueMilliseconds)
            guard let start = record.start else { return }
            reading.starts[start, default: 0] += 1
            reading.start.add(milliseconds: record.startMilliseconds)
            reading.run.add(milliseconds: record.runMilliseconds)
        }
    }

    /// All counts of now.
    package func read() -> Reading { reading.withLock { $0 } }
}
