// SPDX-License-Identifier: Apache-2.0
// One call by its id, as the queue's and the history's paths answer.

package import FoundationEssentials
package import FunctionModel

/// One element of GET /v1/queue, and the answer of GET /v1/invocations/ID.
package struct QueuedCallBody: Codable, Hashable, Sendable {
    package var id: String
    package var function: String
    package var namespace: String?
    package var trigger: Trigger
    /// `queued`, `running`, `waiting`, `succeeded`, `failed` or `cancelled`.
    package var state: String
    /// Attempts that count against `async.attempts`; the one under way is not among them.
    package var attempts = 0
    /// Attempts that ended with their gateway.
    package var losses: Int?
    package var acceptedAt: Date?
    /// Start of the last attempt.
    package var startedAt: Date?
    package var finishedAt: Date?
    package var nextAttemptAt: Date?
    package var bodyBytes: Int?
    package var outputBytes: Int?
    /// Of the last attempt.
    package var status: Int?
    package var outcome: Outcome?
    package var exitCode: Int?
    package var signal: Int?
    package var reason: String?
    package var callbackURL: String?
    /// `pending`, `delivered` or `failed`.
    package var callbackState: String?
    package var callbackReason: String?
    /// Of the last attempt that is recorded.
    package var record: Invocation?

    package enum CodingKeys: String, CodingKey {
        case id, function, namespace, trigger, state, attempts, losses
        case acceptedAt = "accepted_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case nextAttemptAt = "next_attempt_at"
        case bodyBytes = "body_bytes"
        case outputBytes = "output_bytes"
        case status, outcome
        case exitCode = "exit_code"
        case signal, reason
        case callbackURL = "callback_url"
        case callbackState = "callback_state"
        case callbackReason = "callback_reason"
        case record
    }

    package init(id: String, function: FunctionName, trigger: Trigger, state: String) {
        self.id = id
        self.function = function.localName
        namespace = function.namespace
        self.trigger = trigger
        self.state = state
    }
}

/// The answer of DELETE /v1/queue.
package struct PurgeBody: Codable, Hashable, Sendable {
    /// Calls that were removed.
    package var purged: Int

    package init(purged: Int) { self.purged = purged }
}
