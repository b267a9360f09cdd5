// SPDX-License-Identifier: Apache-2.0
// From a call and its end to its record. Dispatcher makes these values.

import Contracts
import FoundationEssentials
package import FunctionModel
import Sandbox

/// One call before it has a sandbox.
struct Call: Sendable {
    var request: InvocationRequest
    var revision: Revision
    var arrived: ContinuousClock.Instant
    /// What its contract made of the head.
    var variables = RequestVariables()
    /// What a Lambda runtime gets of it.
    var lambda: LambdaInvocation?

    private func invocation(_ outcome: Outcome) -> Invocation {
        Invocation(
            id: request.id,
            function: revision.function,
            revision: revision.number,
            trigger: request.trigger,
            startedAt: request.arrivedAt,
            outcome: outcome
        )
    }

    /// The record of a call that did not start.
    func refused(_ refusal: InvocationRefusal) -> Invocation {
        var record = invocation(refusal == .cancelled ? .cancelled : .platform)
        record.cause = refusal.cause
        record.queueMilliseconds = (ContinuousClock.now - arrived) / .milliseconds(1)
        record.totalMilliseconds = record.queueMilliseconds
        return record
    }

    /// The line in the function's log about a refusal that its owner can correct.
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
    func ended(_ verdict: InvocationState.Verdict, responseStatus: Int?, isCommitted: Bool) -> Invocation {
        var record = invocation(verdict.outcome)
        record.cause = verdict.cause
        record.responseStatus = responseStatus
        record.isCommitted = isCommitted
        record.exitCode = verdict.exitCode
        record.signal = verdict.signal
        return record
    }
}

/// One call with its sandbox.
///
/// A class: its many parts would be copied at each step of the request's path.
final class Run: Sendable {
    let call: Call
    let function: LiveFunction
    let lease: Lease
    let leased: ContinuousClock.Instant

    init(call: consuming Call, function: LiveFunction, lease: Lease, leased: ContinuousClock.Instant) {
        self.call = call
        self.function = function
        self.lease = lease
        self.leased = leased
    }
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
        var record = run.call.ended(
            ending.verdict,
            responseStatus: ending.responseStatus,
            isCommitted: ending.isCommitted
        )
        let toExec = Duration.nanoseconds(report.startNanoseconds)
        record.queueMilliseconds = (run.leased - run.call.arrived) / .milliseconds(1)
        record.startMilliseconds = (released - run.leased + toExec) / .milliseconds(1)
        record.runMilliseconds = max(.zero, ended - released - toExec) / .milliseconds(1)
        record.totalMilliseconds = (ContinuousClock.now - run.call.arrived) / .milliseconds(1)
        (record.bytesIn, record.bytesOut) = running.bytes
        // Of a program that served calls before, the report has the time of all of them.
        if run.lease.isFresh {
            record.cpuMilliseconds =
                Double(report.userTimeMicroseconds + report.systemTimeMicroseconds) / 1000
        }
        record.peakMemoryBytes = report.peakMemoryBytes
        let limits =
            (report.oomKilled ? [.memory] : []) + report.limitsReached
            + (ending.verdict.limit.map { [$0] } ?? [])
        record.limitsReached = limits.isEmpty ? nil : limits
        record.fresh = run.lease.isFresh
        record.warm = run.lease.isWarm && !report.waitedForSetUp
        record.start = run.lease.isCopy ? .template : record.warm ? .warm : .cold
        return record
    }
}

extension StartedRun {
    /// What is known of the record when a server's whole answer is here: no figures of its process.
    func answered(_ head: ResponseHead) -> Invocation {
        let verdict = InvocationState.Verdict(outcome: .ok)
        let ending = RunningInvocation.Ending(
            verdict: verdict,
            responseStatus: head.status,
            isCommitted: false,
            lines: []
        )
        return invocation(ExitReport(ending: .exited(code: 0)), ending, ended: .now)
    }
}

extension InvocationRefusal {
    /// The cause in the record; nil when the outcome is sufficient.
    package var cause: InvocationCause? {
        switch self {
        case .unknownFunction, .unknownVersion, .cancelled: nil
        case .busy: .functionBusy
        case .unavailable, .serviceDown: .hostUnavailable
        case .cannotStart: .cannotStart
        case .requestTooLarge: .requestTooLarge
        case .requestInvalid(.eventTooLarge): .bodyTooLarge
        case .requestInvalid: .requestInvalid
        case .bodyFailed(let cause): cause
        }
    }
}
