// SPDX-License-Identifier: Apache-2.0
// Which due times are run and which passed over when the clock is seen again, as a pure function. CronService drives
// it.

import FoundationEssentials
import FunctionModel

/// The handling of due times in the past.
struct MissedRuns: Hashable, Sendable {
    /// The store moves from one due time to the next: what each step does with the one it leaves.
    struct Step: Hashable, Sendable {
        var due: Date
        /// Claimed and run, or passed over.
        var isRun: Bool
        /// The due time that the store remembers afterwards.
        var next: Date?
    }

    /// A due time this recent is not missed: the machine was busy, or the clock was set a little.
    static let onTimeWithin: TimeInterval = 60
    /// Most runs that `all` makes up for; more would be a flood after a long night.
    static let runsMax = 100
    /// Most due times examined before skipping ahead to the last hour: every second for two days.
    static let lookedAtMax = 200_000

    /// The steps from the remembered due time to the first one in the future.
    ///
    /// - Parameters:
    ///   - due: the remembered due time; not after `now`.
    ///   - now: the time of the event.
    ///   - policy: what to make up for.
    ///   - deadline: how late a missed run may start.
    ///   - next: the due time after another one.
    /// - Returns: in order; each step's due is what the one before remembers.
    static func steps(
        from due: Date,
        at now: Date,
        policy: MissedPolicy,
        deadline: Duration,
        next: (Date) -> Date?
    ) -> [Step] {
        let earliest = now - deadline / .seconds(1)
        var late: [Date] = []
        var current: Date? = due
        var lookedAt = 0
        while let date = current, date <= now {
            lookedAt += 1
            if date >= earliest || now.timeIntervalSince(date) <= onTimeWithin { late.append(date) }
            if late.count > runsMax { late.removeFirst() }
            // What is too late to run need not be walked through one by one.
            let from = date < earliest ? max(date, earliest - 1) : date
            current = next(lookedAt > lookedAtMax ? max(from, now - 3600) : from)
            if lookedAt > lookedAtMax { lookedAt = 0 }
        }
        return chain(from: due, runs: chosen(late, at: now, policy), end: current)
    }

    private static func chosen(_ late: [Date], at now: Date, _ policy: MissedPolicy) -> [Date] {
        let isOnTime = late.last.map { now.timeIntervalSince($0) <= onTimeWithin } ?? false
        switch policy {
        case .skip: return isOnTime ? late.suffix(1) : []
        case .once: return late.suffix(1)
        case .all: return late
        }
    }

    /// From the remembered due time over the chosen ones to the end.
    private static func chain(from due: Date, runs: [Date], end: Date?) -> [Step] {
        guard let first = runs.first else { return [Step(due: due, isRun: false, next: end)] }
        var steps = first > due ? [Step(due: due, isRun: false, next: first)] : []
        for (index, run) in runs.enumerated() {
            let following = index + 1 < runs.count ? runs[index + 1] : end
            steps.append(Step(due: run, isRun: true, next: following))
        }
        return steps
    }
}
