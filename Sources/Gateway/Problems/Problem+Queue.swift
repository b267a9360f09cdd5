// SPDX-License-Identifier: Apache-2.0
// Translates what Scheduler and the store say of asynchronous calls into problems.

import FunctionModel
import FunctionStore
import Scheduler

extension Problem {
    /// A call that was not accepted.
    init(_ refusal: QueueRefusal) {
        switch refusal {
        case .functionFull(let seconds):
            self.init(
                StatusTable.status(.platform, .functionBusy),
                .busy,
                "the function has as many unfinished asynchronous calls as it may have; try again later"
            )
            retryAfterSeconds = seconds
        case .storageFull(let seconds):
            self.init(
                StatusTable.status(.platform, .hostUnavailable),
                .unavailable,
                "the queue takes as much disk as it may; try again later",
                log: "the queue's bodies and outputs are at their bound"
            )
            retryAfterSeconds = seconds
        case .stopping(let seconds):
            self.init(
                StatusTable.status(.platform, .hostUnavailable),
                .unavailable,
                "the gateway is stopping; try again later"
            )
            retryAfterSeconds = seconds
        case .callback(let reason):
            self.init(400, .malformedRequest, "X-Callback-Url cannot be used: \(reason)")
        }
    }

    static func unknownCall(_ id: String) -> Problem {
        Problem(404, .unknownCall, "no call '\(id.prefix(CallID.lengthMax))' is known")
    }

    /// A change that the state of a call does not allow.
    static func wrongState(_ id: String, _ state: QueuedCallState, _ expected: String) -> Problem {
        Problem(409, .conflict, "the call '\(id)' is \(state.rawValue), expected \(expected)")
    }
}
