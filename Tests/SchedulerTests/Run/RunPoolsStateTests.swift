// SPDX-License-Identifier: Apache-2.0
// What is kept between runs, without a clock.

import Testing

@testable import Scheduler

@Suite("What is kept between runs")
struct RunPoolsStateTests {
    typealias State = RunPoolsState<String, Int>
    private let start = ContinuousClock.now

    private func value(_ state: inout State) -> [Int] {
        guard case .make(let dropped) = state.roomWanted() else { return [-1] }
        return dropped
    }

    @Test("is found again, and dropped a minute after its last run")
    func idle() {
        var state = State(runsMax: 10)
        #expect(state.began("a", at: start) == nil)
        state.added("a", 1, at: start)
        #expect(state.began("a", at: start + .seconds(1)) == 1)
        state.ended("a", at: start + .seconds(2))
        let busy = state.timePassed(at: start + .seconds(500))
        #expect(busy.dropped.isEmpty && state.count == 1)
        state.ended("a", at: start + .seconds(500))
        let early = state.timePassed(at: start + .seconds(559))
        #expect(early.dropped.isEmpty && early.next == start + .seconds(560))
        let late = state.timePassed(at: start + .seconds(560))
        #expect(late.dropped == [1] && late.next == nil && state.count == 0)
    }

    @Test("makes room for another by the least recently used without a run, and for none while all run")
    func room() {
        var state = State(runsMax: .max)
        for number in 0..<State.countMax {
            #expect(value(&state) == [])
            state.added("\(number)", number, at: start + .seconds(number))
        }
        guard case .full = state.roomWanted() else { return #expect(Bool(false), "all are in use") }
        state.ended("9", at: start + .seconds(200))
        state.ended("7", at: start + .seconds(100))
        #expect(value(&state) == [7])
        state.added("x", 100, at: start)
        #expect(value(&state) == [9])
        #expect(state.began("7", at: start) == nil)
    }

    @Test("has room for so many runs of all kinds, and for another when one has ended")
    func runs() {
        var state = State(runsMax: 2)
        state.added("a", 1, at: start)
        #expect(state.hasRoomForRun)
        #expect(state.began("a", at: start) == 1)
        #expect(!state.hasRoomForRun)
        state.ended("a", at: start)
        #expect(state.hasRoomForRun)
        state.added("b", 2, at: start)
        #expect(!state.hasRoomForRun)
        #expect(RunPools.runsMax(sandboxesMax: 16) == 8 && RunPools.runsMax(sandboxesMax: 1) == 1)
    }
}
