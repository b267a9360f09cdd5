// SPDX-License-Identifier: Apache-2.0
// The output of a run, without a container.

import Glibc
import NIOCore
import Testing

@testable import Scheduler

@Suite("The output of a run")
struct RunCaptureTests {
    @Test("is collected, and stderr is cut at its bound")
    func collected() async {
        let capture = RunCapture(isStreamed: false)
        await capture.output(ByteBuffer(string: "out"), isCut: false)
        capture.errors(ByteBuffer(string: "abc"), max: 5)
        #expect(!capture.collected.isTruncated)
        capture.errors(ByteBuffer(string: "defg"), max: 5)
        capture.errors(ByteBuffer(string: "h"), max: 5)
        let (output, errors, isTruncated) = capture.collected
        #expect(String(buffer: output) == "out" && String(buffer: errors) == "abcde" && isTruncated)
    }

    @Test("comes as it is written where it is streamed, and is not kept")
    func streamed() async {
        let capture = RunCapture(isStreamed: true)
        await capture.output(ByteBuffer(string: "a"), isCut: false)
        capture.errors(ByteBuffer(string: "b"), max: 1)
        capture.errors(ByteBuffer(string: "c"), max: 1)
        capture.end()
        #expect(await capture.next() == .output(ByteBuffer(string: "a")))
        #expect(await capture.next() == .errors(ByteBuffer(string: "b")))
        #expect(await capture.next() == nil)
        #expect(capture.collected.output.readableBytes == 0 && capture.collected.isTruncated)
    }

    @Test("a file that fails for the host's reasons is not its caller's mistake")
    func hostFaults() {
        for number in [0, EMFILE, ENFILE, EIO, ENOMEM] { #expect(Dispatcher.isHostFault(number)) }
        for number in [ENOENT, ELOOP, EINVAL, ENOSPC, EACCES] { #expect(!Dispatcher.isHostFault(number)) }
    }

    @Test("begins with the command, or never", arguments: [true, false])
    func begin(isStarted: Bool) async {
        for waitsFirst in [true, false] {
            let capture = RunCapture(isStreamed: true)
            let waiter = waitsFirst ? Task { await capture.begun() } : nil
            if waitsFirst { await Task.yield() }
            if isStarted { capture.started() }
            capture.end()
            let hasBegun = if let waiter { await waiter.value } else { await capture.begun() }
            #expect(hasBegun == isStarted)
        }
    }

    @Test("of a reader that went away is dropped, and does not hold the container up")
    func closed() async {
        let capture = RunCapture(isStreamed: true)
        capture.close()
        for _ in 0..<3 {
            await capture.output(ByteBuffer(repeating: 1, count: OutputQueueState.bytesMax), isCut: false)
        }
        #expect(await capture.next() == nil)
    }
}
