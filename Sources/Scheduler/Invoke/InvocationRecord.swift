// SPDX-License-Identifier: Apache-2.0
// From a call and its end to its record. Dispatcher makes these values.

import FoundationEssentials
import FunctionModel
import Sandbox

/// One call before it has a sandbox.
struct Call: Sendable {
    var request: InvocationRequest
    var revision: Revision
    var arrived: ContinuousClock.Instant

    private func invocation(status: Int, outcome: Outcome) -> Invocation {
        Invocation(
            id: request.id,
            function: revision.function,
            revision: revision.number,
            trigger: request.trigger,
            startedAt: request.arrivedAt,
            status: status,
            outcome: outcome
        )
    }

    /// The record of a call that did not start.
    func refused(_ refusal: InvocationRefusal) -> Invocation {
        let isCancelled = refusal == .cancelled
        var record = invocation(status: refusal.recordedStatus, outcome: isCancelled ? .cancelled : .platform)
        record.queueMilliseconds = (ContinuousClock.now - arrived) / .milliseconds(1)
        record.totalMilliseconds = record.queueMilliseconds
        return record
    }

    /// What the function's log says about a refusal that its owner can mend.
    func refusalLog(_ refusal: InvocationRefusal) -> [LogLine] {
        guard case .cannotStart(let reason) = refusal else { return [] }
        return [
            LogLine(
                function: revision.function,
                revision: revision.number,
                invocation: request.id,
                timestamp: request.arrivedAt,
                text: "mayfly: \(reason)"
            )
        ]
    }

    /// The record of a call that ran; times and figures are still to be filled in.
    func ended(_ verdict: InvocationState.Verdict, isCommitted: Bool) -> Invocation {
        // What was sent is what the caller saw: the outcome tells how it went on.
        let status = isCommitted ? Outcome.ok.httpStatus : verdict.status ?? verdict.outcome.httpStatus
        var record = invocation(status: status, outcome: verdict.outcome)
        record.exitCode = verdict.exitCode
        record.signal = verdict.signal
        return record
    }
}

/// One call with its sandbox.
struct Run: Sendable {
    var call: Call
    var function: LiveFunction
    var lease: Lease
    var leased: ContinuousClock.Instant
}

/// One call whose PID 1 executes.
struct StartedRun: Sendable {
    var run: Run
    var released: ContinuousClock.Instant
    var running: RunningInvocation

    /// The complete record.
    ///
    /// - Parameters:
    ///   - report: how PID 1 ended.
    ///   - ending: what that means.
    ///   - ended: when it was known.
    /// - Returns: the record.
    func invocation(
        _ report: ExitReport,
        _ ending: RunningInvocation.Ending,
        ended: ContinuousClock.Instant
    ) -> Invocation {
        var record = run.call.ended(ending.verdict, isCommitted: ending.isCommitted)
        let toExec = Duration.nanoseconds(report.startNanoseconds)
        record.queueMilliseconds = (run.leased - run.call.arrived) / .milliseconds(1)
        record.startMilliseconds = (released - run.leased + toExec) / .milliseconds(1)
        record.runMilliseconds = max(.zero, ended - released - toExec) / .milliseconds(1)
        record.totalMilliseconds = (ContinuousClock.now - run.call.arrived) / .milliseconds(1)
        (record.bytesIn, record.bytesOut) = running.bytes
        record.cpuMilliseconds = Double(report.userTimeMicroseconds + report.systemTimeMicroseconds) / 1000
        record.peakMemoryBytes = report.peakMemoryBytes
        let limits =
            (report.oomKilled ? [.memory] : []) + report.limitsReached
            + (ending.verdict.limit.map { [$0] } ?? [])
        record.limitsReached = limits.isEmpty ? nil : limits
        record.warm = run.lease.isWarm && !report.waitedForSetUp
        return record
    }
}

extension InvocationRefusal {
    /// The HTTP status that a record of the refusal shows (design, section 5).
    var recordedStatus: Int {
        switch self {
        case .unknownFunction: 404
        case .busy: 429
        case .unavailable: 503
        case .cannotStart: 502
        case .requestTooLarge: 431
        case .cancelled: 499
        }
    }
}
