// SPDX-License-Identifier: Apache-2.0
// Callers that continue until they are stopped, while a test does something to the gateway.

import Foundation
import Synchronization

/// What background callers saw.
final class Tally: Sendable {
    private struct State {
        var statuses: [Int: Int] = [:]
        var broken = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Answers by status.
    var statuses: [Int: Int] { state.withLock(\.statuses) }
    /// Calls that got no whole answer.
    var broken: Int { state.withLock(\.broken) }
    var answered: Int { statuses.values.reduce(0, +) }

    fileprivate var isStopped: Bool { state.withLock(\.isStopped) }
    fileprivate func stop() { state.withLock { $0.isStopped = true } }
    fileprivate func add(status: Int) { state.withLock { $0.statuses[status, default: 0] += 1 } }
    fileprivate func addBroken() { state.withLock { $0.broken += 1 } }

    /// Suspends until so many calls were answered.
    func reached(_ count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(Patience.seconds(60))
        while answered < count {
            guard ContinuousClock.now < deadline else { throw HarnessError("the load does not get through") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension GatewayUnderTest {
    /// Calls a path again and again, some at once, while `body` runs.
    func underLoad(
        _ path: String,
        atOnce: Int,
        _ body: (Tally) async throws -> Void
    ) async throws -> Tally {
        let tally = Tally()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<atOnce {
                tasks.addTask {
                    while !tally.isStopped {
                        do {
                            tally.add(status: try await self.call(path).status)
                        } catch {
                            tally.addBroken()
                            // A gateway that is gone refuses at once: no need to ask a million times.
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
            defer { tally.stop() }
            try await body(tally)
        }
        return tally
    }

    /// Calls a path again and again, one call after the other, from a program of its own while `body` runs.
    ///
    /// For what measures latency meanwhile: the tests' own client would be slowed by all that it reads itself.
    func underLoadFromOutside(_ path: String, _ body: () async throws -> Void) async throws {
        let caller = Process()
        caller.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // More than any test waits for; an answer that breaks off does not end it.
        caller.arguments = ["curl", "--silent", "--output", "/dev/null", address + path + "?[1-1000000]"]
        caller.standardOutput = FileHandle.nullDevice
        caller.standardError = FileHandle.nullDevice
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        caller.terminationHandler = { _ in continuation.finish() }
        try caller.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        let isStillCalling = caller.isRunning
        // What Process starts may have SIGTERM blocked.
        kill(caller.processIdentifier, SIGKILL)
        for await _ in ends {}
        try result.get()
        guard isStillCalling else { throw HarnessError("curl ended before the measurement did") }
    }

    /// Calls a path once, by a program of its own: some answers break off, which the tests' own client takes badly.
    func callFromOutside(_ path: String) async throws {
        _ = try await Command.run(
            "/usr/bin/env",
            ["curl", "--silent", "--output", "/dev/null", address + path]
        )
    }
}
