// SPDX-License-Identifier: Apache-2.0
// Threads for work that blocks on disk or computes long, apart from the cooperative pool.

import Foundation

/// Runs blocking work.
///
/// Every `async` function of this room that touches the disk goes through here.
package enum BlockingWork {
    /// Threads at once: enough to keep a disk and two cores busy; more only makes the requests' path wait.
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
}
