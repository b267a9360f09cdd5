// SPDX-License-Identifier: Apache-2.0
// When joined connections are closed, and which datagrams have a flow: values only.

import NIOCore
import Testing

@testable import SandboxPorts

@Suite("A pair of connections")
struct RelayStateTests {
    @Test("closes its output once all of the other side's bytes are written, and takes input further")
    func halfClose() {
        var state = RelayState()
        state.writing()
        state.writing()
        #expect(state.otherEnded() == .none)
        #expect(state.written(isComplete: true) == .none)
        #expect(state.written(isComplete: true) == .closeOutput)
        #expect(state.otherEnded() == .none)
        #expect(state.inputEnded() == .close)
    }

    @Test("that sent all it has is closed when the last answer is written, not before")
    func answerBehindEnd() {
        var state = RelayState()
        #expect(state.inputEnded() == .none)
        state.writing()
        #expect(state.otherEnded() == .none)
        #expect(state.written(isComplete: true) == .close)
    }

    @Test("whose other side is closed gets what that has sent, and is closed")
    func gone() {
        var state = RelayState()
        state.writing()
        #expect(state.otherGone() == .none)
        #expect(state.written(isComplete: true) == .close)
        var idle = RelayState()
        #expect(idle.otherGone() == .close)
    }

    @Test("that takes nothing more is closed at once")
    func failedWrite() {
        var state = RelayState()
        state.writing()
        state.writing()
        #expect(state.written(isComplete: false) == .close)
    }
}

@Suite("What a connection sends early")
struct EarlyInputTests {
    @Test("is kept in order, up to a bound")
    func bound() {
        var early = EarlyInput()
        let isFirstKept = early.read(ByteBuffer(string: "one "))
        let isSecondKept = early.read(ByteBuffer(string: "two"))
        #expect(isFirstKept && isSecondKept)
        #expect(String(buffer: early.bytes) == "one two")
        let isFilled = early.read(ByteBuffer(repeating: 0, count: EarlyInput.bytesMax - 7))
        let isOneMoreKept = early.read(ByteBuffer(repeating: 0, count: 1))
        #expect(isFilled && !isOneMoreKept)
        #expect(early.bytes.readableBytes == EarlyInput.bytesMax)
    }
}
