// SPDX-License-Identifier: Apache-2.0
// Reports a body that failed while the function does not read. Gateway reports; RequestPump listens.

import Synchronization

/// The failure of one request's body, reported before undelivered parts of it.
package final class RequestBodyMonitor: Sendable {
    private struct State {
        var failure: RequestBodyFailure?
        var handler: (@Sendable (RequestBodyFailure) -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// The body will not be complete.
    ///
    /// The first failure counts. Does not block.
    package func fail(_ failure: RequestBodyFailure) {
        let handler = state.withLock { state in
            defer { state.handler = nil }
            if state.failure == nil { state.failure = failure }
            return state.handler
        }
        handler?(failure)
    }

    /// Calls the handler once, at the failure, or now when that was before.
    package func onFailure(_ handler: @escaping @Sendable (RequestBodyFailure) -> Void) {
        let failure = state.withLock { state in
            if state.failure == nil { state.handler = handler }
            return state.failure
        }
        if let failure { handler(failure) }
    }
}
