// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Sandbox

@Suite("Calls that come later, mostly for nothing")
struct LateCallsTests {
    @Test("arm the timer once, and again only while a caller waits")
    func arming() {
        var calls = LateCalls<Int>(processors: 2)
        let first = calls.add(1)
        let second = calls.add(2)
        #expect(first == 1)
        #expect(second == nil)
        let (none, next) = calls.rang()
        #expect(none.isEmpty)
        #expect(next == 1)
        let (due, nextStill) = calls.rang()
        #expect(due == [1, 2])
        #expect(nextStill == nil)
        let again = calls.add(3)
        #expect(again != nil)
    }

    @Test("come after one whole turn, at most two")
    func generations() {
        var calls = LateCalls<Int>(processors: 2)
        _ = calls.add(1)
        _ = calls.rang()
        let late = calls.add(2)
        #expect(late == nil, "the timer runs already for the one before")
        let rings = [calls.rang().due, calls.rang().due, calls.rang().due]
        #expect(rings == [[1], [2], []])
    }

    @Test("come later the more there are for each processor, and sooner again when they have ended")
    func crowd() {
        var calls = LateCalls<Int>(processors: 2)
        for caller in 0..<9 { _ = calls.add(caller) }
        let crowded = calls.rang().next
        #expect(crowded == 5)
        for _ in 0..<6 { calls.ended() }
        _ = calls.add(9)
        _ = calls.rang()
        let relieved = calls.add(10)
        #expect(relieved == nil)
        let after = calls.rang().next
        #expect(after == 3)
    }

    @Test("wait one period when all running callers have ended")
    func nobody() {
        var calls = LateCalls<Int>(processors: 0)
        _ = calls.add(1)
        calls.ended()
        let next = calls.rang().next
        #expect(next == 1)
    }
}
