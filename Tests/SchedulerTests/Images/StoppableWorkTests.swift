// SPDX-License-Identifier: Apache-2.0
// Long work and the stop of a gateway.

import Testing

@testable import Scheduler

@Suite struct StoppableWorkTests {
    @Test("work that a stop ends says so, whatever it failed with", .timeLimit(.minutes(1)))
    func stopped() async throws {
        let work = StoppableWork()
        let (started, start) = AsyncStream<Void>.makeStream()
        let running = Task {
            try await work.run("the load") {
                start.yield()
                try await Task.sleep(for: .seconds(3600))
            }
        }
        for await _ in started { break }
        #expect(!work.isStopping)
        work.stop()
        await #expect(throws: StoppedWork("the load")) { try await running.value }
        #expect(work.isStopping)
    }

    @Test("work that begins after the stop ends at once", .timeLimit(.minutes(1)))
    func late() async throws {
        let work = StoppableWork()
        work.stop()
        await #expect(throws: StoppedWork("the pull")) {
            try await work.run("the pull") { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    @Test("without a stop work ends with its own value or error")
    func own() async throws {
        struct Own: Error {}
        let work = StoppableWork()
        #expect(try await work.run("x") { 7 } == 7)
        await #expect(throws: Own.self) { try await work.run("x") { throw Own() } }
    }
}
