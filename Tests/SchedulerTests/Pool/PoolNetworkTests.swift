// SPDX-License-Identifier: Apache-2.0
// Which slots share the empty network, and when the others are replaced by such slots. The clock is a number.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct PoolNetworkTests {
    private let start = ContinuousClock.now
    private let idle = PoolState.idleAfter
    private var random = SeededGenerator(seed: 1)

    private func slot(_ number: UInt64) -> SlotNumber { SlotNumber(value: number) }
    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    private func pool(warmMin: Int = 2, expectsCall: Bool = false, mayShareEmptyNetwork: Bool = true)
        -> PoolState
    {
        var settings = settings(concurrency: 8, warmMin: warmMin, warmMax: 8)
        settings.expectsCall = expectsCall
        settings.mayShareEmptyNetwork = mayShareEmptyNetwork
        return PoolState(settings: settings)
    }

    /// Launches a slot and makes its sandbox warm; returns whether it shares the empty network.
    private func launch(_ number: UInt64, in pool: inout PoolState, at now: ContinuousClock.Instant) -> Bool {
        let actions = pool.granted(slot(number))
        _ = pool.slotLaunched(slot(number))
        _ = pool.sandboxReady(slot(number), at: now)
        return actions == [.launch(slot(number), sharesEmptyNetwork: true)]
    }

    @Test("a slot without a caller shares the empty network, and stays")
    func reserve() {
        var pool = pool()
        for number in 1...2 { #expect(launch(UInt64(number), in: &pool, at: start)) }
        #expect(pool.nextWake == nil)
        #expect(pool.timePassed(start + .seconds(3600)) == [])
    }

    @Test("functions with a network of their own never share the empty one")
    func network() {
        var configuration = FunctionConfiguration()
        #expect(PoolSettings(configuration).mayShareEmptyNetwork)
        configuration.network = .egress
        #expect(!PoolSettings(configuration).mayShareEmptyNetwork)
        var pool = pool(warmMin: 1, mayShareEmptyNetwork: false)
        #expect(!launch(1, in: &pool, at: start))
        #expect(pool.nextWake == nil)
        #expect(pool.timePassed(start + .seconds(3600)) == [])
    }

    @Test("a slot that callers wait for has a network of its own")
    func urgent() {
        var pool = pool(warmMin: 1)
        _ = pool.leaseRequested(waiter(1), at: start)
        #expect(!launch(1, in: &pool, at: start))
    }

    @Test(
        "a slot launched while an invocation runs has a network of its own, however long the invocation runs"
    )
    func running() {
        var pool = pool(warmMin: 1)
        _ = launch(1, in: &pool, at: start)
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.timePassed(start + idle)
        #expect(pool.demand.spare == 1)
        #expect(!launch(2, in: &pool, at: start + idle))
    }

    @Test(
        "a slot launched within a minute of the last call has a network of its own, and is replaced afterwards"
    )
    func called() {
        var pool = pool(warmMin: 1)
        _ = launch(1, in: &pool, at: start)
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.leaseEnded(slot(1), isReusable: false, at: start)
        #expect(!launch(2, in: &pool, at: start))
        #expect(pool.nextWake == start + idle)
        #expect(pool.timePassed(start + idle - .seconds(1)) == [])
        #expect(pool.timePassed(start + idle) == [.retire(slot(2))])
        #expect(launch(3, in: &pool, at: start + idle))
        #expect(pool.nextWake == nil)
    }

    @Test(
        "after a deploy as many slots have a network of their own as while a function is called; the others share one"
    )
    func deploy() {
        var pool = pool(warmMin: 4, expectsCall: true)
        let launched = (1...4).map { number in pool.granted(slot(UInt64(number))) }
        let expected = [false, false, true, true]
        #expect(
            launched == expected.enumerated().map { [.launch(slot(UInt64($0 + 1)), sharesEmptyNetwork: $1)] }
        )
    }

    @Test("a slot that was called is replaced after a minute, the others stay")
    func replaced() {
        var pool = pool(warmMin: 2)
        for number in 1...2 { _ = launch(UInt64(number), in: &pool, at: start) }
        #expect(pool.leaseRequested(waiter(1), at: start + PoolState.setUpTime) == .use(slot(2), []))
        let ended = start + .seconds(5)
        _ = pool.leaseEnded(slot(2), isReusable: true, at: ended)
        _ = pool.sandboxReady(slot(2), at: ended)
        #expect(pool.nextWake == ended + idle)
        #expect(pool.timePassed(ended + idle) == [.retire(slot(2))])
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 1))
    }

    @Test(
        "slots with a network of their own are replaced one at a time, and none while a successor is missing"
    )
    func oneAtATime() {
        var pool = pool(warmMin: 2, expectsCall: true)
        for number in 1...2 { _ = pool.granted(slot(UInt64(number))) }
        for number in 1...2 {
            _ = pool.slotLaunched(slot(UInt64(number)))
            _ = pool.sandboxReady(slot(UInt64(number)), at: start)
        }
        let now = start + idle
        #expect(pool.timePassed(now) == [.retire(slot(1))])
        // The successor is not granted yet; then it is being made.
        #expect(pool.nextWake == nil && pool.timePassed(now) == [])
        #expect(pool.granted(slot(3)) == [.launch(slot(3), sharesEmptyNetwork: true)])
        #expect(pool.nextWake == nil && pool.timePassed(now) == [])
        _ = pool.slotLaunched(slot(3))
        _ = pool.sandboxReady(slot(3), at: now)
        #expect(pool.nextWake == now)
        #expect(pool.timePassed(now) == [.retire(slot(2))])
        #expect(launch(4, in: &pool, at: now))
        #expect(pool.nextWake == nil && pool.timePassed(now + idle) == [])
    }

    @Test("no slot is replaced while the sandbox of another one is being made")
    func preparing() {
        var pool = pool(warmMin: 1)
        _ = launch(1, in: &pool, at: start)
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.timePassed(start + idle)
        _ = launch(2, in: &pool, at: start + idle)
        let ended = start + idle + idle
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: ended) == [.make(slot(1))])
        #expect(pool.timePassed(ended) == [])
        // Then there is one more than the minimum, which needs no successor.
        _ = pool.sandboxReady(slot(1), at: ended)
        #expect(pool.timePassed(ended) == [.retire(slot(2))])
        #expect(pool.demand == PoolState.Demand(urgent: 0, spare: 0))
    }

    @Test("no slot with a network of its own is given up while others cannot be made")
    mutating func failing() {
        var pool = pool(warmMin: 2, expectsCall: true)
        for number in 1...2 { _ = pool.granted(slot(UInt64(number))) }
        for number in 1...2 {
            _ = pool.slotLaunched(slot(UInt64(number)))
            _ = pool.sandboxReady(slot(UInt64(number)), at: start)
        }
        _ = pool.timePassed(start + idle)
        _ = pool.granted(slot(3))
        _ = pool.slotFailed(slot(3), SlotFailure(reason: "x"), at: start + idle, using: &random)
        #expect(pool.timePassed(start + idle + LaunchBackoff.longest) == [])
        #expect(pool.warm.map(\.slot) == [slot(2)])
    }

    @Test("a closing pool replaces nothing")
    func closing() {
        var pool = pool(warmMin: 1)
        _ = launch(1, in: &pool, at: start)
        _ = pool.leaseRequested(waiter(1), at: start)
        _ = pool.close(refusingWaiters: false)
        #expect(pool.nextWake == nil)
        #expect(pool.leaseEnded(slot(1), isReusable: true, at: start) == [.retire(slot(1))])
        #expect(pool.inEmptyNetwork.isEmpty && pool.isGone)
    }
}
