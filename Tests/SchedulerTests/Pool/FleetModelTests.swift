// SPDX-License-Identifier: Apache-2.0
// Random event sequences against the pools' invariants. A failure prints the seed that repeats it.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct FleetModelTests {
    @Test("whatever happens in whatever order, every invariant of the pools holds", arguments: 1...60)
    func invariants(seed: Int) throws {
        var model = FleetModel(seed: UInt64(seed))
        for step in 0..<1500 {
            model.randomEvent()
            let broken = model.brokenInvariant()
            try #require(broken == nil, "seed \(seed), step \(step): \(broken ?? "")")
        }
        model.finish()
        #expect(model.brokenInvariant() == nil, "seed \(seed)")
        #expect(model.unanswered.isEmpty, "seed \(seed): waiters without an answer")
        #expect(model.fleet.pools.isEmpty && model.slots.isEmpty, "seed \(seed): slots left over")
    }
}

/// The world around a FleetState: spawner, slots and callers, with what they may do next.
private struct FleetModel {
    enum SlotWork { case launching, making, starting, idle, leased }

    var fleet: FleetState
    var random: SeededGenerator
    var now = ContinuousClock.now
    var slots: [SlotNumber: (pool: PoolNumber, work: SlotWork)] = [:]
    /// Slots whose news is still under way although the state has forgotten them.
    var ghosts: [(pool: PoolNumber, slot: SlotNumber)] = []
    var unanswered: [WaiterNumber: PoolNumber] = [:]
    /// The pool that each slot was made for, also when it is gone.
    var owners: [SlotNumber: PoolNumber] = [:]
    /// Invocations that each slot's sandbox has served.
    var uses: [SlotNumber: Int] = [:]
    var violation: String?
    var isHostReady = false

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        fleet = FleetState(sandboxesMax: Int.random(in: 1...12, using: &random))
        for _ in 0..<Int.random(in: 1...4, using: &random) { addPool() }
        hostReady()
    }

    mutating func randomEvent() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: request()
        case 35..<68: slotNews()
        case 68..<70: standingDies()
        case 70..<80: endLease()
        case 80..<85: returnProgram()
        case 85..<90: cancelWaiter()
        case 90..<95: pass(.milliseconds(Int.random(in: 1...30_000, using: &random)))
        case 95..<96: hostDies()
        case 96..<97: addPool()
        case 97..<98: closePool()
        case 98..<99: ghostNews()
        default: hostReady()
        }
    }

    /// Everything closes and whatever is under way ends.
    mutating func finish() {
        hostReady()
        for pool in fleet.pools.keys.sorted() {
            perform(fleet.poolClosed(pool, refusingWaiters: Bool.random(using: &random)))
        }
        for _ in 0..<10_000 where !fleet.pools.isEmpty {
            slotNews()
            endLease()
        }
        pass(.seconds(60))
    }

    func brokenInvariant() -> String? {
        if let violation { return violation }
        if fleet.slotCount > fleet.sandboxesMax {
            return "\(fleet.slotCount) slots, more than the host's limit"
        }
        if fleet.slotCount != slots.count { return "\(fleet.slotCount) slots counted, \(slots.count) exist" }
        for (number, pool) in fleet.pools {
            let own = slots.filter { $0.value.pool == number }
            if own.count != pool.phases.count {
                return "a pool knows \(pool.phases.count) slots of \(own.count)"
            }
            if pool.phases.count > pool.settings.concurrency { return "more slots than the concurrency" }
            if pool.leased > pool.settings.concurrency { return "more leases than the concurrency" }
            if pool.warm.count > pool.settings.warmMax { return "more warm sandboxes than the maximum" }
            if !pool.inEmptyNetwork.isSubset(of: pool.phases.keys) {
                return "a slot in the empty network is gone"
            }
            if pool.inEmptyNetwork.contains(where: { pool.phases[$0] == .leased }) {
                return "a slot in the empty network is leased"
            }
            if pool.template.slotCount > pool.phases.keys.count(where: pool.template.isCopying) {
                return "a slot with a template is gone"
            }
            if !pool.warm.isEmpty, !pool.waiters.isEmpty { return "a caller waits beside a warm sandbox" }
            if pool.waiters.count > pool.settings.queueLength + pool.settings.concurrency {
                return "queue overflow"
            }
            if pool.warm.count + pool.empty.count + pool.leased + pool.preparing != pool.phases.count {
                return "a slot is in two states, or in none"
            }
            let waiting = unanswered.values.count { $0 == number }
            if waiting != pool.waiters.count {
                return "\(pool.waiters.count) waiters counted, \(waiting) wait"
            }
        }
        return nil
    }

    private mutating func addPool() {
        guard fleet.pools.count < 5 else { return }
        let warmMax = Int.random(in: 0...4, using: &random)
        var settings = settings(
            concurrency: Int.random(in: 1...6, using: &random),
            queue: Int.random(in: 0...5, using: &random),
            warmMin: Int.random(in: 0...warmMax, using: &random),
            warmMax: warmMax
        )
        settings.startsAhead = Bool.random(using: &random)
        if settings.startsAhead { settings.usesMax = Int.random(in: 1...4, using: &random) }
        settings.copiesTemplate = settings.startsAhead && settings.usesMax == 1 && Bool.random(using: &random)
        perform(fleet.poolAdded(settings).1)
    }

    private mutating func closePool() {
        guard let pool = fleet.pools.keys.sorted().randomElement(using: &random) else { return }
        perform(fleet.poolClosed(pool, refusingWaiters: Bool.random(using: &random)))
    }

    private mutating func hostReady() {
        guard !isHostReady else { return }
        isHostReady = true
        perform(fleet.hostReady())
    }

    private mutating func hostDies() {
        guard isHostReady else { return }
        isHostReady = false
        for (slot, entry) in slots where [.launching, .making, .starting].contains(entry.work) {
            ghosts.append((entry.pool, slot))
        }
        slots.removeAll()
        fleet.hostLost()
    }

    private mutating func request() {
        guard let pool = fleet.pools.keys.sorted().randomElement(using: &random) else { return }
        switch fleet.leaseRequested(pool, at: now) {
        case .use(let slot, let actions):
            lease(slot, for: pool)
            perform(actions)
        case .wait(let waiter, let actions):
            unanswered[waiter] = pool
            perform(actions)
        case .refuse: break
        }
    }

    private mutating func cancelWaiter() {
        let waiters = unanswered.keys.sorted { $0.value < $1.value }
        guard let waiter = waiters.randomElement(using: &random), let pool = unanswered[waiter] else {
            return
        }
        let (wasWaiting, actions) = fleet.waiterCancelled(pool, waiter)
        if !wasWaiting { violation = "a waiter without an answer was not waiting" }
        unanswered[waiter] = nil
        perform(actions)
    }

    private mutating func standingDies() {
        let idle = slots.filter { $0.value.work == .idle || $0.value.work == .starting }.keys.sorted()
        guard let slot = idle.randomElement(using: &random), let entry = slots[slot] else { return }
        let failure = SlotFailure(reason: "killed", isDeath: true)
        perform(fleet.standingLost(entry.pool, slot, failure, at: now, using: &random))
    }

    private mutating func slotNews() {
        let busy = slots.filter { [.launching, .making, .starting].contains($0.value.work) }.keys.sorted()
        guard let slot = busy.randomElement(using: &random), let entry = slots[slot] else { return }
        if Int.random(in: 0..<8, using: &random) == 0 {
            let failure = SlotFailure(reason: "step: errno 1", isDeath: Bool.random(using: &random))
            perform(fleet.slotFailed(entry.pool, slot, failure, at: now, using: &random))
        } else if entry.work == .launching {
            perform(fleet.slotLaunched(entry.pool, slot))
        } else if entry.work == .starting {
            slots[slot]?.work = .idle
            perform(fleet.programReady(entry.pool, slot, at: now))
        } else {
            slots[slot]?.work = .idle
            perform(fleet.sandboxReady(entry.pool, slot, at: now))
        }
    }

    private mutating func ghostNews() {
        guard let ghost = ghosts.popLast() else { return }
        let actions =
            Bool.random(using: &random)
            ? fleet.sandboxReady(ghost.pool, ghost.slot, at: now)
            : fleet.programReady(ghost.pool, ghost.slot, at: now)
        if actions.first?.action != .retire(ghost.slot) { violation = "a forgotten slot was taken back" }
    }

    private mutating func endLease() {
        let leased = slots.filter { $0.value.work == .leased }.keys.sorted()
        guard let slot = leased.randomElement(using: &random), let entry = slots[slot] else { return }
        slots[slot]?.work = .idle
        let isReusable = Int.random(in: 0..<10, using: &random) > 0
        perform(fleet.leaseEnded(entry.pool, slot, isReusable: isReusable, at: now))
    }

    /// The program of a lease that may return does, or one that may not, which ends it.
    private mutating func returnProgram() {
        let leased = slots.filter { $0.value.work == .leased }.keys.sorted()
        guard let slot = leased.randomElement(using: &random), let entry = slots[slot] else { return }
        slots[slot]?.work = .idle
        let mayReturn = fleet.facts(entry.pool, slot).mayReturn
        let actions = fleet.programReturned(entry.pool, slot, at: now)
        if !mayReturn, actions.first?.action != .retire(slot) { violation = "a sandbox returned too often" }
        perform(actions)
    }

    private mutating func pass(_ span: Duration) {
        now += span
        for pool in fleet.pools.keys.sorted() {
            guard let wake = fleet.nextWake(pool), wake <= now else { continue }
            perform(fleet.timePassed(pool, at: now))
            if let next = fleet.nextWake(pool), next <= now {
                violation = "a deadline that has passed stays due"
            }
        }
    }

    private mutating func lease(_ slot: SlotNumber, for pool: PoolNumber?) {
        if owners[slot] != pool { violation = "a slot of one function serves another" }
        if slots[slot]?.work != .idle { violation = "a sandbox was leased that is not ready" }
        slots[slot]?.work = .leased
        uses[slot, default: 0] += 1
        let usesMax = pool.flatMap { fleet.pools[$0]?.settings.usesMax } ?? 1
        if uses[slot, default: 0] > usesMax { violation = "a sandbox serves more often than it may" }
        if let pool, fleet.pools[pool] != nil, fleet.facts(pool, slot).useNumber != uses[slot, default: 0] {
            // A later lease of the same event may be counted already.
            let counted = fleet.facts(pool, slot).useNumber
            if counted < uses[slot, default: 0] { violation = "a use is not counted" }
        }
    }

    private mutating func launched(_ slot: SlotNumber, for pool: PoolNumber) {
        slots[slot] = (pool, .launching)
        if owners.updateValue(pool, forKey: slot) != nil { violation = "a slot was made for two functions" }
    }

    private mutating func perform(_ actions: [FleetState.Action]) {
        for action in actions {
            switch action.action {
            case .launch(let slot, let sharesEmptyNetwork):
                if !isHostReady { violation = "a launch without a spawner" }
                // What the state looks like by now is another matter: a caller may have come since.
                if sharesEmptyNetwork, unanswered.values.contains(action.pool) {
                    violation = "a slot is launched in the empty network while a caller waits"
                }
                if sharesEmptyNetwork, slots.contains(where: { $1.pool == action.pool && $1.work == .leased })
                {
                    violation = "a slot is launched in the empty network while an invocation runs"
                }
                launched(slot, for: action.pool)
            case .launchTemplate(let slot):
                if !isHostReady { violation = "a launch without a spawner" }
                let pool = fleet.pools[action.pool]
                if pool?.settings.copiesTemplate == false || pool?.template.refusal != nil {
                    violation = "a template of a program that is not to be copied"
                }
                launched(slot, for: action.pool)
            case .make(let slot):
                if slots[slot] == nil || slots[slot]?.work == .leased {
                    violation = "a sandbox in no free slot"
                }
                slots[slot]?.work = .making
                uses[slot] = nil
            case .start(let slot):
                if slots[slot]?.work != .idle { violation = "a program is started in no sandbox" }
                if fleet.pools[action.pool]?.settings.startsAhead == false {
                    violation = "a program is started ahead that must not be"
                }
                slots[slot]?.work = .starting
            case .retire(let slot):
                if slots[slot]?.work == .leased { violation = "a slot was retired while it runs" }
                slots[slot] = nil
            case .answer(let waiter, let answer):
                let pool = unanswered.removeValue(forKey: waiter)
                if pool == nil { violation = "a waiter was answered twice" }
                if case .lease(let slot) = answer { lease(slot, for: pool) }
            }
        }
    }
}
