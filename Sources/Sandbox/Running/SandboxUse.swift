// SPDX-License-Identifier: Apache-2.0
// Whether the program of a sandbox was started, and whether it is an invocation's by now: decisions without IO.
// WarmSandbox drives it.

/// The two steps from a sandbox that is ready to one that serves an invocation.
///
/// *Start* has PID 1 execute its program, *assign* makes it one invocation's. Usually both happen at once. Times are
/// those of CLOCK_MONOTONIC, in nanoseconds.
struct SandboxUse: Hashable, Sendable {
    private enum Phase: Hashable {
        /// Complete up to `execve`, or about to be.
        case ready
        /// The program was started before its invocation is known.
        case started(at: Int64)
        case assigned(at: Int64)
        /// It ended; with the reason when no invocation was assigned to it.
        case ended(unusedReason: String?)
    }

    /// Why a step is refused.
    enum Refusal: Hashable, Sendable {
        /// The sandbox ended before.
        case ended(reason: String)
        /// The step was done before, or the one before it was not.
        case outOfOrder
    }

    private var phase = Phase.ready
    /// What the slot knows of its assignments; nil before the first.
    private var reported: Bool?

    /// Executes the program now, for an invocation that comes later.
    mutating func start(at now: Int64) -> Refusal? {
        switch phase {
        case .ready:
            phase = .started(at: now)
            return nil
        case .started, .assigned: return .outOfOrder
        case .ended(let reason): return .ended(reason: reason ?? "its slot")
        }
    }

    /// Makes the started program an invocation's.
    mutating func assign(at now: Int64) -> Refusal? {
        switch phase {
        case .started:
            phase = .assigned(at: now)
            return nil
        case .ready, .assigned: return .outOfOrder
        case .ended(let reason): return .ended(reason: reason ?? "its slot")
        }
    }

    /// Whether the slot has to hear of an assignment.
    ///
    /// It counts processor time from the first one on, and prepares the next sandbox once it was told to: a later
    /// assignment that changes neither saves the slot a wake-up.
    ///
    /// - Parameter preparesNext: the slot makes its next sandbox as soon as this one has ended.
    /// - Returns: whether it has; call once for each assignment.
    mutating func reportsAssignment(preparesNext: Bool) -> Bool {
        defer { reported = preparesNext || reported == true }
        return reported == nil || preparesNext && reported == false
    }

    /// The invocation is over and the program runs on: another invocation may be assigned to it.
    ///
    /// - Returns: whether it is so; false when it has ended or serves no invocation.
    mutating func unassign(at now: Int64) -> Bool {
        guard case .assigned = phase else { return false }
        phase = .started(at: now)
        return true
    }

    /// Both steps at once.
    mutating func release(at now: Int64) -> Refusal? { start(at: now) ?? assign(at: now) }

    /// PID 1 ended, or its slot did; the first time counts.
    ///
    /// - Returns: the reason when no invocation was assigned to it, nil otherwise.
    mutating func end(_ ending: ExitReport.Ending) -> String? {
        switch phase {
        case .ready, .started:
            let reason = if case .notStarted(let reason) = ending { reason } else { "\(ending)" }
            phase = .ended(unusedReason: reason)
            return reason
        case .assigned:
            phase = .ended(unusedReason: nil)
            return nil
        case .ended: return nil
        }
    }

    var isEnded: Bool {
        if case .ended = phase { true } else { false }
    }

    /// Whether an invocation may still be assigned to it.
    var isUnassigned: Bool {
        switch phase {
        case .ready, .started: true
        case .assigned, .ended: false
        }
    }

    /// Why it ended before an invocation was assigned to it.
    var unusedReason: String? {
        if case .ended(let reason) = phase { reason } else { nil }
    }

    /// From when on the times of its exit report count: assigned, or else started; 0 for neither.
    var countsFrom: Int64 {
        switch phase {
        case .started(let time), .assigned(let time): time
        case .ready, .ended: 0
        }
    }
}
