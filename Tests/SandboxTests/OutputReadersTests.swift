// SPDX-License-Identifier: Apache-2.0
// The callers that wait for a sandbox's output are resumed by the event they wait for.

import NIOCore
import Testing

@testable import Sandbox

@Suite("The readers of a sandbox's output")
struct OutputReadersTests {
    private let report = ExitReport(ending: .exited(code: 7))

    @Test("a caller that collects is resumed by the event that makes it complete, and only once")
    func collect() async {
        let report = report
        let collected = await withCheckedContinuation { continuation in
            var readers = OutputReaders()
            readers.wait(.collect(limit: 100, continuation)).resume()
            readers.received(ByteBuffer(string: "hi")).resume()
            readers.received(nil).resume()
            readers.exited(report).resume()
            readers.received(nil).resume()
        }
        #expect(collected == .complete(ByteBuffer(string: "hi"), report))
    }

    @Test("a late reader gets the buffered output at once, and nil at the end")
    func lateReader() async {
        for (output, expected) in [(ByteBuffer(string: "early"), ByteBuffer(string: "early")), (nil, nil)] {
            let piece = await withCheckedContinuation { continuation in
                var readers = OutputReaders()
                readers.received(output).resume()
                readers.wait(.piece(continuation)).resume()
            }
            #expect(piece == expected)
        }
    }

    @Test("one caller can await the end while another one reads, and both are resumed")
    func exitBesideReader() async {
        let pieces = AsyncStream<ByteBuffer?>.makeStream()
        let report = report
        let ending = await withCheckedContinuation { (exit: CheckedContinuation<ExitReport, Never>) in
            Task {
                let piece = await withCheckedContinuation { piece in
                    var readers = OutputReaders()
                    readers.wait(.piece(piece)).resume()
                    readers.waitForExit(exit).resume()
                    readers.received(ByteBuffer(string: "last")).resume()
                    readers.exited(report).resume()
                    readers.exitWake().resume()
                }
                pieces.continuation.yield(piece)
            }
        }
        #expect(ending == report)
        var seen = pieces.stream.makeAsyncIterator()
        #expect(await seen.next() == ByteBuffer(string: "last"))
    }

    @Test(
        "the end of an invocation whose program runs on is reported once; the next one waits for the next end"
    )
    func returned() async {
        let first = await withCheckedContinuation { (exit: CheckedContinuation<ExitReport, Never>) in
            var readers = OutputReaders()
            readers.returned().resume()
            readers.waitForExit(exit).resume()
        }
        #expect(first.ending == .returned)
        let report = report
        let second = await withCheckedContinuation { (exit: CheckedContinuation<ExitReport, Never>) in
            var readers = OutputReaders()
            readers.returned().resume()
            readers.assigned()
            readers.waitForExit(exit).resume()
            readers.exited(report).resume()
            readers.exitWake().resume()
        }
        #expect(second == report)
    }

    @Test("several callers can await the end, before it and after it")
    func exits() async {
        let report = report
        let early = await withCheckedContinuation { (first: CheckedContinuation<ExitReport, Never>) in
            Task {
                let second = await withCheckedContinuation { second in
                    var readers = OutputReaders()
                    readers.waitForExit(first).resume()
                    readers.waitForExit(second).resume()
                    readers.exited(report).resume()
                    readers.exitWake().resume()
                    readers.exitWake().resume()
                }
                #expect(second == report)
            }
        }
        #expect(early == report)
        let late = await withCheckedContinuation { continuation in
            var readers = OutputReaders()
            readers.exited(report).resume()
            readers.waitForExit(continuation).resume()
        }
        #expect(late == report)
    }
}
