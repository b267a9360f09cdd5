// SPDX-License-Identifier: Apache-2.0
// What happens when a run is due while the last one still runs, as a pure state machine. CronService drives it.

import FoundationEssentials
import FunctionModel

/// The runs of one schedule that are under way, by due time.
struct OverlapState: Hashable, Sendable {
    /// A deploy may change it while runs are under way.
    var policy: OverlapPolicy
    private(set) var running: Set<Date> = []
    private(set) var queued: Date?

    init(policy: OverlapPolicy) { self.policy = policy }

    enum DueResult: Hashable, Sendable {
        /// Claim it and run it now.
        case run
        /// Claim it; ``ended(_:)`` says when to run it.
        case queue
        /// Claim it, stop these, and run it now.
        case replace([Date])
        /// Pass over it.
        case skip
    }

    /// A due time has come.
    mutating func came(_ due: Date) -> DueResult {
        guard !running.isEmpty else {
            running.insert(due)
            return .run
        }
        switch policy {
        case .allow:
            running.insert(due)
            return .run
        case .skip: return .skip
        case .queue:
            guard queued == nil else { return .skip }
            queued = due
            return .queue
        case .replace:
            let old = running.sorted()
            running.insert(due)
            return .replace(old)
        }
    }

    /// A due time that had come could not be claimed: another gateway has it, or the schedule is gone.
    mutating func notClaimed(_ due: Date) {
        running.remove(due)
        if queued == due { queued = nil }
    }

    /// A run has ended.
    ///
    /// - Returns: the queued due time that runs now; nil when none does.
    mutating func ended(_ due: Date) -> Date? {
        running.remove(due)
        guard running.isEmpty, let next = queued else { return nil }
        queued = nil
        running.insert(next)
        return next
    }
}
