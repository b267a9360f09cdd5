// SPDX-License-Identifier: Apache-2.0
// Stands where Scheduler's queue stands: keeps calls in the store and runs none.

import Contracts
import FoundationEssentials
import FunctionModel
import FunctionStore
import NIOCore
import Scheduler
import Synchronization

/// A queue that only accepts; the requests are among those of its invoker.
final class FakeCalls: AsynchronousCalls {
    private let invoker: FakeInvoker
    private let store: any QueueRepository

    init(_ invoker: FakeInvoker, _ store: any QueueRepository) {
        self.invoker = invoker
        self.store = store
    }

    /// What a function of this name is refused with.
    static let full = "full"

    func accept(_ function: FunctionName, _ request: InvocationRequest, callback: String?) async throws
        -> String
    {
        if function.text == Self.full { throw QueueRefusal.functionFull(retryAfterSeconds: 5) }
        if callback == "gopher://x" {
            throw QueueRefusal.callback(reason: "its scheme is neither http nor https")
        }
        // The answer is not sent: what counts is that the body was read, and how.
        guard case .complete(_, let body, _) = try await invoker.invoke(function, request) else { return "" }
        var call = NewQueuedCall(
            id: request.id,
            spareID: "spare",
            function: function,
            head: Data(request.head.target.utf8),
            body: .bytes(Data(body.readableBytesView))
        )
        call.callbackURL = callback
        guard case .accepted(let id) = try await store.enqueue(call, QueueLimits()) else { return "" }
        return id
    }

    func cancel(_ id: String) async throws(StoreError) -> QueueChange { try await store.cancel(id) }
    func retry(_ id: String) async throws(StoreError) -> QueueChange { try await store.retry(id) }
    func counts() -> [FunctionName: QueueCounts] { [:] }
}
