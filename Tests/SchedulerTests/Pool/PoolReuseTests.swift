// SPDX-License-Identifier: Apache-2.0
// One pool's decisions about sandboxes that may serve several invocations.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("A pool whose sandboxes serve several invocations") struct PoolReuseTests {
    private let start = ContinuousClock.now

    private func slot(_ number: UInt64) -> SlotNumber { SlotNumber(value: number) }
    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    /// A pool with one ready program.
    private func pool(uses: Int, warmMax: Int = 4) -> PoolState {
        var settings = settings(concurrency: 1, warmMax: warmMax)
        settings.startsAhead = true
        settings.usesMax = uses
        var pool = PoolState(settings: settings)
        _ = pool.granted(slot(1))
        _ = pool.slotLaunched(slot(1))
        _ = pool.sandboxReady(slot(1), at: start)
        _ = pool.programReady(slot(1), at: start)
        return pool
    }

    private func isUsed(_ result: LeaseResult) -> Bool {
        if case .use(slot(1), []) = result { true } else { false }
    }

    @Test("a returned program is ready for the next caller, as often as it may serve")
    func counted() {
        var pool = pool(uses: 3)
        for use in 1...3 {
            #expect(isUsed(pool.leaseRequested(waiter(0), at: start)))
            #expect(pool.uses[slot(1)] == use)
            #expect(pool.mayReturn(slot(1)) == (use < 3))
            if use < 3 { #expect(pool.programReturned(slot(1), at: start) == []) }
        }
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.make(slot(1))])
        #expect(pool.uses.isEmpty, "the next sandbox of the slot is a fresh one")
    }

    @Test("a program that returns more often than it may is given up")
    func tooOften() {
        var pool = pool(uses: 1)
        #expect(isUsed(pool.leaseRequested(waiter(0), at: start)))
        #expect(pool.programReturned(slot(1), at: start) == [.retire(slot(1))])
        #expect(pool.programReturned(slot(1), at: start) == [.retire(slot(1))], "it is forgotten")
        #expect(pool.leased == 0 && pool.phases.isEmpty)
    }

    @Test("a returned program goes to the caller that waits first")
    func waiting() {
        var pool = pool(uses: 2)
        #expect(isUsed(pool.leaseRequested(waiter(1), at: start)))
        guard case .wait = pool.leaseRequested(waiter(2), at: start) else {
            Issue.record("the one slot is leased")
            return
        }
        #expect(pool.programReturned(slot(1), at: start) == [.answer(waiter(2), .lease(slot(1)))])
        #expect(pool.leased == 1 && pool.uses[slot(1)] == 2)
    }

    @Test("a program returns to no pool that closes, owes a slot, or keeps none warm")
    func givenUp() {
        var closing = pool(uses: 9)
        _ = closing.leaseRequested(waiter(1), at: start)
        _ = closing.close(refusingWaiters: true)
        #expect(closing.programReturned(slot(1), at: start) == [.retire(slot(1))])
        #expect(closing.isGone)
        var owing = pool(uses: 9)
        _ = owing.leaseRequested(waiter(1), at: start)
        #expect(owing.shed() == [])
        #expect(owing.programReturned(slot(1), at: start) == [.retire(slot(1))])
        #expect(owing.debt == 0)
        var cold = pool(uses: 9, warmMax: 0)
        guard case .wait = cold.leaseRequested(waiter(1), at: start) else {
            Issue.record("nothing is warm")
            return
        }
    }
}
