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

    /// The same as the page has them.
    static let bucketLabels = bucketSeconds.map(\.description)

    /// One call as an example of those in its bucket.
    struct Exemplar: Hashable, Sendable {
        var traceID: String
        var seconds: Double
        var unixNanoseconds: Int64
    }

    /// What is known of one status code.
    struct Series: Hashable, Sendable {
        var count = 0
        var sumSeconds = 0.0
        /// Calls per bucket, not cumulative; the last one is everything slower.
        var buckets = [Int](repeating: 0, count: FunctionMetrics.bucketSeconds.count + 1)
        /// The last traced call of each bucket that has one.
        var exemplars: [Int: Exemplar] = [:]

        mutating func count(_ seconds: Double, in bucket: Int, _ traceID: String?) {
            count += 1
            sumSeconds += seconds
            buckets[bucket] += 1
            guard let traceID else { return }
            exemplars[bucket] = Exemplar(
                traceID: traceID,
                seconds: seconds,
                unixNanoseconds: WallTime.now().unixNanoseconds
            )
        }
    }

    struct Reading: Hashable, Sendable {
        var started = 0
        var codes: [Int: Series] = [:]
    }

    private let reading = Mutex(Reading())

    func began() { reading.withLock { $0.started += 1 } }

    /// A call has ended.
    ///
    /// - Parameters:
    ///   - status: of its answer.
    ///   - seconds: since its arrival.
    ///   - traceID: of a sampled trace; nil for any other call.
    func ended(status: Int, seconds: Double, traceID: String? = nil) {
        let bucket = Self.bucketSeconds.firstIndex { seconds <= $0 } ?? Self.bucketSeconds.count
        reading.withLock {
            $0.codes[status, default: Series()].count(seconds, in: bucket, traceID)
        }
    }

    func read() -> Reading { reading.withLock { $0 } }
}
