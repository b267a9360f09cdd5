// SPDX-License-Identifier: Apache-2.0
// Missed runs and overlaps, as values; and what the store remembers a schedule by.

import Foundation
import FunctionModel
import FunctionStore
import Schedules
import Testing

@testable import Scheduler

@Suite struct ScheduleKeyTests {
    @Test("equal schedules are distinguished, and an expression keeps its identity when it moves")
    func identity() throws {
        var configuration = FunctionConfiguration()
        var berlin = ScheduleConfiguration(cron: "0  12 * * *")
        berlin.timezone = "Europe/Berlin"
        configuration.schedules = [
            berlin, berlin, ScheduleConfiguration(cron: "CRON_TZ=Asia/Tokyo 0 12 * * *"),
        ]
        let function = try FunctionName("f")
        let keys = try ScheduleSet(configuration).schedules.map { $0.key(of: function) }
        #expect(
            keys.map(\.expression) == [
                "CRON_TZ=Europe/Berlin 0 12 * * *", "CRON_TZ=Europe/Berlin 0 12 * * *",
                "CRON_TZ=Asia/Tokyo 0 12 * * *",
            ]
        )
        #expect(keys.map(\.ordinal) == [0, 1, 0])
    }
}

@Suite struct MissedRunsTests {
    private let midnight = Date(timeIntervalSince1970: 1_767_225_600)

    private func at(_ minutes: Double) -> Date { midnight + minutes * 60 }

    private func steps(
        _ policy: MissedPolicy,
        every seconds: Double = 600,
        from due: Double = 0,
        now: Double,
        deadline: Duration = .seconds(3600)
    ) -> [MissedRuns.Step] {
        MissedRuns.steps(from: at(due), at: at(now), policy: policy, deadline: deadline) {
            midnight + ($0.timeIntervalSince(midnight) / seconds).rounded(.down) * seconds + seconds
        }
    }

    private func step(_ due: Double, _ isRun: Bool, _ next: Double) -> MissedRuns.Step {
        MissedRuns.Step(due: at(due), isRun: isRun, next: at(next))
    }

    @Test("what is due now runs, whatever the policy", arguments: MissedPolicy.allCases)
    func onTime(_ policy: MissedPolicy) {
        #expect(steps(policy, now: 0.01) == [step(0, true, 10)])
    }

    @Test("skip passes over what was missed")
    func skip() {
        #expect(steps(.skip, now: 35) == [step(0, false, 40)])
    }

    @Test("once runs the last of what was missed")
    func once() {
        #expect(steps(.once, now: 35) == [step(0, false, 30), step(30, true, 40)])
    }

    @Test("all runs every missed one in order")
    func all() {
        #expect(steps(.all, now: 25) == [step(0, true, 10), step(10, true, 20), step(20, true, 30)])
    }

    @Test("what is later than the deadline does not run any more")
    func deadline() {
        #expect(
            steps(.all, now: 95) == [step(0, false, 40)]
                + [40, 50, 60, 70, 80, 90].map { step($0, true, $0 + 10) }
        )
        #expect(steps(.once, every: 86_400, now: 61) == [step(0, false, 1440)])
    }

    @Test("all makes up for a hundred at most, the last ones")
    func bounded() {
        let found = steps(.all, every: 1, now: 60)
        #expect(found.count { $0.isRun } == MissedRuns.runsMax)
        #expect(found.first == MissedRuns.Step(due: at(0), isRun: false, next: at(60) - 99))
        #expect(found.last == MissedRuns.Step(due: at(60), isRun: true, next: at(60) + 1))
    }

    @Test("each step leaves the due time that the one before remembered, and ends in the future")
    func chained() {
        for policy in MissedPolicy.allCases {
            for now in [0, 5, 61, 600, 100_000] as [Double] {
                let found = steps(policy, now: now)
                for (one, two) in zip(found, found.dropFirst()) { #expect(one.next == two.due) }
                #expect(found.first?.due == at(0))
                #expect((found.last?.next).map { $0 > at(now) } == true)
            }
        }
    }

    @Test("a schedule of every second that lay still for months is caught up with at once")
    func longAbsence() {
        var lookedAt = 0
        let found = MissedRuns.steps(
            from: midnight,
            at: at(200 * 1440),
            policy: .once,
            deadline: .seconds(366 * 86_400)
        ) { due in
            lookedAt += 1
            return due + 1
        }
        // These days have 17 million seconds.
        #expect(lookedAt < 2 * MissedRuns.lookedAtMax)
        #expect(found.last == MissedRuns.Step(due: at(200 * 1440), isRun: true, next: at(200 * 1440) + 1))
    }
}

@Suite struct OverlapStateTests {
    private func at(_ minutes: Double) -> Date { Date(timeIntervalSince1970: minutes * 60) }

    @Test("without overlap every policy runs", arguments: OverlapPolicy.allCases)
    func alone(_ policy: OverlapPolicy) {
        var state = OverlapState(policy: policy)
        #expect(state.came(at(1)) == .run)
        #expect(state.ended(at(1)) == nil)
        #expect(state.came(at(2)) == .run)
    }

    @Test("allow runs both, skip passes over")
    func allowAndSkip() {
        var allow = OverlapState(policy: .allow)
        _ = allow.came(at(1))
        #expect(allow.came(at(2)) == .run)
        var skip = OverlapState(policy: .skip)
        _ = skip.came(at(1))
        #expect(skip.came(at(2)) == .skip)
    }

    @Test("queue keeps one, and runs it when the first has ended")
    func queue() {
        var state = OverlapState(policy: .queue)
        _ = state.came(at(1))
        #expect(state.came(at(2)) == .queue)
        #expect(state.came(at(3)) == .skip)
        #expect(state.ended(at(1)) == at(2))
        #expect(state.came(at(4)) == .queue)
        #expect(state.ended(at(2)) == at(4))
        #expect(state.ended(at(4)) == nil)
    }

    @Test("replace stops the old one and runs the new one")
    func replace() {
        var state = OverlapState(policy: .replace)
        _ = state.came(at(1))
        #expect(state.came(at(2)) == .replace([at(1)]))
        #expect(state.ended(at(1)) == nil)
        #expect(state.came(at(3)) == .replace([at(2)]))
    }

    @Test("a due time that another gateway claimed holds nothing up")
    func notClaimed() {
        var state = OverlapState(policy: .skip)
        _ = state.came(at(1))
        state.notClaimed(at(1))
        #expect(state.came(at(2)) == .run)
    }
}
