// SPDX-License-Identifier: Apache-2.0
// Token buckets of one function's callers: decisions without a clock. RateLimiter drives it.

import FunctionModel

/// How many calls each client has left.
struct RateState: Sendable {
    /// Clients with a bucket of their own, about 100 bytes each; while all are in use, further ones share one.
    static let clientsMax = 4096
    /// Between two searches for buckets that are full again, which cost the table's length.
    static let sweepPause = Duration.seconds(1)

    /// Calls that are left, counted as fractions while time passes.
    private struct Bucket: Sendable {
        var level: Double
        var at: ContinuousClock.Instant
    }

    private let perSecond: Double
    private let capacity: Double
    private var buckets: [String: Bucket] = [:]
    private var swept: ContinuousClock.Instant?

    /// The bucket of clients for which there is no room.
    private static let others = ""

    init(_ configuration: RateConfiguration) {
        perSecond = configuration.requests.perSecond
        capacity = Double(configuration.capacity)
    }

    /// Buckets held, for tests.
    var count: Int { buckets.count }

    /// Takes one call out of a client's bucket.
    ///
    /// - Returns: nil when the call may go on; else the time until the next one may.
    mutating func take(_ client: String, at now: ContinuousClock.Instant) -> Duration? {
        let key = key(client, at: now)
        var bucket = buckets[key] ?? Bucket(level: capacity, at: now)
        bucket.level = level(bucket, at: now)
        bucket.at = max(bucket.at, now)
        defer { buckets[key] = bucket }
        guard bucket.level >= 1 else { return .seconds((1 - bucket.level) / perSecond) }
        bucket.level -= 1
        return nil
    }

    private func level(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
        let passed = max(Duration.zero, now - bucket.at) / Duration.seconds(1)
        return min(capacity, bucket.level + passed * perSecond)
    }

    private mutating func key(_ client: String, at now: ContinuousClock.Instant) -> String {
        if buckets[client] != nil { return client }
        if buckets.count >= Self.clientsMax, swept.map({ now - $0 >= Self.sweepPause }) ?? true {
            // A full bucket says the same as none.
            buckets = buckets.filter { level($0.value, at: now) < capacity }
            swept = now
        }
        return buckets.count < Self.clientsMax ? client : Self.others
    }
}
