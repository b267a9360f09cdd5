// SPDX-License-Identifier: Apache-2.0
// One invocation's end: every way to end is told apart.

import Contracts
import FunctionModel
import Glibc
import Sandbox
import Testing

@testable import Scheduler

@Suite struct InvocationStateTests {
    /// A report as the kernel gives it, and what it means when Mayfly had no part in it.
    struct Ending: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var ending: ExitReport.Ending
        var oomKilled = false
        var outcome: Outcome
        var exitCode: Int?
        var signal: Int?
    }

    private static let endings: [Ending] = [
        Ending(testDescription: "exit 0", ending: .exited(code: 0), outcome: .ok, exitCode: 0),
        Ending(testDescription: "exit 1", ending: .exited(code: 1), outcome: .exit, exitCode: 1),
        Ending(testDescription: "exit 42", ending: .exited(code: 42), outcome: .exit, exitCode: 42),
        Ending(testDescription: "SIGSEGV", ending: .signalled(SIGSEGV), outcome: .signal, signal: 11),
        Ending(
            testDescription: "SIGKILL by a stranger",
            ending: .signalled(SIGKILL),
            outcome: .signal,
            signal: 9
        ),
        Ending(
            testDescription: "SIGKILL by the memory limit",
            ending: .signalled(SIGKILL),
            oomKilled: true,
            outcome: .oom,
            signal: 9
        ),
        Ending(
            testDescription: "a shell whose child met the memory limit",
            ending: .exited(code: 137),
            oomKilled: true,
            outcome: .oom,
            exitCode: 137
        ),
        Ending(
            testDescription: "a program that survived its child's end by memory",
            ending: .exited(code: 0),
            oomKilled: true,
            outcome: .ok,
            exitCode: 0
        ),
        Ending(
            testDescription: "not found",
            ending: .execFailed(errorNumber: ENOENT),
            outcome: .exit,
            exitCode: 127
        ),
        Ending(
            testDescription: "not runnable",
            ending: .execFailed(errorNumber: EACCES),
            outcome: .exit,
            exitCode: 126
        ),
        Ending(
            testDescription: "no program for this machine",
            ending: .execFailed(errorNumber: ENOEXEC),
            outcome: .exit,
            exitCode: 126
        ),
        Ending(testDescription: "lost", ending: .lost(reason: "spawner"), outcome: .lost),
    ]

    private func report(_ ending: ExitReport.Ending, oomKilled: Bool = false) -> ExitReport {
        var report = ExitReport(ending: ending)
        report.oomKilled = oomKilled
        return report
    }

    @Test("every way to end is told apart", arguments: endings)
    func verdict(_ row: Ending) {
        var state = InvocationState(outputMax: 100)
        let verdict = state.ended(report(row.ending, oomKilled: row.oomKilled), program: "/hello")
        #expect(verdict.outcome == row.outcome)
        #expect(verdict.exitCode == row.exitCode)
        #expect(verdict.signal == row.signal)
    }

    @Test("a command that is not in the image is named in the log")
    func execNote() throws {
        var state = InvocationState(outputMax: 100)
        let verdict = state.ended(report(.execFailed(errorNumber: ENOENT)), program: "/hello")
        let note = try #require(verdict.note)
        #expect(note.contains("'/hello'") && note.contains("CMD was not found") && note.contains("127"))
    }

    @Test("an interpreter that is not in the image is named in the log")
    func interpreterNote() throws {
        var state = InvocationState(outputMax: 100)
        var ended = report(.execFailed(errorNumber: ENOENT))
        ended.missingInterpreter = "/lib64/ld-linux-x86-64.so.2"
        let note = try #require(state.ended(ended, program: "/hello").note)
        #expect(note.contains("needs '/lib64/ld-linux-x86-64.so.2'") && note.contains("127"), "\(note)")
    }

    @Test("after the timeout comes the stop signal, after the grace SIGKILL, and the outcome is timeout")
    func timeout() {
        var state = InvocationState(outputMax: 100)
        #expect(state.stopRequested(.timeout) == .signalThenWait)
        #expect(state.stopRequested(.cancelled) == .none)
        #expect(state.graceEnded() == .kill)
        #expect(state.graceEnded() == .none)
        #expect(state.ended(report(.signalled(SIGKILL)), program: "x").outcome == .timeout)
    }

    @Test("a function that obeys the stop signal is not killed, and timed out all the same")
    func obedient() {
        var state = InvocationState(outputMax: 100)
        _ = state.stopRequested(.timeout)
        let verdict = state.ended(report(.exited(code: 0)), program: "x")
        #expect(verdict.outcome == .timeout)
        #expect(verdict.exitCode == 0)
        #expect(state.graceEnded() == .none)
    }

    @Test("a caller who goes away has the function stopped")
    func cancelled() {
        var state = InvocationState(outputMax: 100)
        #expect(state.stopRequested(.cancelled) == .signalThenWait)
        #expect(state.ended(report(.signalled(SIGTERM)), program: "x").outcome == .cancelled)
    }

    @Test("output over the limit is dropped, the function killed, and the limit named")
    func outputLimit() {
        var state = InvocationState(outputMax: 100)
        #expect(state.outputReceived(bytes: 60) == .pass)
        #expect(state.outputReceived(bytes: 40) == .pass)
        #expect(state.outputReceived(bytes: 1) == .exceeded)
        #expect(state.bytesOut == 100)
        let verdict = state.ended(report(.exited(code: 0)), program: "x")
        #expect(verdict.outcome == .signal)
        #expect(verdict.signal == 9 && verdict.exitCode == nil)
        #expect(verdict.limit == .output)
        #expect(verdict.note?.contains("limits.output") == true)
    }

    @Test(
        "a body that cannot be read kills at once, with its cause",
        arguments: [
            (RequestBodyFailure.malformed, InvocationCause.bodyMalformed), (.stalled, .bodyStalled),
        ]
    )
    func bodyFailure(_ failure: RequestBodyFailure, _ cause: InvocationCause) {
        var state = InvocationState(outputMax: 100)
        #expect(state.stopRequested(.body(failure)) == .kill)
        let verdict = state.ended(report(.signalled(SIGKILL)), program: "x")
        #expect(verdict.outcome == .cancelled)
        #expect(verdict.cause == cause)
    }

    @Test("a body over the limit kills at once and is the cause in the record")
    func bodyLimit() {
        var state = InvocationState(outputMax: 100)
        #expect(state.stopRequested(.bodyLimit) == .kill)
        let verdict = state.ended(report(.signalled(SIGKILL)), program: "x")
        #expect(verdict.outcome == .platform)
        #expect(verdict.cause == .bodyTooLarge)
    }

    @Test("a kill during the grace keeps the first cause")
    func killDuringGrace() {
        var state = InvocationState(outputMax: 100)
        _ = state.stopRequested(.timeout)
        #expect(state.killRequested(.cancelled) == .kill)
        #expect(state.killRequested(.cancelled) == .none)
        #expect(state.ended(report(.signalled(SIGKILL)), program: "x").outcome == .timeout)
    }

    @Test("nothing is sent after the end")
    func afterEnd() {
        var state = InvocationState(outputMax: 100)
        _ = state.ended(report(.exited(code: 0)), program: "x")
        #expect(state.stopRequested(.timeout) == .none)
        #expect(state.killRequested(.cancelled) == .none)
        #expect(state.graceEnded() == .none)
    }
}
