// SPDX-License-Identifier: Apache-2.0
// Deadlines of running containers and waiting callers, as a pure timing wheel. DeadlineTimer drives it.

/// Names one deadline, for cancelling it.
package struct DeadlineNumber: Hashable, Sendable {
    fileprivate var tick: Int64
    fileprivate var serial: UInt64
}

/// Deadlines in buckets of one tick, so that adding and cancelling take constant time.
///
/// A deadline fires up to one tick late and never early.
struct DeadlineState<Payload: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Coarse enough that a thousand deadlines share a wake-up, fine enough for a timeout of 100 ms.
    static var tick: Duration { .milliseconds(10) }

    private let epoch: Instant
    private var buckets: [Int64: [UInt64: Payload]] = [:]
    private var lastSerial: UInt64 = 0
    /// The tick that the driver sleeps until; nil when it does not sleep.
    private var armed: Int64?

    init(epoch: Instant) { self.epoch = epoch }

    var count: Int { buckets.values.reduce(0) { $0 + $1.count } }

    /// Adds a deadline.
    ///
    /// - Parameters:
    ///   - deadline: when it fires.
    ///   - payload: what is handed back then.
    /// - Returns: its number, and the instant to sleep until when the driver must sleep shorter than it does.
    mutating func added(_ deadline: Instant, _ payload: Payload) -> (DeadlineNumber, rearm: Instant?) {
        lastSerial += 1
        let tick = Self.ticks(deadline - epoch, roundingUp: true)
        buckets[tick, default: [:]][lastSerial] = payload
        let number = DeadlineNumber(tick: tick, serial: lastSerial)
        if let armed, armed <= tick { return (number, nil) }
        armed = tick
        return (number, instant(tick))
    }

    /// Forgets a deadline; no effect when it has fired.
    mutating func cancelled(_ number: DeadlineNumber) {
        guard let index = buckets.index(forKey: number.tick) else { return }
        buckets.values[index][number.serial] = nil
        if buckets.values[index].isEmpty { buckets.remove(at: index) }
    }

    /// The driver woke up.
    ///
    /// - Returns: what is due, in order, and when to wake up next; nil when nothing is left.
    mutating func woke(at now: Instant) -> (due: [Payload], next: Instant?) {
        let current = Self.ticks(now - epoch, roundingUp: false)
        let dueTicks = buckets.keys.filter { $0 <= current }.sorted()
        let due = dueTicks.flatMap { tick in
            (buckets.removeValue(forKey: tick) ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
        armed = buckets.keys.min()
        return (due, armed.map(instant))
    }

    private func instant(_ tick: Int64) -> Instant { epoch + Self.tick * tick }

    private static func ticks(_ span: Duration, roundingUp: Bool) -> Int64 {
        let (seconds, attoseconds) = span.components
        let perTick = Int64(10_000_000_000_000_000)
        let rest = attoseconds / perTick
        let isExact = attoseconds % perTick == 0
        return seconds * 100 + rest + (roundingUp && !isExact ? 1 : 0)
    }
}
