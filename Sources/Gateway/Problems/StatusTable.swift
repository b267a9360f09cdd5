// SPDX-License-Identifier: Apache-2.0
// The HTTP status of an outcome and its cause. Records, metrics, headers and logs use it.

package import FunctionModel

/// The only place that gives an invocation its HTTP status.
package enum StatusTable {
    /// The status of a call's answer, and of its record.
    ///
    /// What was sent counts: an answer that began keeps its status, whatever the function does afterwards.
    package static func status(of record: Invocation) -> Int {
        if record.trigger == .run { return statusOfRun(record) }
        if record.outcome == .ok || record.isCommitted { return record.responseStatus ?? 200 }
        return status(record.outcome, record.cause)
    }

    /// A run's answer says itself how the container ended.
    private static func statusOfRun(_ record: Invocation) -> Int {
        switch record.outcome {
        case .ok, .exit, .signal, .oom, .timeout: 200
        case .cancelled, .lost, .platform: status(record.outcome, record.cause)
        }
    }

    /// The status of a call without an answer of the function's own.
    static func status(_ outcome: Outcome, _ cause: InvocationCause? = nil) -> Int {
        if let cause { return status(cause) }
        return switch outcome {
        case .ok: 200
        case .exit, .signal, .oom: 500
        case .timeout: 504
        // Not in any RFC: nginx's number for a client that disconnected.
        case .cancelled: 499
        case .lost: 503
        case .platform: 502
        }
    }

    private static func status(_ cause: InvocationCause) -> Int {
        switch cause {
        case .functionBusy: 429
        case .hostUnavailable: 503
        case .cannotStart, .answerMalformed: 502
        case .functionFailed: 500
        case .requestTooLarge: 431
        case .requestInvalid, .bodyMalformed: 400
        case .bodyTooLarge: 413
        case .bodyStalled: 408
        }
    }
}
