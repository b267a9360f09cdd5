// SPDX-License-Identifier: Apache-2.0
// The contract of ScheduleRepository, for every implementation.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct ScheduleContractTests {
    @Test("of 16 claimers in two processes exactly one gets a due time", arguments: RepositoryMaker.all)
    func unique(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let key = try await add(to: pair.first)
        let claimers = [pair.first, pair.second]
        let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
            for claimer in 0..<16 {
                group.addTask { try await claimers[claimer % 2].claim(key, due: noon, next: noon + 60) }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(wins == 1)
        #expect(try await pair.second.unfinishedClaims().map(\.key) == [key])
    }

    @Test(
        "a claim without an end is found by the next process, until it ends",
        arguments: RepositoryMaker.all
    )
    func restart(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let key = try await add(to: pair.first)
        #expect(try await pair.first.claim(key, due: noon, next: noon + 60))
        let next = try maker.open(pair.folder)
        #expect(try await next.unfinishedClaims().map(\.key) == [key])
        #expect(try await next.finish(key, due: noon, outcome: .lost))
        #expect(try await !pair.first.finish(key, due: noon, outcome: .ok))
        #expect(try await pair.first.unfinishedClaims().isEmpty)
        #expect(try await pair.first.schedules(of: nil).map(\.lastOutcome) == [.lost])
    }

    @Test(
        "a schedule never moves back, and a skipped due time is not claimed",
        arguments: RepositoryMaker.all
    )
    func advance(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let key = try await add(to: pair.first)
        await #expect(throws: StoreError.scheduleDoesNotAdvance(key)) {
            try await pair.first.claim(key, due: noon, next: noon)
        }
        #expect(try await pair.first.skip(key, due: noon, next: noon + 60))
        #expect(try await !pair.second.claim(key, due: noon, next: noon + 60))
        #expect(try await pair.second.unfinishedClaims().isEmpty)
    }

    private func add(to schedules: any ScheduleRepository) async throws -> ScheduleKey {
        let key = ScheduleKey(function: try name("hello"), expression: "* * * * *")
        let state = ScheduleState(key: key, createdAt: noon, nextDue: noon)
        try await schedules.upsertSchedules(of: key.function, [state])
        return key
    }
}
