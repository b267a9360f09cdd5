// SPDX-License-Identifier: Apache-2.0
// The record of one run, in the JSON form that scripts rely on (design, section 7).

package import FoundationEssentials

/// What started an invocation.
package enum Trigger: String, Hashable, Sendable, Codable, CaseIterable {
    case http, schedule
    case asynchronous = "async"
    case cli
}

/// How an invocation ended.
package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
    /// Exit code 0.
    case ok
    /// Another exit code.
    case exit
    /// Ended by a signal that neither Mayfly nor the kernel's memory limit sent.
    case signal
    /// Ended by the kernel because of the memory limit.
    case oom
    /// Stopped by Mayfly after `timeout`.
    case timeout
    /// The caller went away or an operator stopped it.
    case cancelled
    /// The gateway died while it ran.
    case lost
    /// It never ran, or its answer broke a limit of the platform.
    case platform

    /// The HTTP status that stands for this outcome in an answer and in the record (design, section 5).
    package var httpStatus: Int {
        switch self {
        case .ok: 200
        case .exit, .signal, .oom: 500
        case .timeout: 504
        case .cancelled: 499
        case .lost: 503
        case .platform: 502
        }
    }
}

/// A limit of function.yaml that an invocation came to, by its key.
package enum LimitName: String, Hashable, Sendable, Codable, CaseIterable {
    case memory, pids, disk, output
}

/// One run of a function.
package struct Invocation: Hashable, Sendable, Codable, Identifiable {
    package var id: String
    package var function: FunctionName
    package var namespace: String = FunctionName.defaultNamespace
    package var revision: Int
    package var trigger: Trigger
    package var startedAt: Date
    package var queueMilliseconds: Double = 0
    /// Lease to exec.
    package var startMilliseconds: Double = 0
    package var runMilliseconds: Double = 0
    package var totalMilliseconds: Double = 0
    /// HTTP status of the answer.
    package var status: Int
    package var outcome: Outcome
    package var exitCode: Int?
    package var signal: Int?
    package var bytesIn: Int = 0
    package var bytesOut: Int = 0
    package var cpuMilliseconds: Double = 0
    package var peakMemoryBytes: Int = 0
    /// Limits that it came to, whatever it made of that; nil for none.
    package var limitsReached: [LimitName]?
    /// False only when `reuse` let a sandbox serve again.
    package var fresh: Bool = true
    /// Whether the sandbox stood ready before the request.
    package var warm: Bool = false

    package init(
        id: String,
        function: FunctionName,
        revision: Int,
        trigger: Trigger,
        startedAt: Date,
        status: Int,
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
        case fresh, warm
    }
}
