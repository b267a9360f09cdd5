// SPDX-License-Identifier: Apache-2.0
// Long work of the admin API that a stop of the gateway ends, and says so. GatewayServer stops it.

import Synchronization

/// Loads, imports, pulls, builds and saves under way.
final class StoppableWork: Sendable {
    private struct State {
        var isStopping = false
        var next = 0
        var cancels: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Whether the gateway is going down.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Runs work that ends early when its task is cancelled.
    ///
    /// - Parameters:
    ///   - what: it, for people, for example `the load`.
    ///   - body: the work; it leaves nothing behind when it is cancelled.
    /// - Returns: its value.
    /// - Throws: what it throws; ``Problem`` 503 when the gateway stops first.
    func run<Value: Sendable>(
        _ what: String,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await body() }
        let id = begin { task.cancel() }
        defer { end(id) }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            throw isStopping ? Self.stopped(what) : error
        }
    }

    /// Notes work under way; it is cancelled at once when the gateway is stopping.
    ///
    /// - Returns: what ``end(_:)`` takes.
    func begin(_ cancel: @escaping @Sendable () -> Void) -> Int {
        let (id, isStopping) = state.withLock { state in
            state.next += 1
            if !state.isStopping { state.cancels[state.next] = cancel }
            return (state.next, state.isStopping)
        }
        if isStopping { cancel() }
        return id
    }

    func end(_ id: Int) { state.withLock { _ = $0.cancels.removeValue(forKey: id) } }

    /// Ends everything that is under way; later work ends as soon as it begins.
    func stop() {
        let cancels = state.withLock { state in
            state.isStopping = true
            defer { state.cancels = [:] }
            return Array(state.cancels.values)
        }
        for cancel in cancels { cancel() }
    }

    /// The message to the client of an operation that the gateway's stop ended.
    static func stopped(_ what: String) -> Problem {
        var problem = Problem(
            503,
            .unavailable,
            "the gateway is stopping: \(what) was not finished and nothing of it was kept; try again"
        )
        problem.retryAfterSeconds = 1
        return problem
    }
}
