// SPDX-License-Identifier: Apache-2.0
// How long the gateway waits for its helpers, without processes.

import Testing

@testable import Sandbox

@Suite("What a slot owes")
struct AnswerWatchTests {
    private static let second: Int64 = 1_000_000_000

    @Test("an order is doubtful after a while, and silence after its time")
    func order() {
        var watch = AnswerWatch()
        watch.ordered(at: 5)
        #expect(watch.verdict(at: 5 + AnswerWatch.doubt) == .responsive)
        #expect(watch.verdict(at: 6 + AnswerWatch.doubt) == .doubtful)
        #expect(watch.verdict(at: 6 + AnswerWatch.order) == .silent)
        watch.answered()
        #expect(watch.verdict(at: 100 * AnswerWatch.order) == .responsive)
    }

    @Test("a frozen slot owes no socket until it goes on")
    func frozen() {
        var watch = AnswerWatch()
        watch.asked(at: 0)
        watch.frozen(true, at: 1)
        watch.asked(at: 2)
        #expect(watch.verdict(at: 100 * AnswerWatch.order) == .responsive)
        watch.frozen(false, at: 100 * AnswerWatch.order)
        #expect(watch.verdict(at: 101 * AnswerWatch.order) == .doubtful)
        #expect(watch.verdict(at: 101 * AnswerWatch.order + 1) == .silent)
    }

    @Test("one that is asked all the time and answers is responsive; one that stops to answer is not")
    func busy() {
        var watch = AnswerWatch()
        var now: Int64 = 0
        for _ in 0..<100 {
            // Never without a request that waits.
            watch.asked(at: now)
            now += Self.second
            watch.askedAnswered(isOwing: true, at: now)
            #expect(watch.verdict(at: now) == .responsive)
        }
        watch.asked(at: now + Self.second)
        #expect(watch.verdict(at: now + AnswerWatch.order) == .doubtful)
        #expect(watch.verdict(at: now + AnswerWatch.order + 1) == .silent)
        watch.askedAnswered(isOwing: false, at: now + AnswerWatch.order)
        #expect(watch.verdict(at: now + 100 * AnswerWatch.order) == .responsive)
    }

    @Test("the end of a killed sandbox is awaited from the first kill on, and for no other sandbox")
    func ending() {
        var watch = AnswerWatch()
        watch.killed(at: 0)
        watch.killed(at: AnswerWatch.ending)
        #expect(watch.verdict(at: AnswerWatch.ending) == .responsive)
        #expect(watch.verdict(at: AnswerWatch.ending + 1) == .silent)
        watch.ended()
        #expect(watch.verdict(at: AnswerWatch.ending + 1) == .responsive)
        watch.killed(at: Self.second)
        #expect(watch.verdict(at: AnswerWatch.ending + 1) == .responsive)
    }

    @Test("a slot that was given up and stays is killed once, and then the helper is in doubt")
    func leaving() {
        var watch = AnswerWatch()
        watch.ordered(at: 0)
        watch.left(at: 10)
        #expect(watch.verdict(at: 10 + AnswerWatch.leaving) == .responsive)
        #expect(watch.verdict(at: 11 + AnswerWatch.leaving) == .lingering)
        #expect(watch.verdict(at: 11 + AnswerWatch.leaving) == .doubtful)
    }
}

@Suite("The helper's pulse")
struct HelperPulseTests {
    @Test("is not felt while nothing is overdue")
    func quiet() {
        var pulse = HelperPulse()
        for time in 0..<100 {
            let action = pulse.passed(at: Int64(time) * HelperPulse.patience, isDoubtful: false)
            #expect(action == .none)
        }
    }

    @Test("a helper that answers continues, however often it is asked")
    func answering() {
        var pulse = HelperPulse()
        for time in 0..<10 {
            let action = pulse.passed(at: Int64(time) * HelperPulse.patience, isDoubtful: true)
            #expect(action == .ask)
            pulse.answered()
        }
    }

    @Test("one that does not is ended, then forced, then given up, each once")
    func silent() {
        var pulse = HelperPulse()
        var now: Int64 = 0
        var actions: [HelperPulse.Action] = []
        for _ in 0..<100 {
            actions.append(pulse.passed(at: now, isDoubtful: now == 0))
            now += 500_000_000
        }
        #expect(actions.filter { $0 != .none } == [.ask, .end, .force, .abandon])
        #expect(actions.firstIndex(of: .end).map(Int64.init) == HelperPulse.patience / 500_000_000 + 1)
    }
}
