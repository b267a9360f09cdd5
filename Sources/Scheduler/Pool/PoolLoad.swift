// SPDX-License-Identifier: Apache-2.0
// How many sandboxes a pool's recent calls keep busy, as a pure value. Part of PoolState.

import Glibc

/// Arrival rate, start time and service time of one pool, each weighted towards the recent past.
///
/// By Little's law, calls that arrive at a rate R, each of which takes a sandbox out of service for the time T, keep R·T
/// sandboxes in start or service on average.
struct PoolLoad: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How long an arrival counts: long enough to measure a few calls per second, short enough to follow a load that
    /// changes before the pool's idle sandboxes grow old.
    static let memory = Duration.seconds(10)
    /// The weight of the newest measurement of a time: about the last ten count.
    static let newestWeight = 0.2

    /// Arrivals, each weighted by its age; divided by ``memory`` the rate.
    private var arrivals = 0.0
    private var updated: Instant?
    /// In seconds; nil before the first measurement.
    private(set) var startSeconds: Double?
    private(set) var serviceSeconds: Double?

    private static var memorySeconds: Double { memory / .seconds(1) }

    /// A caller came.
    mutating func arrived(at now: Instant) {
        timePassed(now)
        arrivals += 1
    }

    /// Arrivals grow old.
    mutating func timePassed(_ now: Instant) {
        if let updated, updated < now {
            arrivals *= exp(-((now - updated) / .seconds(1)) / Self.memorySeconds)
        }
        updated = max(updated ?? now, now)
    }

    /// A program was started and got ready.
    mutating func started(in time: Duration) { Self.note(time, &startSeconds) }

    /// An invocation ended.
    mutating func served(in time: Duration) { Self.note(time, &serviceSeconds) }

    private static func note(_ time: Duration, _ average: inout Double?) {
        let seconds = max(0, time / .seconds(1))
        average = average.map { $0 + newestWeight * (seconds - $0) } ?? seconds
    }

    /// Calls per second.
    var rate: Double { arrivals / Self.memorySeconds }

    /// Sandboxes in start or service; nil until a start was measured.
    ///
    /// - Parameter usesMax: invocations that share one start.
    /// - Returns: their average number.
    func busy(usesMax: Int) -> Double? {
        startSeconds.map { rate * ($0 / Double(max(1, usesMax)) + (serviceSeconds ?? 0)) }
    }
}
