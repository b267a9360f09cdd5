// SPDX-License-Identifier: Apache-2.0
// Threads for work that blocks on the disk or computes for long, separate from the cooperative pool.

import Foundation
import Synchronization

/// Runs blocking work.
///
/// Every `async` function of this room uses it for disk access.
package enum BlockingWork {
    /// Threads at once: enough to keep a disk and two cores busy; more would slow down the request path.
    static let width = 4

    private static let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.name = "images"
        queue.maxConcurrentOperationCount = width
        return queue
    }()

    /// Suspends until `body` has run on a thread that may block.
    ///
    /// `body` itself must not wait for other work.
    package static func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result = await withCheckedContinuation {
            (waiter: CheckedContinuation<Result<Value, Failure>, Never>) in
            queue.addOperation {
                let outcome: Result<Value, Failure>
                do throws(Failure) { outcome = .success(try body()) } catch { outcome = .failure(error) }
                waiter.resume(returning: outcome)
            }
        }
        return try result.get()
    }

    /// The same for work that can end early: `body` receives a flag that is set when the task is cancelled.
    package static func cancellable<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable (StopFlag) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let flag = StopFlag()
        // `withTaskCancellationHandler` has no typed throws, so the outcome passes through it as a value.
        let outcome: Result<Value, Failure> = await withTaskCancellationHandler {
            do throws(Failure) {
                return .success(try await run { () throws(Failure) in try body(flag) })
            } catch {
                return .failure(error)
            }
        } onCancel: {
            flag.raise()
        }
        return try outcome.get()
    }
}

/// Asks work on another thread to end.
package final class StopFlag: Sendable {
    private let flag = Atomic(false)

    package init() {}

    /// Asks the work to end.
    package func raise() { flag.store(true, ordering: .relaxed) }
    /// Whether the work should end.
    package var isRaised: Bool { flag.load(ordering: .relaxed) }

    /// - Throws: ``ImageError/cancelled`` after the flag is set.
    package func check() throws(ImageError) { if isRaised { throw .cancelled } }
}
