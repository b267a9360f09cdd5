// SPDX-License-Identifier: Apache-2.0
// One pool's decisions about programs that are started ahead of their invocation.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("A pool whose programs start ahead") struct PoolStartTests {
    private let start = ContinuousClock.now
    private var random = SeededGenerator(seed: 1)

    private func slot(_ number: UInt64) -> SlotNumber { SlotNumber(value: number) }
    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    @Test("a program that starts ahead is leased when it is ready, and its failure refuses its waiters")
    mutating func startsAhead() {
        var settings = settings()
        settings.startsAhead = true
        var pool = PoolState(settings: settings)
        guard case .wait = pool.leaseRequested(waiter(1), at: start) else {
            Issue.record("nothing is ready")
            return
        }
        _ = pool.granted(slot(1))
        _ = pool.slotLaunched(slot(1))
        #expect(pool.sandboxReady(slot(1), at: start) == [.start(slot(1))])
        #expect(pool.preparing == 1 && pool.warm.isEmpty)
        #expect(pool.programReady(slot(1), at: start) == [.answer(waiter(1), .lease(slot(1)))])
        _ = pool.leaseRequested(waiter(2), at: start)
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.make(slot(1))])
        #expect(pool.sandboxReady(slot(1), at: start) == [.start(slot(1))])
        let failure = SlotFailure(reason: "it exits")
        #expect(
            pool.slotFailed(slot(1), failure, at: start, using: &random)
                == [.retire(slot(1)), .answer(waiter(2), .refused(.cannotStart("it exits")))]
        )
        #expect(pool.programReady(slot(1), at: start) == [.retire(slot(1))], "it is forgotten")
    }

    @Test("reads a program's log without a pause up to the size of a log, and slowly after that")
    func pace() {
        var pace = LogPace()
        #expect(pace.pause(after: LogPace.freeBytes) == nil)
        #expect(pace.pause(after: 1) == LogPace.pause)
        #expect(pace.pause(after: .max / 2) == LogPace.pause)
    }

    @Test("asks readiness often at first, less often later, and gives up after the longest start")
    func readiness() {
        var state = ReadinessState(startedAt: start)
        #expect(state.refused(at: start) == .retry(after: .milliseconds(1)))
        #expect(state.refused(at: start) == .retry(after: .microseconds(1500)))
        for _ in 0..<20 { _ = state.refused(at: start) }
        #expect(state.refused(at: start) == .retry(after: ReadinessState.pauseMax))
        let last = start + ReadinessState.spanMax - .milliseconds(5)
        #expect(state.refused(at: last) == .retry(after: .milliseconds(5)))
        #expect(state.refused(at: start + ReadinessState.spanMax) == .giveUp)
    }
}
