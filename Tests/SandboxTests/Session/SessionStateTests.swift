// SPDX-License-Identifier: Apache-2.0
// How a running container is ended: signal, grace, SIGKILL, and the cause that counts.

import Testing

@testable import Sandbox

@Suite struct SessionStateTests {
    private static let abrupt: [StopCause] = [
        .outputLimit, .inputLimit, .inputMalformed, .inputStalled, .outputMalformed, .hostDiskFull,
    ]

    @Test("after the timeout comes the stop signal, after the grace SIGKILL, and the first cause counts")
    func timeout() {
        var state = SessionState()
        #expect(state.stopRequested(.timeout) == .signalThenWait)
        #expect(state.stopRequested(.cancelled) == .none)
        #expect(state.stopRequested(.outputLimit) == .none)
        #expect(state.graceEnded() == .kill)
        #expect(state.graceEnded() == .none)
        #expect(state.ended() == .timeout)
    }

    @Test("a container that obeys the stop signal is not killed")
    func obedient() {
        var state = SessionState()
        #expect(state.stopRequested(.cancelled) == .signalThenWait)
        let isUndisturbed = state.isUndisturbed
        #expect(!isUndisturbed)
        #expect(state.ended() == .cancelled)
        #expect(state.graceEnded() == .none)
    }

    @Test("a cause that no program can answer kills at once", arguments: abrupt)
    func atOnce(_ cause: StopCause) {
        var state = SessionState()
        #expect(state.stopRequested(cause) == .kill)
        #expect(state.killRequested(.cancelled) == .none)
        #expect(state.ended() == cause)
    }

    @Test(
        "a program is handed on only when nothing was done to end it, and nothing ends it for this session then"
    )
    func handedOn() {
        var state = SessionState()
        let isHandedOn = state.handedOn()
        #expect(isHandedOn)
        #expect(state.stopRequested(.timeout) == .none)
        #expect(state.killRequested(.cancelled) == .none)
        #expect(state.ended() == nil)
        let isTwice = state.handedOn()
        #expect(!isTwice)
        var stopped = SessionState()
        _ = stopped.stopRequested(.timeout)
        let isLate = stopped.handedOn()
        #expect(!isLate)
        #expect(stopped.ended() == .timeout)
    }

    @Test("a kill during the grace keeps the first cause")
    func killDuringGrace() {
        var state = SessionState()
        _ = state.stopRequested(.timeout)
        #expect(state.killRequested(.cancelled) == .kill)
        #expect(state.killRequested(.cancelled) == .none)
        #expect(state.ended() == .timeout)
    }

    @Test("the end keeps its cause when it is asked for again, and gets none from what comes after it")
    func askedAgain() {
        var state = SessionState()
        #expect(state.killRequested(.cancelled) == .kill)
        #expect(state.ended() == .cancelled)
        #expect(state.killRequested(.timeout) == .none)
        #expect(state.ended() == .cancelled)
    }

    @Test("nothing is sent after the end, and the end has no cause of its own")
    func afterEnd() {
        var state = SessionState()
        let isUndisturbed = state.isUndisturbed
        #expect(isUndisturbed)
        #expect(state.ended() == nil)
        #expect(state.stopRequested(.timeout) == .none)
        #expect(state.killRequested(.cancelled) == .none)
        #expect(state.graceEnded() == .none)
        #expect(state.ended() == nil)
    }
}
