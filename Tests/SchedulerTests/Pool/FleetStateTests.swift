// SPDX-License-Identifier: Apache-2.0
// The distribution of the host's slots: limits, fairness and the spawner's death, across pools.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct FleetStateTests {
    private let now = ContinuousClock.now

    /// A fleet with a spawner, and pools of the given settings with their warm minimum ready.
    private func fleet(_ sandboxesMax: Int, _ all: [PoolSettings]) -> (FleetState, [PoolNumber]) {
        var fleet = FleetState(sandboxesMax: sandboxesMax)
        _ = fleet.hostReady()
        var pools: [PoolNumber] = []
        for settings in all {
            let (pool, actions) = fleet.poolAdded(settings)
            _ = settle(&fleet, actions)
            pools.append(pool)
        }
        return (fleet, pools)
    }

    /// Every slot that is launched becomes ready; gives the answers of waiters.
    private func settle(_ fleet: inout FleetState, _ actions: [FleetState.Action]) -> [WaiterNumber:
        WaiterAnswer]
    {
        var answers: [WaiterNumber: WaiterAnswer] = [:]
        var rest = actions[...]
        while let action = rest.popFirst() {
            switch action.action {
            case .launch(let slot, _), .launchTemplate(let slot):
                rest += fleet.slotLaunched(action.pool, slot)
            case .make(let slot): rest += fleet.sandboxReady(action.pool, slot, at: now)
            case .retire: break
            case .start(let slot): rest += fleet.programReady(action.pool, slot, at: now)
            case .answer(let waiter, let answer): answers[waiter] = answer
            }
        }
        return answers
    }

    private func request(_ fleet: inout FleetState, _ pool: PoolNumber) -> WaiterAnswer? {
        switch fleet.leaseRequested(pool, at: now) {
        case .use(let slot, let actions):
            _ = settle(&fleet, actions)
            return .lease(slot)
        case .wait(let waiter, let actions): return settle(&fleet, actions)[waiter]
        case .refuse(let refusal): return .refused(refusal)
        }
    }

    private func isLease(_ answer: WaiterAnswer?) -> Bool {
        if case .lease = answer { true } else { false }
    }

    @Test("an idle slot of another function makes room for a caller when the host is full")
    func eviction() throws {
        var (fleet, pools) = fleet(1, [settings(warmMin: 1), settings(warmMax: 0)])
        let (one, two) = (pools[0], pools[1])
        #expect(isLease(request(&fleet, two)))
        #expect(fleet.slotCount == 1)
        #expect(fleet.pools[one]?.phases.isEmpty == true)
    }

    @Test("a slot that is idle is not taken for another function's reserve")
    func noEvictionForReserve() {
        var (fleet, pools) = fleet(1, [settings(warmMin: 1)])
        let (other, actions) = fleet.poolAdded(settings(warmMin: 1))
        #expect(actions.isEmpty)
        #expect(fleet.pools[other]?.phases.isEmpty == true)
        #expect(fleet.pools[pools[0]]?.phases.count == 1)
    }

    @Test("a busy function gives a slot to another one that has none, when one becomes free")
    func fairness() throws {
        var (fleet, pools) = fleet(3, [settings(queue: 8, warmMax: 0), settings(warmMax: 0)])
        let leases = (0..<3).map { _ in request(&fleet, pools[0]) }
        #expect(leases.allSatisfy(isLease))
        guard case .wait(let waiter, let waiting) = fleet.leaseRequested(pools[1], at: now) else {
            Issue.record("the second function's caller should wait")
            return
        }
        #expect(waiting.isEmpty)
        guard case .lease(let slot) = leases[0] else { return }
        let answers = settle(&fleet, fleet.leaseEnded(pools[0], slot, isReusable: true, at: now))
        #expect(isLease(answers[waiter]))
        #expect(fleet.slotCount == 3)
    }

    @Test("two busy functions do not take slots from each other in turns")
    func noPingPong() {
        var (fleet, pools) = fleet(2, [settings(queue: 8, warmMax: 0), settings(queue: 8, warmMax: 0)])
        #expect(isLease(request(&fleet, pools[0])))
        #expect(isLease(request(&fleet, pools[1])))
        _ = fleet.leaseRequested(pools[0], at: now)
        _ = fleet.leaseRequested(pools[1], at: now)
        #expect(fleet.pools.values.allSatisfy { $0.debt == 0 })
    }

    @Test("callers wait while there is no spawner, and are served by the next one")
    func spawnerDeath() {
        var (fleet, pools) = fleet(4, [settings()])
        fleet.hostLost()
        guard case .wait(let waiter, let actions) = fleet.leaseRequested(pools[0], at: now) else {
            Issue.record("the caller should wait")
            return
        }
        #expect(actions.isEmpty)
        let answers = settle(&fleet, fleet.hostReady())
        #expect(isLease(answers[waiter]))
    }

    @Test("a caller that waited for a spawner in vain is refused for lack of room")
    func noSpawner() {
        var (fleet, pools) = fleet(4, [settings()])
        fleet.hostLost()
        guard case .wait(let waiter, _) = fleet.leaseRequested(pools[0], at: now) else { return }
        let actions = fleet.timePassed(pools[0], at: now + .seconds(10))
        #expect(actions.map(\.action) == [.answer(waiter, .refused(.noRoom))])
    }

    @Test("a drained fleet is gone when its last invocation has ended")
    func drain() {
        var (fleet, pools) = fleet(4, [settings(), settings(warmMin: 1)])
        guard case .lease(let slot) = request(&fleet, pools[0]) else {
            Issue.record("the caller should have a sandbox")
            return
        }
        _ = settle(&fleet, fleet.drained())
        #expect(!fleet.isGone)
        #expect(fleet.leaseRequested(pools[0], at: now) == .refuse(.closed))
        _ = settle(&fleet, fleet.leaseEnded(pools[0], slot, isReusable: true, at: now))
        #expect(fleet.isGone)
    }

    @Test("a request to a pool that is gone is refused as closed")
    func unknownPool() {
        var (fleet, _) = fleet(4, [])
        #expect(fleet.leaseRequested(PoolNumber(value: 99), at: now) == .refuse(.closed))
    }
}
