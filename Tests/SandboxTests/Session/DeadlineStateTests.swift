// SPDX-License-Identifier: Apache-2.0
// The timing wheel, with instants as numbers.

import Testing

@testable import Sandbox

@Suite struct DeadlineStateTests {
    private let epoch = ContinuousClock.now

    private func after(_ milliseconds: Int) -> ContinuousClock.Instant { epoch + .milliseconds(milliseconds) }

    @Test("the first deadline, and every earlier one, sets the alarm")
    func rearm() {
        var state = DeadlineState<String>(epoch: epoch)
        #expect(state.added(after(500), "a").rearm == after(500))
        #expect(state.added(after(800), "b").rearm == nil)
        #expect(state.added(after(100), "c").rearm == after(100))
    }

    @Test("deadlines fire in order, never early, and at most one tick late")
    func order() {
        var state = DeadlineState<String>(epoch: epoch)
        _ = state.added(after(25), "late")
        _ = state.added(after(11), "early")
        let first = state.woke(at: after(19))
        #expect(first.due == [])
        #expect(first.next == after(20))
        #expect(state.woke(at: after(20)).due == ["early"])
        let last = state.woke(at: after(30))
        #expect(last.due == ["late"])
        #expect(last.next == nil)
    }

    @Test("a cancelled deadline does not fire and leaves nothing behind")
    func cancel() {
        var state = DeadlineState<String>(epoch: epoch)
        let (number, _) = state.added(after(10), "a")
        _ = state.added(after(10), "b")
        state.cancelled(number)
        state.cancelled(number)
        #expect(state.count == 1)
        #expect(state.woke(at: after(10)).due == ["b"])
        #expect(state.count == 0)
    }

    @Test("after the last deadline the next one sets the alarm again")
    func idle() {
        var state = DeadlineState<String>(epoch: epoch)
        _ = state.added(after(10), "a")
        _ = state.woke(at: after(10))
        #expect(state.added(after(50), "b").rearm == after(50))
    }

    @Test("a deadline in the past fires at the next wake-up")
    func past() {
        var state = DeadlineState<String>(epoch: epoch)
        _ = state.added(epoch - .seconds(5), "a")
        #expect(state.woke(at: epoch).due == ["a"])
    }
}
