// SPDX-License-Identifier: Apache-2.0
// The record of one run, in its stable JSON form for scripts.

package import FoundationEssentials

/// What started an invocation.
package enum Trigger: String, Hashable, Sendable, Codable, CaseIterable {
    case http, schedule
    case asynchronous = "async"
    case cli
    /// `POST /v1/run`.
    case run
}

/// How an invocation ended.
package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
    /// Exit code 0.
    case ok
    /// Another exit code, or an error that the function reports.
    case exit
    /// Ended by a signal that neither Mayfly nor the kernel's memory limit sent.
    case signal
    /// Ended by the kernel because of the memory limit.
    case oom
    /// Stopped by Mayfly after `timeout`.
    case timeout
    /// The caller disconnected or an operator stopped it.
    case cancelled
    /// The gateway died while it ran.
    case lost
    /// It never ran, or its answer violated its contract or a limit of Mayfly.
    case platform
}

/// Why a call did not run, or why its answer is not the function's; in addition to the outcome.
///
/// Only the edge's status table maps it to an HTTP status.
package enum InvocationCause: String, Hashable, Sendable, CaseIterable {
    /// The function's concurrency and queue are full.
    case functionBusy
    /// The host has no room, or the gateway stops.
    case hostUnavailable
    /// No sandbox could be made.
    case cannotStart
    /// The request's variables exceed the size with which a process can be started.
    case requestTooLarge
    /// The request cannot be passed on by the function's contract.
    case requestInvalid
    /// The request's body is larger than `limits.body`.
    case bodyTooLarge
    /// The request's body violates the protocol.
    case bodyMalformed
    /// The request's body was not complete in time.
    case bodyStalled
    /// The function's answer violates its contract.
    case answerMalformed
    /// The function reports an error instead of an answer.
    case functionFailed
}

/// The key of a limit in function.yaml that an invocation reached.
package enum LimitName: String, Hashable, Sendable, Codable, CaseIterable {
    case memory, pids, disk, output
}

/// How an invocation got its sandbox.
package enum SandboxStart: String, Hashable, Sendable, Codable, CaseIterable {
    /// It was made, or still being made, when the request came.
    case cold
    /// It was ready before the request.
    case warm
    /// It is a copy of a process that had started before.
    case template
}

/// One run of a function.
package struct Invocation: Hashable, Sendable, Identifiable {
    package var id: String
    package var function: FunctionName
    package var revision: Int
    package var trigger: Trigger
    package var startedAt: Date
    package var queueMilliseconds: Double = 0
    /// Lease to exec.
    package var startMilliseconds: Double = 0
    package var runMilliseconds: Double = 0
    package var totalMilliseconds: Double = 0
    /// HTTP status of the answer; 0 until the edge's status table has set it.
    package var status: Int
    package var outcome: Outcome
    /// The cause; kept until the status is set, and not stored.
    package var cause: InvocationCause?
    /// The status of the function's own response head; nil while there is none.
    ///
    /// Not stored.
    package var responseStatus: Int?
    /// Whether the function's response head was sent before the invocation ended.
    ///
    /// Not stored.
    package var isCommitted = false
    package var exitCode: Int?
    package var signal: Int?
    package var bytesIn: Int = 0
    package var bytesOut: Int = 0
    package var cpuMilliseconds: Double = 0
    package var peakMemoryBytes: Int = 0
    /// Limits that the invocation reached, also if it continued; nil for none.
    package var limitsReached: [LimitName]?
    /// False only when `reuse` let a sandbox serve again.
    package var fresh: Bool = true
    /// Whether the sandbox was warm before the request.
    package var warm: Bool = false
    /// Nil in records of earlier versions.
    package var start: SandboxStart?

    package init(
        id: String,
        function: FunctionName,
        revision: Int,
        trigger: Trigger,
        startedAt: Date,
        status: Int = 0,
        outcome: Outcome
    ) {
        self.id = id
        self.function = function
        self.revision = revision
        self.trigger = trigger
        self.startedAt = startedAt
        self.status = status
        self.outcome = outcome
    }

    package enum CodingKeys: String, CodingKey {
        case id, function, namespace, revision, trigger
        case startedAt = "started_at"
        case queueMilliseconds = "queue_ms"
        case startMilliseconds = "start_ms"
        case runMilliseconds = "run_ms"
        case totalMilliseconds = "total_ms"
        case status, outcome
        case exitCode = "exit_code"
        case signal
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
        case cpuMilliseconds = "cpu_ms"
        case peakMemoryBytes = "peak_memory_bytes"
        case limitsReached = "limits_reached"
        case fresh, warm, start
    }
}
