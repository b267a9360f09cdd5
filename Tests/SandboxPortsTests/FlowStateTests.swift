// SPDX-License-Identifier: Apache-2.0
// Which datagrams belong to a flow, and what late reports about earlier flows of a sender change.

import Testing

@testable import SandboxPorts

@Suite("Flows of a UDP port")
struct FlowStateTests {
    @Test("a sender's first datagram opens a flow, which holds some and then passes all")
    func opening() {
        var state = FlowState<Int>()
        #expect(state.arrived(from: 7, at: 0) == .open(number: 1))
        for _ in 1..<FlowState<Int>.heldMax { #expect(state.arrived(from: 7, at: 1) == .hold) }
        #expect(state.arrived(from: 7, at: 1) == .drop)
        #expect(state.opened(7, 1) == true)
        #expect(state.arrived(from: 7, at: 2) == .pass)
        #expect(state.arrived(from: 8, at: 2) == .open(number: 2))
    }

    @Test("further senders than the bound are dropped until a flow ends")
    func bound() {
        var state = FlowState<Int>()
        let max = FlowState<Int>.flowsMax
        for sender in 0..<max { _ = state.arrived(from: sender, at: Int64(sender)) }
        #expect(state.arrived(from: -1, at: 0) == .drop)
        #expect(state.ended(0, 1) == true)
        #expect(state.arrived(from: -1, at: 400) == .open(number: UInt64(max) + 1))
        #expect(state.passed(to: FlowState<Int>.idleNanoseconds + 100).sorted() == Array(1...100))
        #expect(state.passed(to: FlowState<Int>.idleNanoseconds + 400).count == max - 100)
        #expect(state.isEmpty)
    }

    @Test("a late report about an earlier flow of a sender leaves its next one alone")
    func lateReports() {
        var state = FlowState<Int>()
        #expect(state.arrived(from: 7, at: 0) == .open(number: 1))
        #expect(state.opened(7, 1) == true)
        let end = FlowState<Int>.idleNanoseconds
        #expect(state.passed(to: end) == [7])
        #expect(state.isEmpty)
        #expect(state.arrived(from: 7, at: end) == .open(number: 2))
        #expect(state.opened(7, 1) == false)
        #expect(state.ended(7, 1) == false)
        state.answered(7, 1, at: end * 3)
        #expect(state.opened(7, 2) == true)
        #expect(state.arrived(from: 7, at: end) == .pass)
        #expect(state.passed(to: end * 2) == [7])
        #expect(state.ended(7, 2) == false)
    }

    @Test("datagrams of either direction keep a flow")
    func idle() {
        var state = FlowState<Int>()
        _ = state.arrived(from: 7, at: 0)
        _ = state.opened(7, 1)
        state.answered(7, 1, at: 50)
        #expect(state.passed(to: FlowState<Int>.idleNanoseconds + 49) == [])
        #expect(state.arrived(from: 7, at: 60) == .pass)
        #expect(state.passed(to: FlowState<Int>.idleNanoseconds + 59) == [])
        #expect(state.passed(to: FlowState<Int>.idleNanoseconds + 60) == [7])
    }

    @Test("all ports of a container share one budget")
    func budget() {
        let budget = FlowBudget(ConnectionBudget(descriptorsMax: 1 << 16))
        for _ in 0..<FlowBudget.flowsMax { #expect(budget.take()) }
        #expect(!budget.take())
        budget.free(2)
        #expect(budget.take())
        #expect(budget.take())
        #expect(!budget.take())
        #expect(budget.flowCount == FlowBudget.flowsMax)
    }
}
