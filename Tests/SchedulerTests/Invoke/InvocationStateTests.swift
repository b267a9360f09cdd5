// SPDX-License-Identifier: Apache-2.0
// One invocation's end: every way to end is distinguished.

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

    @Test("every way to end is distinguished", arguments: endings)
    func verdict(_ row: Ending) {
        let end = ContainerEnd(report(row.ending, oomKilled: row.oomKilled), program: "/hello")
        let verdict = InvocationState(outputMax: 100).verdict(end, nil)
        #expect(verdict.outcome == row.outcome)
        #expect(verdict.exitCode == row.exitCode)
        #expect(verdict.signal == row.signal)
    }

    @Test("a command that is not in the image is named in the log")
    func execNote() throws {
        let note = try #require(verdict(.execFailed(errorNumber: ENOENT), nil).note)
        #expect(note.contains("'/hello' is not in the container") && note.contains("127"))
    }

    private func verdict(_ ending: ExitReport.Ending, _ cause: StopCause?) -> InvocationState.Verdict {
        InvocationState(outputMax: 100).verdict(ContainerEnd(report(ending), program: "/hello"), cause)
    }

    @Test(
        "whatever PID 1 made of the stop signal, the cause is the outcome",
        arguments: [
            (StopCause.timeout, Outcome.timeout, InvocationCause?.none), (.cancelled, .cancelled, nil),
            (.inputLimit, .platform, .bodyTooLarge), (.inputMalformed, .cancelled, .bodyMalformed),
            (.inputStalled, .cancelled, .bodyStalled), (.outputLimit, .signal, nil),
        ] as [(StopCause, Outcome, InvocationCause?)],
        [ExitReport.Ending.exited(code: 0), .signalled(SIGTERM), .signalled(SIGKILL)]
    )
    func stopped(_ row: (StopCause, Outcome, InvocationCause?), _ ending: ExitReport.Ending) {
        let verdict = verdict(ending, row.0)
        #expect(verdict.outcome == row.1)
        #expect(verdict.cause == row.2)
    }

    @Test("output over the limit is dropped, and the limit named")
    func outputLimit() {
        var state = InvocationState(outputMax: 100)
        #expect(state.outputReceived(bytes: 60) == .pass)
        #expect(state.outputReceived(bytes: 40) == .pass)
        #expect(state.outputReceived(bytes: 1) == .exceeded)
        #expect(state.bytesOut == 100)
        let end = ContainerEnd(report(.exited(code: 0)), program: "x")
        let verdict = state.verdict(end, .outputLimit)
        #expect(verdict.signal == 9 && verdict.exitCode == nil)
        #expect(verdict.limit == .output)
        #expect(verdict.note?.contains("limits.output") == true)
    }

    @Test("an answer that breaks a rule counts when the function ended well, or was ended for it")
    func malformed() {
        var state = InvocationState(outputMax: 100)
        state.faultFound(.status)
        let ok = ContainerEnd(report(.exited(code: 0)), program: "x")
        #expect(state.verdict(ok, nil).cause == .answerMalformed)
        let killed = ContainerEnd(report(.signalled(SIGKILL)), program: "x")
        #expect(state.verdict(killed, .outputMalformed).outcome == .platform)
        #expect(state.verdict(killed, nil).outcome == .signal, "a crash is worse")
        #expect(state.verdict(killed, .timeout).outcome == .timeout)
        #expect(state.verdict(ok, nil).note?.contains(ResponseFault.status.rawValue) == true)
    }
}
