// SPDX-License-Identifier: Apache-2.0
// The door to the queue: what the HTTP edge asks of it. CallQueue is the one real conformer.

package import FunctionModel
package import FunctionStore

/// Why a call was not accepted.
package enum QueueRefusal: Error, Hashable, Sendable {
    /// The function has as many unfinished calls as it may have.
    case functionFull(retryAfterSeconds: Int)
    /// Bodies and outputs take as much disk as they may.
    case storageFull(retryAfterSeconds: Int)
    /// The gateway stops.
    case stopping(retryAfterSeconds: Int)
    /// The callback's address cannot be used; the text says why.
    case callback(reason: String)
}

/// What happened to a function's queued calls since the start of the gateway.
package struct QueueCounts: Hashable, Sendable {
    package var retries = 0
    package var deadLetters = 0

    package init() {}
}

/// Accepts asynchronous calls, and changes those that it runs.
package protocol AsynchronousCalls: Sendable {
    /// Accepts a call.
    ///
    /// - Parameters:
    ///   - function: a deployed one.
    ///   - request: the call's; its id is taken unless another call has it.
    ///   - callback: where the result is POSTed to.
    /// - Returns: the call's id, when the call is on the disk.
    /// - Throws: ``QueueRefusal``, `StoreError`, and what the request's body throws; nothing is accepted then.
    func accept(_ function: FunctionName, _ request: InvocationRequest, callback: String?) async throws
        -> String

    /// Ends a call, which may run.
    ///
    /// - Throws: `StoreError`.
    func cancel(_ id: String) async throws(StoreError) -> QueueChange

    /// Queues a failed or cancelled call again.
    ///
    /// - Throws: `StoreError`.
    func retry(_ id: String) async throws(StoreError) -> QueueChange

    /// Since the start of the gateway, by function. Does not block.
    func counts() -> [FunctionName: QueueCounts]
}
