// SPDX-License-Identifier: Apache-2.0
// From an expression to the next due time in a time zone, through the changes of its clock. Part of CronExpression.

package import Foundation

extension CronExpression {
    /// The first due time after `date`; nil when there is none.
    ///
    /// When clocks jump ahead, fixed times inside the gap are due once, right after it; when clocks fall back,
    /// they are due in the first pass only. Jobs with a wildcard hour or minute follow the clock.
    ///
    /// - Parameters:
    ///   - date: exclusive.
    ///   - zone: used unless the expression names its own.
    ///   - phase: the origin of `@every`.
    /// - Returns: a whole second for fields; phase and fraction of the origin for `@every`.
    package func next(after date: Date, in zone: TimeZone, phase: Date) -> Date? {
        switch timing {
        case .every(let seconds):
            let interval = Double(seconds)
            let passed = (date.timeIntervalSince(phase) / interval).rounded(.down)
            return phase + (max(0, passed) + 1) * interval
        case .fields(let fields):
            let clock = ZoneClock(zone: self.zone ?? zone)
            let time = Int(date.timeIntervalSince1970.rounded(.down))
            let next =
                fields.followsClock
                ? clock.nextFollowing(fields, after: time) : clock.nextFixed(fields, after: time)
            return next.map { Date(timeIntervalSince1970: TimeInterval($0)) }
        }
    }
}

/// One zone's clock; instants and wall times are both seconds since 1970.
private struct ZoneClock {
    var zone: TimeZone

    /// Changes of a clock are further apart than this, so that no probe steps over two.
    private static let probe = 7 * 86_400
    /// Local times that map to an instant in the past before one in the future is found: two passes of an hour.
    private static let attemptsMax = 4 * 3600

    private func offset(_ instant: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(instant)))
    }

    /// Every wall time that matches, in both passes; those in a gap do not exist.
    func nextFollowing(_ fields: CronFields, after instant: Int) -> Int? {
        var start = instant
        var offset = offset(instant)
        var wallBefore = instant + offset
        // Each turn passes one change of the clock; nine years have far fewer than this.
        for _ in 0..<64 {
            guard let wall = fields.next(after: wallBefore) else { return nil }
            let candidate = wall - offset
            guard let change = firstChange(from: offset, after: start, through: candidate) else {
                return candidate
            }
            start = change
            offset = self.offset(change)
            // The first second after the change may match itself.
            wallBefore = change - 1 + offset
        }
        return nil
    }

    /// Every wall time that matches, once: in the first pass, or right after the gap that it fell into.
    func nextFixed(_ fields: CronFields, after instant: Int) -> Int? {
        var wall = instant + offset(instant)
        for _ in 0..<Self.attemptsMax {
            guard let next = fields.next(after: wall) else { return nil }
            let candidate = self.instant(ofWall: next)
            if candidate > instant { return candidate }
            wall = next
        }
        return nil
    }

    /// The first instant that shows this wall time, or the end of the gap that it falls into.
    private func instant(ofWall wall: Int) -> Int {
        let offsets = [offset(wall - 86_400), offset(wall), offset(wall + 86_400)]
        let instants = offsets.map { wall - $0 }.filter { offset($0) == wall - $0 }
        if let first = instants.min() { return first }
        let earliest = wall - (offsets.max() ?? 0)
        let latest = wall - (offsets.min() ?? 0)
        return firstChange(from: offset(earliest - 1), after: earliest - 1, through: latest) ?? latest
    }

    /// The first instant in the span whose offset differs from the start's, `first`; nil when none does.
    private func firstChange(from first: Int, after start: Int, through end: Int) -> Int? {
        var low = start
        while low < end {
            let high = min(low + Self.probe, end)
            if offset(high) != first { return change(low, high, first) }
            low = high
        }
        return nil
    }

    private func change(_ low: Int, _ high: Int, _ first: Int) -> Int {
        var (low, high) = (low, high)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(middle) == first { low = middle } else { high = middle }
        }
        return high
    }
}
