// SPDX-License-Identifier: Apache-2.0
// Claims: exactly one run per due time, and a memory of those that never ended.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct ScheduleClaimTests {
    let folder: TemporaryFolder
    let store: SQLiteStore
    let key: ScheduleKey
    let minute = noon.addingTimeInterval(60)

    init() throws {
        folder = try TemporaryFolder()
        store = try folder.open()
        key = ScheduleKey(function: try name("hello"), expression: "* * * * *")
    }

    private func add() async throws {
        try await store.upsertSchedules(
            of: key.function,
            [ScheduleState(key: key, createdAt: noon, nextDue: noon)]
        )
    }

    @Test("of 16 claimers over two connections exactly one gets a due time")
    func once() async throws {
        try await add()
        let stores = [store, try folder.open()]
        let (key, minute) = (key, minute)
        for round in 0..<20 {
            let due = noon.addingTimeInterval(Double(round) * 60)
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for claimer in 0..<16 {
                    group.addTask {
                        try await stores[claimer % 2].claim(
                            key,
                            due: due,
                            next: minute.addingTimeInterval(Double(round) * 60)
                        )
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wins == 1)
        }
        #expect(try await store.unfinishedClaims().count == 20)
    }

    @Test("a claim moves the schedule on, and is known until its run has ended")
    func claimAndFinish() async throws {
        try await add()
        #expect(try await store.claim(key, due: noon, next: minute))
        #expect(try await store.unfinishedClaims().map(\.key) == [key])
        let claimed = try #require(try await store.schedules().first)
        #expect(claimed.nextDue?.timeIntervalSince(minute).magnitude ?? 1 < 1e-6)
        #expect(claimed.lastRun?.timeIntervalSince(noon).magnitude ?? 1 < 1e-6)
        #expect(claimed.lastOutcome == nil)
        #expect(try await store.finish(key, due: noon, outcome: .timeout))
        #expect(try await !store.finish(key, due: noon, outcome: .ok))
        #expect(try await store.unfinishedClaims().isEmpty)
        #expect(try await store.schedules().first?.lastOutcome == .timeout)
    }

    @Test("a claim without an end is found after reopening, and cannot be claimed again")
    func reopen() async throws {
        try await add()
        #expect(try await store.claim(key, due: noon, next: minute))
        try store.close()
        let reopened = try folder.open()
        #expect(try await reopened.unfinishedClaims().map(\.key) == [key])
        #expect(try await !reopened.claim(key, due: noon, next: minute))
    }

    @Test("several runs of one schedule may be under way")
    func overlap() async throws {
        try await add()
        #expect(try await store.claim(key, due: noon, next: minute))
        #expect(try await store.claim(key, due: minute, next: nil))
        #expect(try await store.unfinishedClaims().count == 2)
        #expect(try await store.finish(key, due: noon, outcome: .ok))
        #expect(try await store.unfinishedClaims().count == 1)
        #expect(try await store.schedules().first?.nextDue == nil)
    }

    @Test("a due time that is not the next one, of an unknown schedule, or passed over, is not claimed")
    func refused() async throws {
        #expect(try await !store.claim(key, due: noon, next: minute))
        try await add()
        #expect(try await !store.claim(key, due: minute, next: nil))
        #expect(try await store.skip(key, due: noon, next: minute))
        #expect(try await !store.claim(key, due: noon, next: minute))
        #expect(try await store.unfinishedClaims().isEmpty)
        #expect(try await store.schedules().first?.lastRun == nil)
    }

    @Test("a next due time that is not later is refused", arguments: [0.0, -60])
    func backwards(seconds: Double) async throws {
        try await add()
        await #expect(throws: StoreError.scheduleDoesNotAdvance(key)) {
            try await store.claim(key, due: noon, next: noon.addingTimeInterval(seconds))
        }
        #expect(try await store.unfinishedClaims().isEmpty)
    }

    @Test("schedules that stay in the list keep their memory, others are forgotten")
    func upsert() async throws {
        try await add()
        #expect(try await store.claim(key, due: noon, next: minute))
        let twin = ScheduleKey(function: key.function, expression: key.expression, ordinal: 1)
        let later = noon.addingTimeInterval(3600)
        let states = try await store.upsertSchedules(
            of: key.function,
            [key, twin].map { ScheduleState(key: $0, createdAt: later, nextDue: later) }
        )
        #expect(states.map(\.key) == [key, twin])
        #expect(states.first?.createdAt.timeIntervalSince(noon).magnitude ?? 1 < 1e-6)
        #expect(states.first?.lastRun != nil)
        #expect(try await store.unfinishedClaims().count == 1)
        try await store.upsertSchedules(
            of: key.function,
            [ScheduleState(key: twin, createdAt: later, nextDue: later)]
        )
        #expect(try await store.schedules(of: key.function).map(\.key) == [twin])
        #expect(try await store.schedules(of: name("other")).isEmpty)
        #expect(try await store.unfinishedClaims().isEmpty)
    }
}
