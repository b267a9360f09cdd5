// SPDX-License-Identifier: Apache-2.0
// What a pool wants next, and when: slots to launch, slots to replace, its next deadline. Part of PoolState; changes
// nothing.

extension PoolState {
    /// When ``timePassed(_:isHostReady:)`` has something to do next; nil when nothing is due.
    var nextWake: Instant? {
        var wake = waiters.firstDeadline
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            wake = min(wake ?? instant, instant)
        }
        consider(backoff.blockedUntil)
        let idleCount = warm.count + empty.count
        if idleCount > settings.warmMin, let oldest = oldestIdle {
            let isHeld = idleCount <= heldCount
            let start = isHeld ? max(oldest.since, lastLease ?? oldest.since) : oldest.since
            consider(start + Self.idleAfter)
        }
        consider(oldestCopying.map { max($0.since, lastLease ?? $0.since) + Self.idleAfter })
        consider(oldestWithOwnNetwork.map { max($0.since, lastLease ?? $0.since) + Self.idleAfter })
        consider(longestWaiting.map { $0.since + Self.waitMax })
        return wake
    }

    /// Slots that the pool would launch now.
    struct Demand: Hashable, Sendable {
        /// For waiting callers.
        var urgent: Int
        /// For warm sandboxes ahead of demand.
        var spare: Int
    }

    var demand: Demand {
        let room = settings.concurrency - phases.count
        guard room > 0, !backoff.isBlocked else { return Demand(urgent: 0, spare: 0) }
        let urgent = min(room, max(0, waiters.count - preparing))
        let spareWanted = max(0, idleTarget - warm.count - preparing)
        let isUnattended = backoff.failures >= LaunchBackoff.unattendedMax
        // Callers first: making sandboxes ahead of demand would take the processors from the callers' sandboxes.
        let isNow = waiters.isEmpty && !isUnattended
        return Demand(urgent: urgent, spare: isNow ? min(room, spareWanted) : 0)
    }

    /// The idle slot that was used least recently.
    var oldestIdle: Idle? {
        guard let first = empty.first else { return warm.first }
        guard let other = warm.first else { return first }
        return first.since <= other.since ? first : other
    }

    /// The idle slot with a template that was used least recently.
    var oldestCopying: Idle? {
        template.slotCount == 0 ? nil : (warm + empty).first { template.isCopying($0.slot) }
    }

    /// The program that has waited longest for a call and may be replaced.
    ///
    /// One at a time, and none while the successor of the last one is missing.
    var longestWaiting: Idle? {
        guard settings.startsAhead, preparing == 0, !isClosing, warm.count >= idleTarget else { return nil }
        return warm.first
    }

    /// Whether a slot that is launched now is idle at first: no caller waits for it or is expected.
    var nextSharesEmptyNetwork: Bool {
        guard settings.mayShareEmptyNetwork, waiters.isEmpty, leased == 0, lastLease == nil else {
            return false
        }
        return !expectsCall || warm.count + preparing >= Self.activeFloor
    }

    /// The warm slot with a network of its own that was used least recently and may be replaced.
    ///
    /// One slot at a time is replaced, and none while the successor of the last one is missing.
    var oldestWithOwnNetwork: Idle? {
        guard settings.mayShareEmptyNetwork, leased + preparing == 0, !isClosing, warm.count >= idleTarget,
            warm.count + empty.count <= settings.warmMin
        else { return nil }
        return warm.first { !inEmptyNetwork.contains($0.slot) }
    }

    /// Idle sandboxes that are wanted in addition to those for waiting callers.
    var idleTarget: Int {
        guard !isClosing else { return 0 }
        let isBusy = leased > 0 || !waiters.isEmpty || expectsCall
        return max(settings.warmMin, isBusy ? min(max(1, loadTarget), settings.warmMax) : 0)
    }

    /// Idle slots that do not grow old: the warm minimum, and while the function is called those for the next calls.
    var heldCount: Int {
        let active = lastLease == nil ? 0 : max(Self.activeFloor, min(loadTarget, settings.warmMax))
        return max(settings.warmMin, active)
    }

    /// Idle programs that the recent load wants, besides those that serve now.
    private var loadTarget: Int {
        guard let busy = load.busy(usesMax: settings.usesMax) else { return 0 }
        return max(0, Int(min(busy.rounded(.up), Double(settings.concurrency))) - leased)
    }
}
