// SPDX-License-Identifier: Apache-2.0
// How a pool follows its load, and replaces programs that have waited too long.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("A pool's load") struct PoolLoadTests {
    private let start = ContinuousClock.now

    private func slot(_ number: UInt64) -> SlotNumber { SlotNumber(value: number) }
    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    @Test("the rate follows the arrivals of the last seconds, and is gone after a minute without any")
    func rate() {
        var load = PoolLoad()
        for index in 0..<600 { load.arrived(at: start + .milliseconds(100 * index)) }
        #expect(abs(load.rate - 10) < 1)
        load.timePassed(start + .seconds(60) + PoolLoad.memory)
        #expect(abs(load.rate - 10 / 2.718) < 1)
        load.timePassed(start + .seconds(120))
        #expect(load.rate < 0.1)
        load.timePassed(start)
        #expect(load.rate < 0.1, "an earlier time changes nothing")
    }

    @Test("busy sandboxes are the rate times start and service, the start shared by the uses of a sandbox")
    func little() {
        var load = PoolLoad()
        #expect(load.busy(usesMax: 1) == nil)
        for index in 0..<2000 { load.arrived(at: start + .milliseconds(50 * index)) }
        load.started(in: .milliseconds(300))
        load.served(in: .milliseconds(100))
        #expect(abs((load.busy(usesMax: 1) ?? 0) - 8) < 0.5)
        #expect(abs((load.busy(usesMax: 10) ?? 0) - 2.6) < 0.5)
        for _ in 0..<50 { load.started(in: .milliseconds(30)) }
        #expect(abs((load.startSeconds ?? 0) - 0.03) < 0.001)
    }

    /// A pool of programs that take 300 ms to start, called so often a second for a minute.
    private func loaded(_ perSecond: Int, warmMax: Int = 16) -> (PoolState, ContinuousClock.Instant) {
        var settings = settings(concurrency: 32, queue: 100, warmMax: warmMax)
        settings.startsAhead = true
        var pool = PoolState(settings: settings)
        var now = start
        var number: UInt64 = 0
        for index in 0..<(60 * perSecond) {
            now = start + .seconds(1) * Double(index) / Double(perSecond)
            number += 1
            _ = pool.granted(slot(number))
            _ = pool.slotLaunched(slot(number))
            _ = pool.sandboxReady(slot(number), at: now - .milliseconds(300))
            _ = pool.programReady(slot(number), at: now)
            guard case .use(let leased, _) = pool.leaseRequested(waiter(number), at: now) else { continue }
            _ = pool.leaseEnded(leased, isReusable: false, at: now)
        }
        return (pool, now)
    }

    @Test("programs are started ahead as many as the load needs, between the warm minimum and maximum")
    func target() {
        let (quiet, _) = loaded(1)
        #expect(quiet.idleTarget == 0 && quiet.leased == 0)
        func target(_ perSecond: Int, warmMax: Int) -> Int {
            let (found, now) = loaded(perSecond, warmMax: warmMax)
            var pool = found
            _ = pool.leaseRequested(waiter(0), at: now)
            return pool.idleTarget
        }
        #expect(target(1, warmMax: 16) == 1)
        #expect((5...7).contains(target(20, warmMax: 16)))
        #expect(target(20, warmMax: 3) == 3)
    }

    @Test("a program that has waited too long is replaced, one after the other, and no other function's")
    func renewed() {
        for startsAhead in [true, false] {
            var settings = settings(warmMin: 2, warmMax: 2)
            (settings.startsAhead, settings.mayShareEmptyNetwork) = (startsAhead, false)
            var pool = PoolState(settings: settings)
            func launch(_ number: UInt64, at now: ContinuousClock.Instant) {
                _ = pool.granted(slot(number))
                _ = pool.slotLaunched(slot(number))
                _ = pool.sandboxReady(slot(number), at: now)
                if startsAhead { _ = pool.programReady(slot(number), at: now) }
            }
            launch(1, at: start)
            launch(2, at: start + .seconds(1))
            let due = start + PoolState.waitMax
            #expect(pool.nextWake == (startsAhead ? due : nil))
            #expect(pool.timePassed(due - .seconds(1)) == [])
            #expect(pool.timePassed(due + .seconds(5)) == (startsAhead ? [.retire(slot(1))] : []))
            guard startsAhead else { continue }
            #expect(pool.demand.spare == 1)
            _ = pool.granted(slot(3))
            #expect(pool.timePassed(due + .seconds(6)) == [], "the other one waits for the successor")
            _ = pool.slotLaunched(slot(3))
            _ = pool.sandboxReady(slot(3), at: due + .seconds(6))
            _ = pool.programReady(slot(3), at: due + .seconds(7))
            #expect(pool.timePassed(due + .seconds(7)) == [.retire(slot(2))])
            #expect(pool.nextWake == nil && pool.warm.map(\.slot) == [slot(3)])
        }
    }
}
