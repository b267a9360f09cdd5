// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Sandbox

@Suite("Calls that come later, mostly for nothing")
struct LateCallsTests {
    @Test("arm the timer once, and again only while somebody waits")
    func arming() {
        var calls = LateCalls<Int>()
        let first = calls.add(1)
        let second = calls.add(2)
        #expect(first)
        #expect(!second)
        let (none, goesOn) = calls.rang()
        #expect(none.isEmpty)
        #expect(goesOn)
        let (due, goesOnStill) = calls.rang()
        #expect(due == [1, 2])
        #expect(!goesOnStill)
        let again = calls.add(3)
        #expect(again)
    }

    @Test("come after one whole period, at most two")
    func generations() {
        var calls = LateCalls<Int>()
        _ = calls.add(1)
        _ = calls.rang()
        let late = calls.add(2)
        #expect(!late, "the timer runs already for the one before")
        let rings = [calls.rang().due, calls.rang().due, calls.rang().due]
        #expect(rings == [[1], [2], []])
    }
}
