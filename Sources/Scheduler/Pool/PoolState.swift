// SPDX-License-Identifier: Apache-2.0
// The warm pool of one function revision as a pure state machine. FleetState holds one per revision and adds
// the host's limit; Fleet performs the actions.

/// Slots, warm sandboxes and waiting callers of one function revision.
///
/// Invariants: a slot is in one phase; there are at most `concurrency` slots, and so leases; no caller waits while
/// a sandbox is warm; at most `warmMax` sandboxes are warm; every waiter gets one answer; slots of an idle function
/// are replaced one after the other by slots that share the empty network.
struct PoolState: Sendable {
    typealias Instant = ContinuousClock.Instant

    let settings: PoolSettings
    private(set) var phases: [SlotNumber: Phase] = [:]
    /// Oldest first; leases take one of the last, so that the others can grow old and be given back.
    private(set) var warm: [Idle] = []
    private(set) var empty: [Idle] = []
    private(set) var waiters = WaiterQueue()
    private(set) var backoff = LaunchBackoff()
    /// How many invocations the sandbox of a slot has served or serves; absent before the first.
    private(set) var uses: [SlotNumber: Int] = [:]
    /// How busy the pool's recent calls keep programs that are started ahead.
    private(set) var load = PoolLoad()
    /// When the program or the invocation in a slot began.
    private var began: [SlotNumber: Instant] = [:]
    /// Launching, making or starting.
    private(set) var preparing = 0
    private(set) var leased = 0
    /// Slots that the fleet wants back as soon as they are free.
    private(set) var debt = 0
    private(set) var isClosing = false
    /// Nil again after ``idleAfter`` without a call.
    private(set) var lastLease: Instant?
    /// Slots that share the empty network: launched with it, and not leased yet.
    private(set) var inEmptyNetwork: Set<SlotNumber> = []
    /// Until the first sandbox is ready, or cannot be made.
    private(set) var expectsCall: Bool
    private(set) var template: TemplateChoice

    init(settings: PoolSettings) {
        self.settings = settings
        expectsCall = settings.expectsCall
        template = TemplateChoice(isConfigured: settings.copiesTemplate)
    }

    /// Closing, and nothing is left.
    var isGone: Bool { isClosing && phases.isEmpty && waiters.isEmpty }

    // MARK: Callers

    /// A caller wants a sandbox.
    mutating func leaseRequested(_ waiter: WaiterNumber, at now: Instant) -> LeaseResult {
        guard !isClosing else { return .refuse(.closed) }
        backoff.timePassed(now)
        template.called(at: now)
        if settings.startsAhead { load.arrived(at: now) }
        if let idle = takeWarm(now) {
            lease(idle.slot, at: now)
            return .use(idle.slot, refillFromEmpty())
        }
        if let reason = backoff.verdict, backoff.isBlocked, leased + preparing == 0 {
            return .refuse(.cannotStart(reason))
        }
        let startable = preparing + empty.count + max(0, settings.concurrency - phases.count)
        guard waiters.count + 1 - startable <= settings.queueLength else { return .refuse(.busy) }
        waiters.append(waiter, deadline: now + settings.queueWait)
        return .wait(refillFromEmpty())
    }

    /// A waiting caller was cancelled.
    ///
    /// False when it has its answer already: then the lease is to be ended.
    mutating func waiterCancelled(_ waiter: WaiterNumber) -> Bool { waiters.remove(waiter) }

    // MARK: Slots

    /// The fleet allows one more slot.
    mutating func granted(_ slot: SlotNumber) -> [PoolAction] {
        let sharesEmptyNetwork = nextSharesEmptyNetwork
        phases[slot] = .launching
        if template.isWanted {
            template.launched(slot)
            preparing += 1
            return [.launchTemplate(slot)]
        }
        if sharesEmptyNetwork { inEmptyNetwork.insert(slot) }
        preparing += 1
        return [.launch(slot, sharesEmptyNetwork: sharesEmptyNetwork)]
    }

    /// The spawner has made the slot.
    mutating func slotLaunched(_ slot: SlotNumber) -> [PoolAction] {
        guard phases[slot] == .launching else { return [.retire(slot)] }
        if isClosing, waiters.count < preparing { return forget(slot) }
        phases[slot] = .making
        return [.make(slot)]
    }

    /// The slot has a sandbox that is complete up to `execve`.
    mutating func sandboxReady(_ slot: SlotNumber, at now: Instant) -> [PoolAction] {
        guard phases[slot] == .making else { return [.retire(slot)] }
        template.copied(slot, at: now)
        guard settings.startsAhead else { return ready(slot, at: now) }
        if isClosing, waiters.count < preparing { return forget(slot) }
        phases[slot] = .starting
        began[slot] = now
        return [.start(slot)]
    }

    /// The program that was started ahead can serve an invocation.
    mutating func programReady(_ slot: SlotNumber, at now: Instant) -> [PoolAction] {
        guard phases[slot] == .starting else { return [.retire(slot)] }
        if let start = began.removeValue(forKey: slot) { load.started(in: now - start) }
        return ready(slot, at: now)
    }

    /// A sandbox may be leased: the first caller gets it, or it is warm.
    private mutating func ready(_ slot: SlotNumber, at now: Instant) -> [PoolAction] {
        backoff.succeeded()
        expectsCall = false
        if payDebt() { return forget(slot) + refillFromEmpty() }
        if let waiter = waiters.popFirst() {
            preparing -= 1
            lease(slot, at: now)
            return [.answer(waiter, .lease(slot))] + refillFromEmpty()
        }
        guard !isClosing, warm.count < settings.warmMax else { return forget(slot) }
        preparing -= 1
        phases[slot] = .warm
        warm.append(Idle(slot: slot, since: now))
        return []
    }

    /// The slot or its sandbox could not be made.
    mutating func slotFailed(
        _ slot: SlotNumber,
        _ failure: SlotFailure,
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [PoolAction] {
        switch phases[slot] {
        case .launching, .making, .starting: break
        case .empty, .warm, .leased, nil: return [.retire(slot)]
        }
        // The program is started in the ordinary way from now on, which may well work.
        if template.isCopying(slot), !failure.isDeath {
            template.failed(failure.reason, isFinal: failure.isRefusal)
            return forget(slot)
        }
        backoff.failed(failure, at: now, using: &random)
        expectsCall = false
        var actions = forget(slot)
        // A working slot may still serve the waiters; without one, they are refused with the reason.
        if leased + preparing == 0, let reason = backoff.verdict {
            actions += refuseWaiters(.cannotStart(reason))
        }
        return actions
    }

    /// A warm or nearly complete sandbox ended before it was leased, and its slot with it.
    ///
    /// No effect when it was leased: its caller notices the end.
    mutating func standingLost(
        _ slot: SlotNumber,
        _ failure: SlotFailure,
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [PoolAction] {
        if phases[slot] == .starting { return slotFailed(slot, failure, at: now, using: &random) }
        guard phases[slot] == .warm else { return [] }
        backoff.failed(failure, at: now, using: &random)
        return forget(slot) + refillFromEmpty()
    }

    /// The invocation in the slot is over, and its program waits for another one: the next caller gets it, or it is
    /// warm again.
    mutating func programReturned(_ slot: SlotNumber, at now: Instant) -> [PoolAction] {
        guard phases[slot] == .leased else { return [.retire(slot)] }
        guard mayReturn(slot) else { return forget(slot) + refillFromEmpty() }
        noteServed(slot, at: now)
        leased -= 1
        preparing += 1
        phases[slot] = .starting
        return ready(slot, at: now)
    }

    /// Whether the program in the slot may serve another invocation after the one that it serves.
    func mayReturn(_ slot: SlotNumber) -> Bool { uses[slot, default: 0] < settings.usesMax }

    /// The invocation in the slot has ended.
    ///
    /// - Parameters:
    ///   - slot: the leased slot.
    ///   - isReusable: false when the slot itself is suspect or gone.
    ///   - hasCrashed: whether a signal of its own ended the program.
    ///   - now: the time of the event.
    /// - Returns: what to do.
    mutating func leaseEnded(
        _ slot: SlotNumber,
        isReusable: Bool,
        hasCrashed: Bool = false,
        at now: Instant
    ) -> [PoolAction] {
        guard phases[slot] == .leased else { return [.retire(slot)] }
        template.ended(slot, hasCrashed: hasCrashed)
        let isReusable = isReusable && !template.isDue(slot, at: now)
        let isWanted = waiters.count > preparing
        let isOwed = payDebt()
        guard isReusable, !isOwed, isWanted || !isClosing else { return forget(slot) + refillFromEmpty() }
        noteServed(slot, at: now)
        leased -= 1
        uses[slot] = nil
        if isWanted || warm.count + preparing < settings.warmMax {
            phases[slot] = .making
            preparing += 1
            return [.make(slot)]
        }
        phases[slot] = .empty
        empty.append(Idle(slot: slot, since: now))
        return []
    }

    /// Whether a slot that is leased now will most likely be asked for its next sandbox.
    ///
    /// The slot then makes it without a request. A wrong guess costs a sandbox in a slot that counts as empty.
    var wantsNext: Bool {
        !isClosing && debt == 0 && (!waiters.isEmpty || warm.count + preparing < settings.warmMax)
    }

    // MARK: The host

    /// The fleet wants one slot back: an idle one now, else the next one that becomes free.
    mutating func shed() -> [PoolAction] {
        if let slot = oldestIdle?.slot { return forget(slot) }
        debt += 1
        return []
    }

    /// The spawner died, and every slot with it.
    ///
    /// Waiters stay, bounded by their deadline.
    mutating func slotsLost() {
        phases.removeAll()
        template.forgetAll()
        inEmptyNetwork.removeAll()
        uses.removeAll()
        began.removeAll()
        warm.removeAll()
        empty.removeAll()
        preparing = 0
        leased = 0
        debt = 0
        // A death with the spawner is not the function's fault.
        if backoff.failure?.isDeath == true { backoff.succeeded() }
    }

    /// The revision takes no new callers.
    ///
    /// Running invocations continue.
    ///
    /// - Parameter refusingWaiters: whether waiters are refused, or still served.
    /// - Returns: what to do.
    mutating func close(refusingWaiters: Bool) -> [PoolAction] {
        isClosing = true
        var actions = refusingWaiters ? refuseWaiters(.closed) : []
        while empty.count + preparing > waiters.count, let slot = empty.first?.slot {
            actions += forget(slot)
        }
        while let slot = warm.first?.slot { actions += forget(slot) }
        return actions + refillFromEmpty()
    }

    // MARK: Time

    /// Waiters whose time is up are refused, old idle slots given back or replaced, attempts allowed again.
    ///
    /// - Parameters:
    ///   - now: the time of the event.
    ///   - isHostReady: false while there is no spawner.
    /// - Returns: what to do.
    mutating func timePassed(_ now: Instant, isHostReady: Bool = true) -> [PoolAction] {
        backoff.timePassed(now)
        var actions: [PoolAction] = []
        while let deadline = waiters.firstDeadline, deadline <= now, let waiter = waiters.popFirst() {
            let refusal: PoolRefusal = isHostReady && !phases.isEmpty ? .busy : .noRoom
            actions.append(.answer(waiter, .refused(refusal)))
        }
        load.timePassed(now)
        if let last = lastLease, last + Self.idleAfter <= now {
            lastLease = nil
            load = PoolLoad()
            template.idle()
        }
        let floor = heldCount
        while warm.count + empty.count > floor, let oldest = oldestIdle, oldest.since + Self.idleAfter <= now
        {
            actions += forget(oldest.slot)
        }
        // `demand` asks for its successor, which has no template.
        while lastLease == nil, let idle = oldestCopying, idle.since + Self.idleAfter <= now {
            actions += forget(idle.slot)
        }
        // `demand` asks for its successor, which shares the empty network.
        if lastLease == nil, let idle = oldestWithOwnNetwork, idle.since + Self.idleAfter <= now {
            actions += forget(idle.slot)
        }
        // One after the other, so that the others serve meanwhile.
        if let waiting = longestWaiting, waiting.since + Self.waitMax <= now {
            actions += forget(waiting.slot)
        }
        return actions
    }

    // MARK: Steps

    /// The slot is one invocation's.
    private mutating func lease(_ slot: SlotNumber, at now: Instant) {
        phases[slot] = .leased
        inEmptyNetwork.remove(slot)
        uses[slot, default: 0] += 1
        if settings.startsAhead { began[slot] = now }
        leased += 1
        lastLease = now
    }

    private mutating func noteServed(_ slot: SlotNumber, at now: Instant) {
        if let start = began.removeValue(forKey: slot) { load.served(in: now - start) }
    }

    /// The one used last of those that have had time to be set up; without one, the one that has had most.
    private mutating func takeWarm(_ now: Instant) -> Idle? {
        guard !warm.isEmpty else { return nil }
        if settings.startsAhead { return warm.removeLast() }
        return warm.remove(at: warm.lastIndex { $0.since + Self.setUpTime <= now } ?? 0)
    }

    /// Uses empty slots first: a sandbox in one is far cheaper than a new slot.
    private mutating func refillFromEmpty() -> [PoolAction] {
        var actions: [PoolAction] = []
        while waiters.count + idleTarget > warm.count + preparing, let idle = empty.popLast() {
            phases[idle.slot] = .making
            preparing += 1
            actions.append(.make(idle.slot))
        }
        return actions
    }

    private mutating func payDebt() -> Bool {
        guard debt > 0 else { return false }
        debt -= 1
        return true
    }

    private mutating func refuseWaiters(_ refusal: PoolRefusal) -> [PoolAction] {
        var actions: [PoolAction] = []
        while let waiter = waiters.popFirst() { actions.append(.answer(waiter, .refused(refusal))) }
        return actions
    }

    /// Removes a slot from all collections.
    private mutating func forget(_ slot: SlotNumber) -> [PoolAction] {
        template.forget(slot)
        inEmptyNetwork.remove(slot)
        uses[slot] = nil
        began[slot] = nil
        switch phases.removeValue(forKey: slot) {
        case .launching, .making, .starting: preparing -= 1
        case .leased: leased -= 1
        case .warm: warm.removeAll { $0.slot == slot }
        case .empty: empty.removeAll { $0.slot == slot }
        case nil: return []
        }
        return [.retire(slot)]
    }
}
