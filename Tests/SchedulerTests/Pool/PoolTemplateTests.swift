// SPDX-License-Identifier: Apache-2.0
// One pool's decisions about templates: when a slot gets one, when it is replaced, and what a refusal changes.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("A pool whose programs can be copied") struct PoolTemplateTests {
    private let start = ContinuousClock.now
    private var random = SeededGenerator(seed: 1)

    private func slot(_ number: UInt64) -> SlotNumber { SlotNumber(value: number) }
    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    private func pool(isConfigured: Bool = true) -> PoolState {
        var settings = settings()
        settings.startsAhead = true
        settings.mayShareEmptyNetwork = false
        settings.copiesTemplate = isConfigured
        return PoolState(settings: settings)
    }

    /// The slot gets a sandbox whose program is ready.
    private func prepare(_ pool: inout PoolState, _ slot: SlotNumber, at now: ContinuousClock.Instant) {
        _ = pool.slotLaunched(slot)
        _ = pool.sandboxReady(slot, at: now)
        _ = pool.programReady(slot, at: now)
    }

    /// A pool with one slot that has a template, leased to its fourth caller.
    private func copying() -> PoolState {
        var pool = pool()
        for number in 1...3 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        _ = pool.granted(slot(1))
        prepare(&pool, slot(1), at: start)
        return pool
    }

    @Test("launches a template when calls follow each other, and not for few or rare ones")
    func pays() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        #expect(pool.granted(slot(1)) == [.launch(slot(1), sharesEmptyNetwork: false)])
        _ = pool.leaseRequested(waiter(2), at: start + .seconds(6))
        _ = pool.leaseRequested(waiter(3), at: start + .seconds(12))
        #expect(pool.granted(slot(2)) == [.launch(slot(2), sharesEmptyNetwork: false)])
        _ = pool.leaseRequested(waiter(4), at: start + .seconds(13))
        #expect(pool.granted(slot(3)) == [.launchTemplate(slot(3))])
        var other = self.pool(isConfigured: false)
        for number in 1...4 { _ = other.leaseRequested(waiter(UInt64(number)), at: start) }
        #expect(other.granted(slot(1)) == [.launch(slot(1), sharesEmptyNetwork: false)])
    }

    @Test("replaces slots without a template as they become free, once one pays")
    func replaces() {
        var pool = pool()
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.granted(slot(1))
        prepare(&pool, slot(1), at: start)
        for number in 2...3 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.granted(slot(2)) == [.launchTemplate(slot(2))])
        prepare(&pool, slot(2), at: start)
        #expect(pool.leaseEnded(slot(2), isReusable: true, at: start) == [.make(slot(2))])
    }

    @Test("remembers a refusal: the slot goes, and the next is launched without a template or a pause")
    mutating func refused() {
        var pool = pool()
        for number in 1...3 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        #expect(pool.granted(slot(1)) == [.launchTemplate(slot(1))])
        let failure = SlotFailure(reason: "it has 5 threads", isRefusal: true)
        #expect(pool.slotFailed(slot(1), failure, at: start, using: &random) == [.retire(slot(1))])
        #expect(pool.template.status == TemplateStatus(slots: 0, copies: 0, refusal: "it has 5 threads"))
        #expect(pool.demand.urgent == 3, "the callers still wait")
        #expect(pool.granted(slot(2)) == [.launch(slot(2), sharesEmptyNetwork: false)])
    }

    @Test("takes the third failure of copies in a row for a refusal")
    mutating func failures() {
        var pool = pool()
        for number in 1...3 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        let failure = SlotFailure(reason: "no memory")
        for number in 1...TemplateChoice.failuresMax {
            #expect(pool.template.refusal == nil)
            #expect(pool.granted(slot(UInt64(number))) == [.launchTemplate(slot(UInt64(number)))])
            _ = pool.slotLaunched(slot(UInt64(number)))
            _ = pool.slotFailed(slot(UInt64(number)), failure, at: start, using: &random)
        }
        #expect(pool.template.refusal == "no memory")
        #expect(pool.granted(slot(9)) == [.launch(slot(9), sharesEmptyNetwork: false)])
    }

    @Test("takes the death of a slot with a template for no refusal")
    mutating func died() {
        var pool = pool()
        for number in 1...3 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        _ = pool.granted(slot(1))
        let failure = SlotFailure(reason: "the slot is gone", isDeath: true)
        _ = pool.slotFailed(slot(1), failure, at: start, using: &random)
        #expect(pool.template.refusal == nil)
    }

    @Test("replaces a template after so many copies")
    func usedUp() {
        var pool = copying()
        for number in 2...TemplateChoice.copiesMax {
            #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.make(slot(1))])
            _ = pool.leaseRequested(waiter(UInt64(number) + 10), at: start)
            _ = pool.sandboxReady(slot(1), at: start)
            _ = pool.programReady(slot(1), at: start)
        }
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.template.status.copies == TemplateChoice.copiesMax)
    }

    @Test("replaces a template after its time")
    func old() {
        var pool = copying()
        let later = start + TemplateChoice.ageMax
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: later) == [.retire(slot(1))])
    }

    @Test("replaces a template after three crashes in a row, not after three in all")
    func crashes() {
        var pool = copying()
        for hasCrashed in [true, true, false, true, true] {
            #expect(
                pool.leaseEnded(slot(1), isReusable: true, hasCrashed: hasCrashed, at: start)
                    == [.make(slot(1))]
            )
            _ = pool.leaseRequested(waiter(20), at: start)
            _ = pool.sandboxReady(slot(1), at: start)
            _ = pool.programReady(slot(1), at: start)
        }
        #expect(
            pool.leaseEnded(slot(1), isReusable: true, hasCrashed: true, at: start) == [.retire(slot(1))]
        )
    }

    @Test("gives an idle slot with a template back, also within the floor")
    func idle() {
        var settings = settings()
        settings.startsAhead = true
        settings.mayShareEmptyNetwork = false
        settings.copiesTemplate = true
        settings.warmMin = 1
        var pool = PoolState(settings: settings)
        for number in 1...3 { _ = pool.leaseRequested(waiter(UInt64(number)), at: start) }
        _ = pool.granted(slot(1))
        for _ in 1...3 {
            prepare(&pool, slot(1), at: start)
            _ = pool.leaseEnded(slot(1), isReusable: true, at: start)
        }
        _ = pool.sandboxReady(slot(1), at: start)
        _ = pool.programReady(slot(1), at: start)
        let later = start + PoolState.idleAfter
        #expect(pool.nextWake.map { $0 <= later } == true)
        #expect(pool.timePassed(later) == [.retire(slot(1))])
        #expect(pool.granted(slot(2)) == [.launch(slot(2), sharesEmptyNetwork: false)])
    }
}
