// SPDX-License-Identifier: Apache-2.0
// The slot's machine, without processes.

import Testing

@testable import Sandbox

@Suite("A slot's state")
struct SlotStateTests {
    private func empty() -> SlotState<Int> {
        var state = SlotState<Int>()
        let isBuilt = state.built(preparesNext: false)
        #expect(isBuilt)
        return state
    }

    @Test("makes a sandbox, holds it, and is empty again after its exit")
    func life() {
        var state = empty()
        guard case .send = state.makeRequested() else {
            Issue.record("an empty slot takes an order")
            return
        }
        let fact1 = state.sandboxReady(7)
        #expect(fact1)
        let fact2 = state.sandboxExited(preparesNext: false) == 7
        #expect(fact2)
        let fact3 = state.sandboxExited(preparesNext: false) == nil
        #expect(fact3)
        guard case .send = state.makeRequested() else {
            Issue.record("and another one")
            return
        }
    }

    @Test("refuses an order while it is being built, making or occupied")
    func refusals() {
        var building = SlotState<Int>()
        guard case .refuse = building.makeRequested() else {
            Issue.record("building")
            return
        }
        var making = empty()
        _ = making.makeRequested()
        guard case .refuse = making.makeRequested() else {
            Issue.record("making")
            return
        }
        let fact4 = making.sandboxReady(1)
        #expect(fact4)
        guard case .refuse = making.makeRequested() else {
            Issue.record("occupied")
            return
        }
    }

    @Test("takes answers only to its own orders")
    func strayAnswers() {
        var state = empty()
        let fact5 = !state.built(preparesNext: false)
        #expect(fact5)
        let fact6 = !state.sandboxReady(1)
        #expect(fact6)
        guard case .kept = state.sandboxFailed(.gone("it")) else {
            Issue.record("nobody waits for it")
            return
        }
    }

    /// A slot whose sandbox has ended and which makes the next one unasked.
    private func preparingNext() -> SlotState<Int> {
        var state = empty()
        _ = state.makeRequested()
        let isAwaited = state.sandboxReady(1)
        let ended = state.sandboxExited(preparesNext: true)
        #expect(isAwaited)
        #expect(ended == 1)
        return state
    }

    @Test("hands out what was made unasked, whether the order or the sandbox comes first")
    func unasked() {
        var early = preparingNext()
        guard case .wait = early.makeRequested() else {
            Issue.record("an order before the sandbox is only noted")
            return
        }
        let isAwaited = early.sandboxReady(2)
        #expect(isAwaited)

        var late = preparingNext()
        let isAwaitedTooEarly = late.sandboxReady(3)
        #expect(!isAwaitedTooEarly)
        guard case .take(.success(3)) = late.makeRequested() else {
            Issue.record("a sandbox before the order is kept for it")
            return
        }
        let ended = late.sandboxExited(preparesNext: false)
        #expect(ended == 3)
    }

    @Test("hands out the first one too, where it is made unasked")
    func firstUnasked() {
        var state = SlotState<Int>()
        let isBuilt = state.built(preparesNext: true)
        #expect(isBuilt)
        let isAwaited = state.sandboxReady(5)
        #expect(!isAwaited)
        guard case .take(.success(5)) = state.makeRequested() else {
            Issue.record("it is here already")
            return
        }
    }

    @Test("reports a failed sandbox that was not requested to the next caller, and requests one after that")
    func unaskedFailure() {
        var state = preparingNext()
        guard case .kept = state.sandboxFailed(.gone("it")) else {
            Issue.record("nobody has asked yet")
            return
        }
        guard case .take(.failure(.gone("it"))) = state.makeRequested(), case .send = state.makeRequested()
        else {
            Issue.record("failure, then a new order")
            return
        }
    }

    @Test("reports to its holder that a sandbox leased during set-up failed")
    func handedOutFailure() {
        var asked = preparingNext()
        _ = asked.sandboxReady(6)
        guard case .handedOut = asked.sandboxFailed(.gone("it")) else {
            Issue.record("not asked for yet, but it may not be handed out any more")
            return
        }
        _ = asked.makeRequested()
        guard case .handedOut = asked.sandboxFailed(.gone("it")), case .running(6) = asked.lost(.gone("it"))
        else {
            Issue.record("whoever asked for it has it")
            return
        }
    }

    @Test("reports to the waiter that a requested sandbox failed, and takes another request")
    func orderedFailure() {
        var state = empty()
        _ = state.makeRequested()
        guard case .awaited = state.sandboxFailed(.gone("it")), case .send = state.makeRequested() else {
            Issue.record("failure, then a new order")
            return
        }
    }

    @Test("gets a request when a sandbox made without one died before it was wanted")
    func unaskedDeath() {
        var state = preparingNext()
        _ = state.sandboxReady(4)
        let ended = state.sandboxExited(preparesNext: false)
        #expect(ended == 4)
        guard case .send = state.makeRequested() else {
            Issue.record("an order is sent")
            return
        }
    }

    @Test("notifies its waiters when it is lost, once")
    func loss() {
        var making = empty()
        _ = making.makeRequested()
        guard case .waiting = making.lost(.gone("it")) else {
            Issue.record("making")
            return
        }
        var occupied = empty()
        _ = occupied.makeRequested()
        let fact8 = occupied.sandboxReady(9)
        #expect(fact8)
        guard case .running(9) = occupied.lost(.gone("it")) else {
            Issue.record("occupied")
            return
        }
        guard case .none = occupied.lost(.gone("its process")),
            case .refuse(.gone("it")) = occupied.makeRequested()
        else {
            Issue.record("gone")
            return
        }
    }
}
