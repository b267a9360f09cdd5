// SPDX-License-Identifier: Apache-2.0
// What an invocation has written, and what its end means, as a pure value. RunningInvocation drives it.

import Contracts
import FunctionModel
import Glibc
import Sandbox

/// Output, response head and verdict of one invocation.
struct InvocationState: ~Copyable {
    /// Whether the head of the answer has left.
    private(set) var isCommitted = false
    /// The status of the function's own response head.
    private(set) var responseStatus: Int?
    private(set) var bytesOut = 0
    private var fault: ResponseFault?
    private var failure: RuntimeFailure?
    /// The whole answer came; how the program ends after it means nothing.
    private var isAnswered = false
    private let outputMax: Int

    /// - Parameter outputMax: `limits.output` in bytes.
    init(outputMax: Int) { self.outputMax = outputMax }

    enum OutputResult: Hashable, Sendable {
        case pass
        /// Over the limit: drop the piece and kill.
        case exceeded
    }

    /// A piece of stdout was read.
    mutating func outputReceived(bytes: Int) -> OutputResult {
        guard bytesOut + bytes <= outputMax else { return .exceeded }
        bytesOut += bytes
        return .pass
    }

    /// What the function wrote begins with a head.
    mutating func headReceived(status: Int) { responseStatus = status }

    /// What the function wrote breaks a rule of its contract.
    mutating func faultFound(_ fault: ResponseFault) { self.fault = fault }

    /// The function reports an error.
    mutating func functionFailed(_ failure: RuntimeFailure) { self.failure = failure }

    /// The whole answer of a server came.
    mutating func answered() { isAnswered = true }

    /// The response buffer is full or the caller wants the first byte: the answer begins.
    mutating func committed() { isCommitted = true }

    /// How it ended, for the record.
    struct Verdict: Hashable, Sendable {
        var outcome: Outcome
        var exitCode: Int?
        var signal: Int?
        /// The cause, in addition to the outcome.
        var cause: InvocationCause?
        /// A line for the function's log; nil when the end needs no explanation.
        var note: String?
        /// The limit that Mayfly ended it for.
        var limit: LimitName?
    }

    /// PID 1 is gone.
    ///
    /// - Parameters:
    ///   - end: the meaning of the exit alone.
    ///   - cause: why Mayfly ended it; nil when it did not.
    /// - Returns: what it means for answer, record and log.
    func verdict(_ end: ContainerEnd, _ cause: StopCause?) -> Verdict {
        var verdict = Self.verdict(of: end)
        switch cause {
        case .timeout: verdict.outcome = .timeout
        case .cancelled: verdict.outcome = .cancelled
        case .outputLimit:
            // Independent of its reaction to the signal: it was ended, and its output is incomplete.
            verdict.outcome = .signal
            verdict.exitCode = nil
            verdict.signal = Int(SIGKILL)
            verdict.limit = .output
            verdict.note = "stopped: more output than limits.output (\(outputMax) bytes)"
        case .inputLimit:
            verdict.outcome = .platform
            verdict.cause = .bodyTooLarge
            verdict.note = "stopped: the request's body is larger than limits.body"
        case .inputMalformed:
            verdict.outcome = .cancelled
            verdict.cause = .bodyMalformed
            verdict.note = "stopped: the request's body is malformed"
        case .inputStalled:
            verdict.outcome = .cancelled
            verdict.cause = .bodyStalled
            verdict.note = "stopped: the request's body stalled"
        case .outputMalformed: return malformed ?? verdict
        case .answered: return malformed ?? Verdict(outcome: .ok)
        case .hostDiskFull, nil:
            if isAnswered { return malformed ?? Verdict(outcome: .ok) }
            if verdict.outcome == .ok, let malformed { return malformed }
        }
        return verdict
    }

    /// The verdict on an answer that violates its contract, or on a reported error; nil for a correct answer.
    private var malformed: Verdict? {
        if let failure {
            return Verdict(
                outcome: .exit,
                cause: .functionFailed,
                note: "the function reports an error: \(failure)"
            )
        }
        return fault.map { fault in
            Verdict(
                outcome: .platform,
                cause: .answerMalformed,
                note: "the function's answer breaks a rule of its contract: \(fault.rawValue)"
            )
        }
    }

    /// The meaning of an end that Mayfly did not cause.
    private static func verdict(of end: ContainerEnd) -> Verdict {
        let code = end.exitCode.map { Int($0) }
        switch end.meaning {
        case .success: return Verdict(outcome: .ok, exitCode: 0)
        case .failure: return Verdict(outcome: .exit, exitCode: code)
        case .signal: return Verdict(outcome: .signal, signal: end.signal.map { Int($0) })
        case .outOfMemory: return Verdict(outcome: .oom, exitCode: code, signal: end.signal.map { Int($0) })
        case .notExecuted:
            let note = end.note.map { "\($0) (exit code \(end.shellCode))" }
            return Verdict(outcome: .exit, exitCode: code, note: note)
        case .lost: return Verdict(outcome: .lost, note: end.note.map { "lost: \($0)" })
        case .notStarted: return Verdict(outcome: .lost, note: end.note.map { "not started: \($0)" })
        }
    }
}
