// SPDX-License-Identifier: Apache-2.0
// Attached containers without containers: the queue, exit codes, requests and environments.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Sandbox
import Testing

@testable import Scheduler

@Suite("An attached container")
struct AttachValueTests {
    private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0, count: count) }

    @Test("gives its output in the order in which it came, then its end")
    func order() {
        var queue = AttachQueueState()
        #expect(queue.take() == .wait)
        queue.add(.output(ByteBuffer(string: "a")))
        queue.add(.errors(ByteBuffer(string: "b")))
        queue.add(.output(ByteBuffer()))
        #expect(queue.take() == .piece(.output(ByteBuffer(string: "a"))))
        queue.end()
        #expect(queue.take() == .piece(.errors(ByteBuffer(string: "b"))))
        #expect(queue.take() == .end)
    }

    @Test("waits while its caller does not read, and goes on when it does")
    func bound() {
        var queue = AttachQueueState()
        queue.add(.output(bytes(AttachQueueState.bytesMax - 1)))
        #expect(!queue.isFull)
        queue.add(.errors(bytes(1)))
        #expect(queue.isFull)
        _ = queue.take()
        #expect(!queue.isFull)
    }

    @Test("keeps nothing for a caller that is gone")
    func closed() {
        var queue = AttachQueueState()
        queue.add(.output(bytes(10)))
        queue.close()
        #expect(queue.take() == .end)
        queue.add(.output(bytes(AttachQueueState.bytesMax)))
        #expect(!queue.isFull && queue.take() == .end)
    }

    @Test(
        "ends with Docker's exit codes",
        arguments: [
            (ExitReport.Ending.exited(code: 7), Int32(7)), (.signalled(SIGKILL), 137),
            (.execFailed(errorNumber: ENOENT), 127), (.execFailed(errorNumber: EACCES), 126),
            (.lost(reason: "gone"), 125),
        ]
    )
    func codes(ending: ExitReport.Ending, code: Int32) {
        #expect(AttachEnd(ExitReport(ending: ending), program: "x").exitCode == code)
    }

    @Test("names the interpreter that the container lacks, with what nobody sees in an editor")
    func interpreter() {
        var report = ExitReport(ending: .execFailed(errorNumber: ENOENT))
        #expect(AttachEnd(report, program: "/x").reason == "'/x' is not in the container")
        report.missingInterpreter = "/bin/sh\r"
        #expect(
            AttachEnd(report, program: "/x").reason
                == #"'/x' needs '/bin/sh\r', which is not in the container (save the file with Unix line ends)"#
        )
    }

    @Test("killed over its memory says so")
    func outOfMemory() {
        var report = ExitReport(ending: .signalled(SIGKILL))
        report.oomKilled = true
        #expect(AttachEnd(report, program: "x").reason == "the container used too much memory")
    }

    @Test("has the caller's variables over the image's, and what every process needs")
    func environment() {
        var request = ContainerRequest(image: "x")
        request.environment = ["A=2", "=bad", "none"]
        request.hasTerminal = true
        #expect(
            PreparedContainer.environment(request, ["A=1", "B=3", "PATH=/p"], home: "/h") == [
                "A=2", "B=3", "HOME=/h", "HOSTNAME=container", "PATH=/p", "TERM=xterm",
            ]
        )
    }

    @Test("is asked for in JSON, where only the image has to be said")
    func json() throws {
        let least = try JSONDecoder().decode(ContainerRequest.self, from: Data(#"{"image":"x"}"#.utf8))
        #expect(least == ContainerRequest(image: "x"))
        var whole = least
        whole.volumes = [try ContainerVolume("/a:/b:ro")]
        whole.network = .egress
        whole.hasTerminal = true
        let text = try JSONEncoder().encode(whole)
        #expect(try JSONDecoder().decode(ContainerRequest.self, from: text) == whole)
    }

    @Test("refuses malformed volumes", arguments: ["", "/a", "/a:", ":/b", "/a:/b:rw:x", "/a:/b:nosuid"])
    func volumes(text: String) {
        #expect(throws: ModelError.self) { try ContainerVolume(text) }
    }
}
