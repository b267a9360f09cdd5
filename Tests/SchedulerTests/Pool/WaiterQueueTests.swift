// SPDX-License-Identifier: Apache-2.0
// Waiting callers of a pool, and the pause between failed launches.

import Sandbox
import Testing

@testable import Scheduler

@Suite struct WaiterQueueTests {
    private let now = ContinuousClock.now

    private func waiter(_ number: UInt64) -> WaiterNumber { WaiterNumber(value: number) }

    @Test("waiters leave in order, and cancelled ones are skipped")
    func order() {
        var queue = WaiterQueue()
        for number in 1...4 { queue.append(waiter(UInt64(number)), deadline: now + .seconds(number)) }
        let removed = queue.remove(waiter(1))
        #expect(removed)
        let again = queue.remove(waiter(1))
        #expect(!again)
        #expect(queue.firstDeadline == now + .seconds(2))
        _ = queue.remove(waiter(3))
        #expect(queue.count == 2)
        #expect(queue.popFirst() == waiter(2))
        #expect(queue.popFirst() == waiter(4))
        #expect(queue.popFirst() == nil)
        #expect(queue.isEmpty && queue.firstDeadline == nil)
    }

    @Test("a queue whose waiters all leave from the middle does not grow")
    func compaction() {
        var queue = WaiterQueue()
        queue.append(waiter(0), deadline: now)
        for number in 1...10_000 {
            queue.append(waiter(UInt64(number)), deadline: now)
            _ = queue.remove(waiter(UInt64(number)))
        }
        #expect(queue.storedCount <= 40)
        #expect(queue.popFirst() == waiter(0))
    }
}

@Suite struct LaunchBackoffTests {
    private let now = ContinuousClock.now

    @Test("the wait doubles with every failure and stays below its maximum")
    func growth() throws {
        var backoff = LaunchBackoff()
        var random = SeededGenerator(seed: 7)
        var at = now
        for attempt in 0..<20 {
            backoff.failed(SlotFailure(reason: "x"), at: at, using: &random)
            let until = try #require(backoff.blockedUntil)
            let full = min(LaunchBackoff.first * (1 << min(attempt, 16)), LaunchBackoff.longest)
            #expect(until - at >= full * 0.5 && until - at <= full)
            at = until
            backoff.timePassed(at)
            #expect(!backoff.isBlocked)
        }
    }

    @Test("attempts that fail together count once")
    func together() {
        var backoff = LaunchBackoff()
        var random = SeededGenerator(seed: 7)
        for _ in 0..<16 { backoff.failed(SlotFailure(reason: "x"), at: now, using: &random) }
        #expect(backoff.failures == 1)
    }

    @Test("a success forgets the failures")
    func success() {
        var backoff = LaunchBackoff()
        var random = SeededGenerator(seed: 7)
        backoff.failed(SlotFailure(reason: "x"), at: now, using: &random)
        backoff.succeeded()
        #expect(backoff.failures == 0 && backoff.failure == nil && !backoff.isBlocked)
    }
}
