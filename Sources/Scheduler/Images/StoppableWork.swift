// SPDX-License-Identifier: Apache-2.0
// Long work on images that a stop of the gateway ends, and says so. ImageServices stops it.

import Synchronization

/// Work that a stop of the gateway ended.
package struct StoppedWork: Error, Hashable, Sendable, CustomStringConvertible {
    /// The work, for people, for example `the load`.
    package let what: String

    package init(_ what: String) { self.what = what }

    package var description: String {
        "the gateway is stopping: \(what) was not finished and nothing of it was kept; try again"
    }
}

/// Loads, imports, pulls, builds and saves under way.
package final class StoppableWork: Sendable {
    private struct State {
        var isStopping = false
        var next = 0
        var cancels: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the gateway is going down.
    ///
    /// Does not block.
    package var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Runs work that ends early when its task is cancelled.
    ///
    /// - Parameters:
    ///   - what: the work, for people, for example `the load`.
    ///   - body: the work; it leaves nothing behind when it is cancelled.
    /// - Returns: its value.
    /// - Throws: what it throws; ``StoppedWork`` when the gateway stops first.
    package func run<Value: Sendable>(
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
            throw isStopping ? StoppedWork(what) : error
        }
    }

    /// Notes work under way; it is cancelled at once when the gateway is stopping.
    ///
    /// Does not block.
    ///
    /// - Parameter cancel: cancels it; called at most once.
    /// - Returns: what ``end(_:)`` takes.
    package func begin(_ cancel: @escaping @Sendable () -> Void) -> Int {
        let (id, isStopping) = state.withLock { state in
            state.next += 1
            if !state.isStopping { state.cancels[state.next] = cancel }
            return (state.next, state.isStopping)
        }
        if isStopping { cancel() }
        return id
    }

    /// Forgets work that is over.
    ///
    /// Does not block.
    package func end(_ id: Int) { state.withLock { _ = $0.cancels.removeValue(forKey: id) } }

    /// Ends everything that is under way; later work ends as soon as it begins.
    ///
    /// Does not block.
    package func stop() {
        let cancels = state.withLock { state in
            state.isStopping = true
            defer { state.cancels = [:] }
            return Array(state.cancels.values)
        }
        for cancel in cancels { cancel() }
    }
}
