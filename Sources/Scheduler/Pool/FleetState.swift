// SPDX-License-Identifier: Apache-2.0
// All pools of one gateway and the host's limit, as a pure state machine. Fleet drives it under its lock.

/// Every pool, and which of them gets the host's next slot.
///
/// A slot may hold one sandbox, so slots are what is counted. Pools with waiting callers come first, among them
/// the one with the fewest slots. When the host is full, an idle slot of another pool makes room, least recently
/// used first; when none is idle, a pool with clearly more slots gives its next free one.
struct FleetState: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// An action of one pool.
    struct Action: Hashable, Sendable {
        var pool: PoolNumber
        var action: PoolAction
    }

    /// The decision about one request for a sandbox.
    enum LeaseDecision: Hashable, Sendable {
        case use(SlotNumber, [Action])
        case wait(WaiterNumber, [Action])
        case refuse(PoolRefusal)
    }

    let sandboxesMax: Int
    private(set) var pools: [PoolNumber: PoolState] = [:]
    /// Slots of all pools.
    private(set) var slotCount = 0
    /// Without a spawner nothing is launched; callers wait.
    private(set) var isHostReady = false
    private(set) var isDraining = false
    /// Pools that would launch a slot now.
    private var hungry: Set<PoolNumber> = []
    /// Since when the longest idle slot of each pool is idle; kept apart, because searching all pools is expensive.
    private var idleSince: [PoolNumber: Instant] = [:]
    private var lastNumber: UInt64 = 0

    init(sandboxesMax: Int) { self.sandboxesMax = max(1, sandboxesMax) }

    /// Draining, and nothing is left.
    var isGone: Bool { isDraining && pools.isEmpty }

    // MARK: Pools

    /// A new revision gets its pool; its warm minimum is launched at once.
    mutating func poolAdded(_ settings: PoolSettings) -> (PoolNumber, [Action]) {
        let number = PoolNumber(value: nextNumber())
        pools[number] = PoolState(settings: settings)
        return (number, changing(number) { _ in [] })
    }

    /// The pool takes no new callers and is forgotten when its last slot is gone.
    mutating func poolClosed(_ pool: PoolNumber, refusingWaiters: Bool) -> [Action] {
        changing(pool) { $0.close(refusingWaiters: refusingWaiters) }
    }

    /// The gateway stops: every pool closes and its waiters are refused.
    mutating func drained() -> [Action] {
        isDraining = true
        return pools.keys.sorted().flatMap { poolClosed($0, refusingWaiters: true) }
    }

    // MARK: Callers

    /// A caller wants a sandbox of the pool.
    mutating func leaseRequested(_ pool: PoolNumber, at now: Instant) -> LeaseDecision {
        var result = LeaseResult.refuse(.closed)
        let waiter = WaiterNumber(value: nextNumber())
        let actions = changing(pool) { state in
            result = state.leaseRequested(waiter, at: now)
            switch result {
            case .use(_, let actions), .wait(let actions): return actions
            case .refuse: return []
            }
        }
        switch result {
        case .use(let slot, _): return .use(slot, actions)
        case .wait: return .wait(waiter, actions)
        case .refuse(let refusal): return .refuse(refusal)
        }
    }

    /// A waiting caller was cancelled; false when it has its answer already.
    mutating func waiterCancelled(_ pool: PoolNumber, _ waiter: WaiterNumber) -> (Bool, [Action]) {
        var wasWaiting = false
        let actions = changing(pool) { state in
            wasWaiting = state.waiterCancelled(waiter)
            return []
        }
        return (wasWaiting, actions)
    }

    // MARK: Slots

    /// See ``PoolState/slotLaunched(_:)``.
    mutating func slotLaunched(_ pool: PoolNumber, _ slot: SlotNumber) -> [Action] {
        changing(pool, orRetire: slot) { $0.slotLaunched(slot) }
    }

    /// See ``PoolState/sandboxReady(_:at:)``.
    mutating func sandboxReady(_ pool: PoolNumber, _ slot: SlotNumber, at now: Instant) -> [Action] {
        changing(pool, orRetire: slot) { $0.sandboxReady(slot, at: now) }
    }

    /// See ``PoolState/programReady(_:at:)``.
    mutating func programReady(_ pool: PoolNumber, _ slot: SlotNumber, at now: Instant) -> [Action] {
        changing(pool, orRetire: slot) { $0.programReady(slot, at: now) }
    }

    /// See ``PoolState/slotFailed(_:_:at:using:)``.
    mutating func slotFailed(
        _ pool: PoolNumber,
        _ slot: SlotNumber,
        _ failure: SlotFailure,
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [Action] {
        changing(pool, orRetire: slot) {
            $0.slotFailed(slot, failure, at: now, using: &random)
        }
    }

    /// See ``PoolState/standingLost(_:_:at:using:)``.
    mutating func standingLost(
        _ pool: PoolNumber,
        _ slot: SlotNumber,
        _ failure: SlotFailure,
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [Action] {
        changing(pool, orRetire: slot) {
            $0.standingLost(slot, failure, at: now, using: &random)
        }
    }

    /// See ``PoolState/leaseEnded(_:isReusable:hasCrashed:at:)``.
    mutating func leaseEnded(
        _ pool: PoolNumber,
        _ slot: SlotNumber,
        isReusable: Bool,
        hasCrashed: Bool = false,
        at now: Instant
    ) -> [Action] {
        changing(pool, orRetire: slot) {
            $0.leaseEnded(slot, isReusable: isReusable, hasCrashed: hasCrashed, at: now)
        }
    }

    /// See ``PoolState/programReturned(_:at:)``.
    mutating func programReturned(_ pool: PoolNumber, _ slot: SlotNumber, at now: Instant) -> [Action] {
        changing(pool, orRetire: slot) { $0.programReturned(slot, at: now) }
    }

    /// What a pool knows of a slot that was just leased.
    struct SlotFacts {
        /// How many invocations its sandbox has served with the one that it serves.
        var useNumber = 1
        /// Its sandbox may serve another invocation after that one.
        var mayReturn = false
        /// Its sandbox is a copy of the slot's template.
        var isCopy = false
        /// See ``PoolState/wantsNext``.
        var wantsNext = false
    }

    /// What the pool knows of a slot.
    mutating func facts(_ pool: PoolNumber, _ slot: SlotNumber) -> SlotFacts {
        reading(pool) { state in
            SlotFacts(
                useNumber: state.uses[slot, default: 1],
                mayReturn: state.mayReturn(slot),
                isCopy: state.template.isCopying(slot),
                wantsNext: state.wantsNext
            )
        } ?? SlotFacts()
    }

    // MARK: The host

    /// A spawner is available: the slots that callers wait for are launched.
    mutating func hostReady() -> [Action] {
        isHostReady = true
        return balance()
    }

    /// The spawner died, and every slot with it.
    mutating func hostLost() {
        isHostReady = false
        for number in pools.keys.sorted() {
            _ = step(number) { state in
                state.slotsLost()
                return []
            }
        }
    }

    /// Time passed for one pool.
    mutating func timePassed(_ pool: PoolNumber, at now: Instant) -> [Action] {
        let isHostReady = isHostReady
        return changing(pool) { $0.timePassed(now, isHostReady: isHostReady) }
    }

    /// When ``timePassed(_:at:)`` is due for the pool.
    mutating func nextWake(_ pool: PoolNumber) -> Instant? { reading(pool) { $0.nextWake } ?? nil }

    // MARK: Steps

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Runs one event of a pool, then grants the slots that it freed or requested.
    private mutating func changing(
        _ pool: PoolNumber,
        orRetire slot: SlotNumber? = nil,
        _ event: (inout PoolState) -> [PoolAction]
    ) -> [Action] {
        guard pools.index(forKey: pool) != nil else {
            return slot.map { [Action(pool: pool, action: .retire($0))] } ?? []
        }
        let actions = step(pool, event)
        return hungry.isEmpty ? actions : actions + balance()
    }

    /// Looks at a pool where it is: a copy of its collections would cost more than most of what is asked.
    private mutating func reading<Value>(_ pool: PoolNumber, _ body: (inout PoolState) -> Value) -> Value? {
        guard let index = pools.index(forKey: pool) else { return nil }
        return body(&pools.values[index])
    }

    /// What an event changed of the sums.
    private struct Change {
        var actions: [PoolAction]
        var slots: Int
        var isHungry: Bool
        var idleSince: Instant?
        var isGone: Bool

        init(_ state: inout PoolState, _ event: (inout PoolState) -> [PoolAction]) {
            let before = state.phases.count
            actions = event(&state)
            slots = state.phases.count - before
            isHungry = state.demand != PoolState.Demand(urgent: 0, spare: 0)
            idleSince = state.oldestIdle?.since
            isGone = state.isGone
        }
    }

    /// One event of one pool, changed in place; updates the sums.
    private mutating func step(_ pool: PoolNumber, _ event: (inout PoolState) -> [PoolAction]) -> [Action] {
        guard let change = reading(pool, { Change(&$0, event) }) else { return [] }
        slotCount += change.slots
        if change.isHungry { hungry.insert(pool) } else { hungry.remove(pool) }
        idleSince[pool] = change.idleSince
        if change.isGone { pools[pool] = nil }
        return change.actions.isEmpty ? [] : change.actions.map { Action(pool: pool, action: $0) }
    }

    /// Grants slots while there is room, and makes room for waiting callers.
    private mutating func balance() -> [Action] {
        var actions: [Action] = []
        while isHostReady, let (next, isUrgent) = neediest {
            if slotCount < sandboxesMax {
                let slot = SlotNumber(value: nextNumber())
                actions += step(next) { $0.granted(slot) }
            } else if isUrgent, let victim = leastRecentlyUsed(besides: next) {
                actions += step(victim) { $0.shed() }
            } else {
                if isUrgent, let victim = richest(besides: next) { actions += step(victim) { $0.shed() } }
                break
            }
        }
        return actions
    }

    /// The pool that gets the next slot: callers before reserves, then fewest slots, then oldest.
    private var neediest: (PoolNumber, isUrgent: Bool)? {
        var best: (number: PoolNumber, isUrgent: Bool, slots: Int)?
        for number in hungry {
            guard let pool = pools[number] else { continue }
            let candidate = (number, pool.demand.urgent > 0, pool.phases.count)
            guard let current = best else {
                best = candidate
                continue
            }
            let isBetter =
                candidate.1 != current.isUrgent
                ? candidate.1 : (candidate.2, candidate.0) < (current.slots, current.number)
            if isBetter { best = candidate }
        }
        return best.map { ($0.number, $0.isUrgent) }
    }

    /// The pool with the longest idle slot.
    ///
    /// Linear in the pools, but only while the host is full.
    private func leastRecentlyUsed(besides pool: PoolNumber) -> PoolNumber? {
        idleSince.lazy.filter { $0.key != pool }
            .min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    /// The pool with the most slots, when it can give one and still has no fewer than the one that asks.
    private func richest(besides pool: PoolNumber) -> PoolNumber? {
        let owed = pools.values.reduce(0) { $0 + $1.debt }
        let wanted = pools.values.reduce(0) { $0 + $1.demand.urgent }
        guard owed < wanted, let own = pools[pool]?.phases.count else { return nil }
        let best = pools.lazy.filter { $0.key != pool }
            .max {
                ($0.value.phases.count - $0.value.debt, $0.key) < (
                    $1.value.phases.count - $1.value.debt, $1.key
                )
            }
        guard let best, best.value.phases.count - best.value.debt > own + 1 else { return nil }
        return best.key
    }
}
