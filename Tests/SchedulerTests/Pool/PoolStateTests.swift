// SPDX-License-Identifier: Apache-2.0
// One pool's decisions, event by event. No time passes and nothing runs: the clock is a number.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct PoolStateTests {
    private let start = ContinuousClock.now
    private var random = SeededGenerator(seed: 1)

    private func pool(
        concurrency: Int = 4,
        queue: Int = 2,
        warmMin: Int = 0,
        warmMax: Int = 2
    ) -> PoolState {
        PoolState(
            settings: settings(concurrency: concurrency, queue: queue, warmMin: warmMin, warmMax: warmMax)
        )
    }

    private func slot(_ number: UInt64) -> SlotNumber { SlotNumber(value: number) }
    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    /// A pool with one warm sandbox in slot 1.
    private func warmPool(_ pool: PoolState) -> PoolState {
        var pool = pool
        _ = pool.granted(slot(1))
        _ = pool.slotLaunched(slot(1))
        _ = pool.sandboxReady(slot(1), at: start)
        return pool
    }

    @Test("a warm sandbox is leased at once, and another slot is wanted ahead of demand")
    func warmLease() {
        var pool = warmPool(pool())
        #expect(pool.leaseRequested(waiter(1), at: start) == .use(slot(1), []))
        #expect(pool.leased == 1)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 1))
    }

    @Test("of several warm ones the last that had time to be set up is leased, or else the first")
    func settled() {
        var pool = pool(warmMax: 3)
        for number in 1...3 {
            _ = pool.granted(slot(UInt64(number)))
            _ = pool.slotLaunched(slot(UInt64(number)))
            _ = pool.sandboxReady(slot(UInt64(number)), at: start + PoolState.setUpTime * number)
        }
        #expect(pool.leaseRequested(waiter(1), at: start + PoolState.setUpTime * 3) == .use(slot(2), []))
        #expect(pool.leaseRequested(waiter(2), at: start + PoolState.setUpTime) == .use(slot(1), []))
        #expect(pool.leaseRequested(waiter(3), at: start + PoolState.setUpTime) == .use(slot(3), []))
    }

    @Test("a warm sandbox that ends is forgotten, counted, and replaced after a wait")
    mutating func standingLost() {
        var pool = warmPool(pool(warmMin: 1))
        let death = SlotFailure(reason: "killed", isDeath: true)
        #expect(pool.standingLost(slot(1), death, at: start, using: &random) == [.retire(slot(1))])
        #expect(pool.warm.isEmpty && pool.backoff.failures == 1)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
        _ = pool.timePassed(start + LaunchBackoff.first)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 1))
    }

    @Test("sandboxes that end with the spawner delay no caller when there is another spawner")
    mutating func standingLostWithSpawner() {
        var pool = warmPool(pool(warmMin: 1))
        let death = SlotFailure(reason: "killed", isDeath: true)
        _ = pool.standingLost(slot(1), death, at: start, using: &random)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
        pool.slotsLost()
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 1))
    }

    @Test("one that was leased meanwhile is its caller's to give back")
    mutating func standingLostLeased() {
        var pool = warmPool(pool())
        _ = pool.leaseRequested(waiter(1), at: start)
        let death = SlotFailure(reason: "killed", isDeath: true)
        #expect(pool.standingLost(slot(1), death, at: start, using: &random) == [])
        #expect(pool.leased == 1 && pool.backoff.failures == 0)
    }

    @Test(
        "the next sandbox of a leased slot is wanted while fewer than the maximum are warm, or a caller waits"
    )
    func next() {
        var pool = warmPool(pool(concurrency: 1, warmMax: 1))
        _ = pool.leaseRequested(waiter(1), at: start)
        #expect(pool.wantsNext)

        var unkept = self.pool(concurrency: 1, warmMax: 0)
        _ = unkept.leaseRequested(waiter(1), at: start)
        _ = unkept.granted(slot(1))
        _ = unkept.slotLaunched(slot(1))
        _ = unkept.sandboxReady(slot(1), at: start)
        #expect(unkept.leased == 1)
        #expect(!unkept.wantsNext)
        _ = unkept.leaseRequested(waiter(2), at: start)
        #expect(unkept.wantsNext)
        _ = unkept.shed()
        #expect(!unkept.wantsNext)

        _ = pool.close(refusingWaiters: true)
        #expect(!pool.wantsNext)
    }

    @Test("a caller without a warm sandbox waits; a spare one is wanted only when the caller is served")
    func coldLease() {
        var pool = pool()
        #expect(pool.leaseRequested(waiter(1), at: start) == .wait([]))
        #expect(pool.demand == PoolState.Demand(urgent: 1, spare: 0))
        _ = pool.granted(slot(1))
        _ = pool.slotLaunched(slot(1))
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
        #expect(pool.sandboxReady(slot(1), at: start) == [.answer(waiter(1), .lease(slot(1)))])
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 1))
    }

    @Test("where a call is expected one sandbox is made ahead, once, and given back when no call arrives")
    mutating func expectedCall() {
        var settings = pool().settings
        settings.expectsCall = true
        var pool = PoolState(settings: settings)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 1))
        pool = warmPool(pool)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
        #expect(pool.timePassed(start + PoolState.idleAfter) == [.retire(slot(1))])
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
    }

    @Test("a sandbox that is made ahead in vain is not tried again")
    mutating func expectedCallFails() {
        var settings = pool().settings
        settings.expectsCall = true
        var pool = PoolState(settings: settings)
        _ = pool.granted(slot(1))
        _ = pool.slotFailed(slot(1), SlotFailure(reason: "x"), at: start, using: &random)
        _ = pool.timePassed(start + LaunchBackoff.longest)
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
    }

    @Test("a sandbox that becomes ready is leased to the first waiter")
    func firstComeFirstServed() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.leaseRequested(waiter(2), at: start)
        #expect(pool.granted(slot(1)) == [.launch(slot(1), sharesEmptyNetwork: false)])
        #expect(pool.slotLaunched(slot(1)) == [.make(slot(1))])
        #expect(pool.sandboxReady(slot(1), at: start) == [.answer(waiter(1), .lease(slot(1)))])
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.make(slot(1))])
        #expect(pool.sandboxReady(slot(1), at: start) == [.answer(waiter(2), .lease(slot(1)))])
    }

    @Test("callers beyond concurrency and queue are refused as busy")
    func queueBound() {
        var pool = pool(concurrency: 1, queue: 2, warmMax: 0)
        for number in 1...3 { #expect(pool.leaseRequested(waiter(UInt64(number)), at: start) == .wait([])) }
        #expect(pool.leaseRequested(waiter(4), at: start) == .refuse(.busy))
    }

    @Test("a queue of length zero still lets callers wait for a sandbox that can be started")
    func noQueue() {
        var pool = pool(concurrency: 1, queue: 0, warmMax: 0)
        #expect(pool.leaseRequested(waiter(1), at: start) == .wait([]))
        #expect(pool.leaseRequested(waiter(2), at: start) == .refuse(.busy))
    }

    @Test("no more slots are wanted than the concurrency allows")
    func concurrencyBound() {
        var pool = pool(concurrency: 2, queue: 8)
        for number in 1...5 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        #expect(pool.demand.urgent == 2)
        _ = pool.granted(slot(1))
        _ = pool.granted(slot(2))
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
    }

    @Test("a waiting caller whose time is up is refused")
    func deadline() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.granted(slot(1))
        #expect(pool.nextWake == start + .seconds(10))
        #expect(pool.timePassed(start + .seconds(9)) == [])
        #expect(pool.timePassed(start + .seconds(10)) == [.answer(waiter(1), .refused(.busy))])
    }

    @Test("a caller that waited in vain for any slot is refused because the host has no room")
    func noRoom() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        #expect(pool.timePassed(start + .seconds(10)) == [.answer(waiter(1), .refused(.noRoom))])
    }

    @Test("a cancelled waiter is not answered any more")
    func cancelledWaiter() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        let wasWaiting = pool.waiterCancelled(waiter(1))
        #expect(wasWaiting)
        let again = pool.waiterCancelled(waiter(1))
        #expect(!again)
        #expect(pool.timePassed(start + .seconds(11)) == [])
    }

    @Test("the failure of a slot is the reason for its waiters, and for the callers right after")
    mutating func failure() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.granted(slot(1))
        let actions = pool.slotFailed(
            slot(1),
            SlotFailure(reason: "mount: errno 2"),
            at: start,
            using: &random
        )
        #expect(actions == [.retire(slot(1)), .answer(waiter(1), .refused(.cannotStart("mount: errno 2")))])
        #expect(pool.leaseRequested(waiter(2), at: start) == .refuse(.cannotStart("mount: errno 2")))
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
    }

    @Test("a slot that dies during set-up is tried again for its waiters, for a few times")
    mutating func death() {
        var pool = pool()
        var now = start
        for attempt in 0...LaunchBackoff.deathsTolerated {
            let caller = waiter(UInt64(attempt))
            #expect(pool.leaseRequested(caller, at: now) == .wait([]))
            _ = pool.granted(slot(1))
            let death = SlotFailure(reason: "slot is gone", isDeath: true)
            let actions = pool.slotFailed(slot(1), death, at: now, using: &random)
            let isLast = attempt == LaunchBackoff.deathsTolerated
            #expect((actions.count > 1) == isLast)
            now += .seconds(2)
            if !isLast { #expect(pool.timePassed(now).isEmpty && pool.demand.urgent == attempt + 1) }
        }
        #expect(pool.waiters.isEmpty)
    }

    @Test("after the back-off a new caller has a slot tried again")
    mutating func retry() {
        var pool = pool()
        _ = pool.granted(slot(1))
        _ = pool.slotFailed(slot(1), SlotFailure(reason: "x"), at: start, using: &random)
        let later = start + LaunchBackoff.first
        #expect(pool.leaseRequested(waiter(2), at: later) == .wait([]))
        #expect(pool.demand.urgent == 1)
    }

    @Test("a failing slot is not retried for ever for the warm minimum alone")
    mutating func unattended() {
        var pool = pool(warmMin: 1)
        var now = start
        for number in 1...LaunchBackoff.unattendedMax {
            #expect(pool.demand.spare == 1)
            _ = pool.granted(slot(UInt64(number)))
            _ = pool.slotFailed(slot(UInt64(number)), SlotFailure(reason: "x"), at: now, using: &random)
            now += LaunchBackoff.longest
            _ = pool.timePassed(now)
        }
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
        #expect(pool.nextWake == nil)
    }

    @Test("a waiter stays while another slot may still serve it")
    mutating func failureBesideWorkingSlot() {
        var pool = warmPool(pool())
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.leaseRequested(waiter(2), at: start)
        _ = pool.granted(slot(2))
        #expect(
            pool.slotFailed(slot(2), SlotFailure(reason: "x"), at: start, using: &random) == [
                .retire(slot(2))
            ]
        )
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.make(slot(1))])
        #expect(pool.sandboxReady(slot(1), at: start) == [.answer(waiter(2), .lease(slot(1)))])
    }

    @Test("a slot that is not reusable is given back after its invocation")
    func suspectSlot() {
        var pool = warmPool(pool())
        _ = pool.leaseRequested(waiter(1), at: start)
        #expect(pool.leaseEnded(slot(1), isReusable: false, at: start) == [.retire(slot(1))])
        #expect(pool.phases.isEmpty)
    }

    @Test("beyond the warm maximum a slot stays empty")
    func warmMaximum() {
        var pool = warmPool(pool(warmMax: 1))
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.granted(slot(2))
        _ = pool.slotLaunched(slot(2))
        _ = pool.sandboxReady(slot(2), at: start)
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [])
        #expect(pool.empty.map(\.slot) == [slot(1)])
        // The empty slot is used before a new one is launched.
        #expect(pool.leaseRequested(waiter(2), at: start) == .use(slot(2), [.make(slot(1))]))
    }

    @Test("idle slots are given back when calls stop")
    func idleShrink() {
        var pool = warmPool(pool())
        #expect(pool.nextWake == start + PoolState.idleAfter)
        #expect(pool.timePassed(start + PoolState.idleAfter - .seconds(1)) == [])
        #expect(pool.timePassed(start + PoolState.idleAfter) == [.retire(slot(1))])
    }

    @Test("the warm minimum is kept without calls")
    func warmMinimum() {
        var pool = warmPool(pool(warmMin: 1))
        #expect(pool.timePassed(start + .seconds(3600)) == [])
        #expect(pool.warm.count == 1)
        #expect(pool.nextWake == nil)
    }

    @Test("a superseded pool still serves its waiters, and then is gone")
    func supersede() {
        var pool = warmPool(pool(concurrency: 1))
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.leaseRequested(waiter(2), at: start)
        #expect(pool.close(refusingWaiters: false) == [])
        #expect(pool.leaseRequested(waiter(3), at: start) == .refuse(.closed))
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.make(slot(1))])
        #expect(pool.sandboxReady(slot(1), at: start) == [.answer(waiter(2), .lease(slot(1)))])
        #expect(!pool.isGone)
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.isGone)
    }

    @Test("a drained pool refuses its waiters and gives back warm slots; running invocations continue")
    func drain() {
        var pool = warmPool(pool(concurrency: 1))
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.leaseRequested(waiter(2), at: start)
        #expect(pool.close(refusingWaiters: true) == [.answer(waiter(2), .refused(.closed))])
        #expect(pool.leased == 1)
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.isGone)
    }

    @Test("a slot that was being made when its pool closed is given back")
    func closeWhileMaking() {
        var pool = pool(warmMin: 1)
        _ = pool.granted(slot(1))
        _ = pool.close(refusingWaiters: true)
        #expect(pool.slotLaunched(slot(1)) == [.retire(slot(1))])
        #expect(pool.isGone)
    }

    @Test("after the spawner's death every slot is forgotten and late news of it is ignored")
    func slotsLost() {
        var pool = warmPool(pool())
        _ = pool.leaseRequested(waiter(1), at: start)
        pool.slotsLost()
        #expect(pool.leased == 0)
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.phases.isEmpty)
        #expect(pool.leaseRequested(waiter(2), at: start) == .wait([]))
    }

    @Test("a slot that the fleet wants back is given when it becomes free")
    func debt() {
        var pool = warmPool(pool())
        _ = pool.leaseRequested(waiter(1), at: start)
        #expect(pool.shed() == [])
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.debt == 0)
    }

    @Test(
        "a slot that the fleet wants back is given back when its sandbox becomes ready, before it is leased"
    )
    func debtWhileMaking() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.granted(slot(1))
        _ = pool.slotLaunched(slot(1))
        #expect(pool.shed() == [])
        #expect(pool.sandboxReady(slot(1), at: start) == [.retire(slot(1))])
        #expect(pool.debt == 0)
        #expect(pool.waiters.count == 1)
    }

    @Test("a surplus sandbox that is no longer wanted is given back")
    func superfluous() {
        var pool = pool(warmMax: 0)
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.granted(slot(1))
        _ = pool.slotLaunched(slot(1))
        _ = pool.waiterCancelled(waiter(1))
        #expect(pool.sandboxReady(slot(1), at: start) == [.retire(slot(1))])
    }
}
