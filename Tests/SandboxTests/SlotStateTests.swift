// SPDX-License-Identifier: Apache-2.0
// The slot's machine, without processes.

import Testing

@testable import Sandbox

@Suite("A slot's state")
struct SlotStateTests {
    private func empty() -> SlotState<Int> {
        var state = SlotState<Int>()
        let isBuilt = state.built()
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
        let fact2 = state.sandboxExited() == 7
        #expect(fact2)
        let fact3 = state.sandboxExited() == nil
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
        let fact5 = !state.built()
        #expect(fact5)
        let fact6 = !state.sandboxReady(1)
        #expect(fact6)
        let fact7 = !state.sandboxFailed()
        #expect(fact7)
    }

    @Test("tells who is concerned when it is lost, once")
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
        guard case .none = occupied.lost(.gone("it")), case .refuse(.gone("it")) = occupied.makeRequested()
        else {
            Issue.record("gone")
            return
        }
    }
}
