// SPDX-License-Identifier: Apache-2.0
// One invocation from its release to its end, as a pure state machine. RunningInvocation drives it.

import Contracts
import FunctionModel
import Glibc
import Sandbox

/// Why Mayfly itself stopped an invocation.
enum StopCause: Hashable, Sendable {
    /// It ran for longer than `timeout`.
    case timeout
    /// The caller went away, an operator stopped it, or the gateway shut down.
    case cancelled
    /// It wrote more than `limits.output`.
    case outputLimit
    /// The request's body was larger than `limits.body`.
    case bodyLimit
    /// The request's body cannot be read to its end.
    case body(RequestBodyFailure)
    /// What it wrote breaks a rule of its contract.
    case answer(ResponseFault)
}

/// Signals, limits and the verdict of one invocation.
struct InvocationState: ~Copyable {
    enum Phase: Hashable, Sendable {
        case running
        /// The stop signal was sent; SIGKILL follows when the grace is over.
        case stopping(StopCause)
        case killed(StopCause)
        case ended
    }

    private(set) var phase = Phase.running
    /// Whether the head of the answer has left.
    private(set) var isCommitted = false
    private(set) var bytesOut = 0
    private let outputMax: Int

    /// - Parameter outputMax: `limits.output` in bytes.
    init(outputMax: Int) { self.outputMax = outputMax }

    enum StopAction: Hashable, Sendable {
        /// Send the stop signal, and report the end of the grace.
        case signalThenWait
        case kill
        case none
    }

    /// Somebody, or the clock, wants it to end.
    ///
    /// The first cause counts.
    mutating func stopRequested(_ cause: StopCause) -> StopAction {
        guard case .running = phase else { return .none }
        switch cause {
        case .timeout, .cancelled:
            phase = .stopping(cause)
            return .signalThenWait
        case .outputLimit, .bodyLimit, .body, .answer:
            phase = .killed(cause)
            return .kill
        }
    }

    /// The grace after the stop signal is over.
    mutating func graceEnded() -> StopAction {
        guard case .stopping(let cause) = phase else { return .none }
        phase = .killed(cause)
        return .kill
    }

    /// It must end now, whatever it does (`faasctl kill`, the gateway's shutdown).
    mutating func killRequested(_ cause: StopCause) -> StopAction {
        switch phase {
        case .running: phase = .killed(cause)
        case .stopping(let first): phase = .killed(first)
        case .killed, .ended: return .none
        }
        return .kill
    }

    enum OutputResult: Hashable, Sendable {
        case pass
        /// Over the limit: drop the piece and kill.
        case exceeded
    }

    /// A piece of stdout came.
    mutating func outputReceived(bytes: Int) -> OutputResult {
        guard bytesOut + bytes <= outputMax else {
            _ = killRequested(.outputLimit)
            return .exceeded
        }
        bytesOut += bytes
        return .pass
    }

    /// The response buffer is full or the caller wants the first byte: the answer begins.
    mutating func committed() { isCommitted = true }

    /// The status of the function's own response head.
    private(set) var responseStatus: Int?

    /// What the function wrote begins with a head.
    mutating func headReceived(status: Int) { responseStatus = status }

    /// Whether nothing has been done to end it: then it may be run again, should it not have started.
    var isUndisturbed: Bool { phase == .running }

    /// How it ended, for the record.
    struct Verdict: Hashable, Sendable {
        var outcome: Outcome
        var exitCode: Int?
        var signal: Int?
        /// What the outcome does not say.
        var cause: InvocationCause?
        /// What to add to the function's log; nil when the end speaks for itself.
        var note: String?
        /// The limit that Mayfly ended it for.
        var limit: LimitName?
    }

    /// PID 1 is gone.
    ///
    /// - Parameters:
    ///   - report: how the kernel told it.
    ///   - program: the first word of the command, for the log.
    /// - Returns: what it means for answer, record and log.
    mutating func ended(_ report: ExitReport, program: String) -> Verdict {
        let cause: StopCause? =
            switch phase {
            case .stopping(let cause), .killed(let cause): cause
            case .running, .ended: nil
            }
        phase = .ended
        var verdict = Self.verdict(of: report, program: program)
        switch cause {
        case .timeout: verdict.outcome = .timeout
        case .cancelled: verdict.outcome = .cancelled
        case .outputLimit:
            // Whatever it made of the signal: it was ended, and what it wrote is not whole.
            verdict.outcome = .signal
            verdict.exitCode = nil
            verdict.signal = Int(SIGKILL)
            verdict.limit = .output
            verdict.note = "stopped: more output than limits.output (\(outputMax) bytes)"
        case .bodyLimit:
            verdict.outcome = .platform
            verdict.cause = .bodyTooLarge
            verdict.note = "stopped: the request's body is larger than limits.body"
        case .body(let failure):
            verdict.outcome = .cancelled
            verdict.cause = failure.cause
            verdict.note = "stopped: the request's body \(failure == .stalled ? "stalled" : "is malformed")"
        case .answer(let fault): return Self.malformed(fault)
        case nil: break
        }
        return verdict
    }

    /// What it means that a function which ended well has written an answer that breaks a rule of its contract.
    static func malformed(_ fault: ResponseFault) -> Verdict {
        Verdict(
            outcome: .platform,
            cause: .answerMalformed,
            note: "the function's answer breaks a rule of its contract: \(fault.rawValue)"
        )
    }

    /// What the end means when Mayfly had no part in it.
    private static func verdict(of report: ExitReport, program: String) -> Verdict {
        switch report.ending {
        case .exited(0): return Verdict(outcome: .ok, exitCode: 0)
        case .exited(let code):
            return Verdict(outcome: report.oomKilled ? .oom : .exit, exitCode: Int(code))
        case .signalled(let number):
            return Verdict(outcome: report.oomKilled ? .oom : .signal, signal: Int(number))
        case .execFailed(let errorNumber):
            let failure = ExecFailure(errorNumber: errorNumber, interpreterNote: report.interpreterNote)
            return Verdict(outcome: .exit, exitCode: failure.exitCode, note: failure.text(program: program))
        case .lost(let reason): return Verdict(outcome: .lost, note: "lost: \(reason)")
        case .notStarted(let reason): return Verdict(outcome: .lost, note: "not started: \(reason)")
        }
    }
}
