// SPDX-License-Identifier: Apache-2.0
// Output, its readers and the end, in every order in which they can meet.

import NIOCore
import Testing

@testable import Sandbox

@Suite("A sandbox's output")
struct OutputStateTests {
    private let report = ExitReport(ending: .exited(code: 0))

    @Test(
        "is complete only with both the end of the pipe and the exit, in either order",
        arguments: [true, false]
    )
    func completion(exitFirst: Bool) {
        var state = OutputState()
        state.received(ByteBuffer(string: "hi"))
        #expect(state.collect(upTo: 100) == nil)
        if exitFirst { state.exited(report) } else { state.received(nil) }
        #expect(state.collect(upTo: 100) == nil)
        if exitFirst { state.received(nil) } else { state.exited(report) }
        #expect(state.collect(upTo: 100) == .complete(ByteBuffer(string: "hi"), report))
    }

    @Test("opens when one byte more than the limit came")
    func overflow() {
        var state = OutputState()
        state.received(ByteBuffer(string: "abc"))
        #expect(state.collect(upTo: 3) == nil)
        state.received(ByteBuffer(string: "d"))
        #expect(state.collect(upTo: 3) == .open(ByteBuffer(string: "abcd")))
    }

    @Test("is not read without a caller while the buffer is full")
    func backpressure() {
        var state = OutputState()
        state.received(ByteBuffer(repeating: 0, count: OutputState.bufferedBytesMax - 1))
        #expect(state.wantsMore)
        state.received(ByteBuffer(repeating: 0, count: 1))
        #expect(!state.wantsMore)
    }

    @Test("is read up to one byte more than a caller collects, and after its answer up to the buffer's size")
    func largeLimit() {
        let limit = 2 * OutputState.bufferedBytesMax
        var state = OutputState()
        #expect(state.collect(upTo: limit) == nil)
        state.received(ByteBuffer(repeating: 0, count: limit))
        #expect(state.wantsMore)
        state.received(ByteBuffer(repeating: 0, count: 1))
        #expect(!state.wantsMore)
        guard case .open(let output) = state.collect(upTo: limit) else {
            Issue.record("nothing was collected")
            return
        }
        #expect(output.readableBytes == limit + 1)
        state.received(ByteBuffer(repeating: 0, count: OutputState.bufferedBytesMax))
        #expect(!state.wantsMore)
    }

    @Test("is not read after its end")
    func readsNoFurther() {
        var state = OutputState()
        state.received(nil)
        #expect(!state.wantsMore)
    }

    @Test("a reader gets the buffered output at once, then waits, then gets the end")
    func pieces() {
        var state = OutputState()
        #expect(state.piece() == .wait)
        state.received(ByteBuffer(string: "early"))
        #expect(state.piece() == .bytes(ByteBuffer(string: "early")))
        #expect(state.piece() == .wait)
        state.received(ByteBuffer(string: "last"))
        state.received(nil)
        #expect(state.piece() == .bytes(ByteBuffer(string: "last")))
        #expect(state.piece() == .end)
    }

    @Test("keeps the first report of its exit")
    func firstReport() {
        var state = OutputState()
        state.exited(report)
        state.exited(ExitReport(ending: .lost(reason: "later")))
        #expect(state.report == report)
    }
}
