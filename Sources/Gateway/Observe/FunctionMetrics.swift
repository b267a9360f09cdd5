// SPDX-License-Identifier: Apache-2.0
// Counters of one function. FunctionHandler adds to them once per request; MetricsPage reads them.

import Synchronization

/// Calls of one function by status code, with a histogram of their time.
final class FunctionMetrics: Sendable {
    /// Upper bounds in seconds.
    ///
    /// From a warm call (1 ms) to the longest usual timeout (60 s).
    static let bucketSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    /// What is known of one status code.
    struct Series: Hashable, Sendable {
        var count = 0
        var sumSeconds = 0.0
        /// Calls per bucket, not cumulative; the last one is everything slower.
        var buckets = [Int](repeating: 0, count: FunctionMetrics.bucketSeconds.count + 1)
    }

    struct Reading: Hashable, Sendable {
        var started = 0
        var codes: [Int: Series] = [:]
    }

    private let reading = Mutex(Reading())

    func began() { reading.withLock { $0.started += 1 } }

    func ended(status: Int, seconds: Double) {
        let bucket = Self.bucketSeconds.firstIndex { seconds <= $0 } ?? Self.bucketSeconds.count
        reading.withLock {
            $0.codes[status, default: Series()].count += 1
            $0.codes[status, default: Series()].sumSeconds += seconds
            $0.codes[status, default: Series()].buckets[bucket] += 1
        }
    }

    func read() -> Reading { reading.withLock { $0 } }
}
