// SPDX-License-Identifier: Apache-2.0
// Output, its readers and the end, in every order in which they can meet.

import NIOCore
import Testing

@testable import Sandbox

@Suite("A sandbox's output")
struct OutputStateTests {
    /// Asks with `makeWaiter`, and lets `events` happen before and after.
    private func collect(limit: Int, _ events: @escaping @Sendable (inout OutputState) -> [OutputState.Wake])
        async
        -> WarmSandbox.Collected
    {
        await withCheckedContinuation { continuation in
            var state = OutputState()
            let first = state.wait(.collect(limit: limit, continuation))
            let rest = events(&state)
            first.resume()
            for wake in rest { wake.resume() }
        }
    }

    private let report = ExitReport(ending: .exited(code: 0))

    @Test(
        "is complete only with both the end of the pipe and the exit, in either order",
        arguments: [true, false]
    )
    func completion(exitFirst: Bool) async {
        let report = report
        let collected = await collect(limit: 100) { state in
            let bytes = state.received(ByteBuffer(string: "hi"))
            let end = exitFirst ? state.exited(report) : state.received(nil)
            let other = exitFirst ? state.received(nil) : state.exited(report)
            return [bytes, end, other]
        }
        guard case .complete(let output, report) = collected else {
            Issue.record("\(collected)")
            return
        }
        #expect(String(buffer: output) == "hi")
    }

    @Test("opens when one byte more than the limit came")
    func overflow() async {
        let collected = await collect(limit: 3) { state in
            [state.received(ByteBuffer(string: "abc")), state.received(ByteBuffer(string: "d"))]
        }
        guard case .open(let output) = collected else {
            Issue.record("\(collected)")
            return
        }
        #expect(String(buffer: output) == "abcd")
    }

    @Test("is not read without a caller while the buffer is full")
    func backpressure() {
        var state = OutputState()
        let fact9 = state.wantsMore
        #expect(fact9)
        _ = state.received(ByteBuffer(repeating: 0, count: OutputState.bufferedBytesMax))
        let fact10 = !state.wantsMore
        #expect(fact10)
    }

    @Test("a late reader gets the buffered output at once")
    func lateReader() async {
        let piece = await withCheckedContinuation { continuation in
            var state = OutputState()
            _ = state.received(ByteBuffer(string: "early"))
            state.wait(.piece(continuation)).resume()
        }
        #expect(piece.map { String(buffer: $0) } == "early")
    }

    @Test("a reader at the end gets nil")
    func end() async {
        let piece = await withCheckedContinuation { continuation in
            var state = OutputState()
            _ = state.received(nil)
            state.wait(.piece(continuation)).resume()
        }
        #expect(piece == nil)
    }

    @Test("one caller can await the end while another one reads, and both are resumed")
    func exitBesideReader() async {
        let sink = AsyncStream<String>.makeStream()
        Task {
            let report = await withCheckedContinuation { (exit: CheckedContinuation<ExitReport, Never>) in
                Task {
                    let piece = await withCheckedContinuation {
                        (piece: CheckedContinuation<ByteBuffer?, Never>) in
                        var state = OutputState()
                        state.wait(.piece(piece)).resume()
                        state.waitForExit(exit).resume()
                        state.received(ByteBuffer(string: "last")).resume()
                        state.exited(ExitReport(ending: .exited(code: 7))).resume()
                        state.exitTold().resume()
                    }
                    sink.continuation.yield(piece.map { String(buffer: $0) } ?? "nothing")
                }
            }
            sink.continuation.yield("\(report.ending)")
        }
        var seen: Set<String> = []
        for await text in sink.stream {
            seen.insert(text)
            if seen.count == 2 { break }
        }
        #expect(seen == ["last", "exit code 7"])
    }
}
