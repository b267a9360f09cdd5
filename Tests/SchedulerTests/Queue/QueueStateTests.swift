// SPDX-License-Identifier: Apache-2.0
// How much of the queue runs at once: events by hand, and thousands in random order against a model.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct QueueStateTests {
    private let start = ContinuousClock.now
    private let one: FunctionName
    private let two: FunctionName

    init() throws {
        one = try FunctionName("one")
        two = try FunctionName("two")
    }

    @Test("it looks once when woken, then when the next call is due")
    func due() {
        var state = QueueState(runningMax: 4)
        #expect(state.next(now: start) == .claim(countMax: 4))
        state.claimed([], nextDue: start + .seconds(5))
        #expect(state.next(now: start) == .wait(until: start + .seconds(5)))
        #expect(state.next(now: start + .seconds(5)) == .claim(countMax: 4))
        state.claimed([], nextDue: nil)
        #expect(state.next(now: start + .seconds(6)) == .wait(until: nil))
        state.woken()
        #expect(state.next(now: start + .seconds(6)) == .claim(countMax: 4))
    }

    @Test("no more run than may, and an end makes room")
    func full() {
        var state = QueueState(runningMax: 2)
        _ = state.next(now: start)
        state.claimed([one, one], nextDue: nil)
        state.woken()
        #expect(state.next(now: start) == .wait(until: nil))
        let isWoken = state.isWoken
        #expect(!isWoken)
        #expect(state.room(one, max: 3) == 1)
        #expect(state.room(two, max: 3) == 3)
        state.ended(one)
        let isWokenAgain = state.isWoken
        #expect(isWokenAgain)
        #expect(state.next(now: start) == .claim(countMax: 1))
        #expect(state.room(one, max: 1) == 0)
    }

    @Test("a function without room is not asked before its time, and then asked")
    func refused() {
        var state = QueueState(runningMax: 2)
        _ = state.next(now: start)
        state.claimed([one], nextDue: nil)
        state.refused(one, until: start + .seconds(1))
        state.ended(one)
        #expect(state.next(now: start) == .claim(countMax: 2))
        #expect(state.room(one, max: 4) == 0)
        #expect(state.room(two, max: 4) == 4)
        state.claimed([], nextDue: nil)
        #expect(state.next(now: start) == .wait(until: start + .seconds(1)))
        #expect(state.next(now: start + .seconds(1)) == .claim(countMax: 2))
        #expect(state.room(one, max: 4) == 4)
    }

    @Test("a store that failed is asked again after the pause, whatever wakes it before")
    func failing() {
        var state = QueueState(runningMax: 2)
        _ = state.next(now: start)
        state.claimFailed(retryAt: start + .seconds(1))
        state.woken()
        #expect(state.next(now: start) == .wait(until: start + .seconds(1)))
        let isWoken = state.isWoken
        #expect(!isWoken)
        #expect(state.next(now: start + .seconds(1)) == .claim(countMax: 2))
    }

    @Test("after a stop nothing is claimed")
    func stopping() {
        var state = QueueState(runningMax: 2)
        state.stop()
        #expect(state.next(now: start) == .stop)
    }

    @Test("in any order of events nothing is claimed beyond the bounds, and nothing due is forgotten")
    func random() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let max = Int.random(in: 1...5, using: &random)
            var state = QueueState(runningMax: max)
            var (now, running) = (start, [FunctionName]())
            var mustLook = true
            for _ in 0..<200 {
                now += .milliseconds(Int.random(in: 0...50, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    state.woken()
                    mustLook = true
                case 1 where !running.isEmpty:
                    let function = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                    if Bool.random(using: &random) { state.refused(function, until: now + .milliseconds(30)) }
                    state.ended(function)
                    mustLook = true
                default:
                    switch state.next(now: now) {
                    case .stop: Issue.record("nobody stopped it")
                    case .wait: #expect(!mustLook || running.count == max, "seed \(seed)")
                    case .claim(let count):
                        #expect(count == max - running.count, "seed \(seed)")
                        let found = (0..<Int.random(in: 0...count, using: &random)).map {
                            $0 % 2 == 0 ? one : two
                        }
                        running += found
                        state.claimed(found, nextDue: nil)
                        mustLook = false
                    }
                }
            }
        }
    }
}
