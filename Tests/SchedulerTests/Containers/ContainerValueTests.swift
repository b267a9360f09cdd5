// SPDX-License-Identifier: Apache-2.0
// Containers without containers: the queue of output, exit codes, requests and environments.

import Foundation
import FunctionModel
import Glibc
import ImageStore
import Logging
import NIOCore
import Sandbox
import Testing

@testable import Scheduler

@Suite("A container")
struct ContainerValueTests {
    private func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0, count: count) }

    @Test("gives its output in the order in which it came, then its end")
    func order() {
        var queue = OutputQueueState()
        #expect(queue.take() == .wait)
        queue.add(.output(ByteBuffer(string: "a")))
        queue.add(.errors(ByteBuffer(string: "b")))
        queue.add(.output(ByteBuffer()))
        #expect(queue.take() == .piece(.output(ByteBuffer(string: "a"))))
        queue.end()
        #expect(queue.take() == .piece(.errors(ByteBuffer(string: "b"))))
        #expect(queue.take() == .end)
    }

    @Test("waits while its caller does not read, and continues when it does")
    func bound() {
        var queue = OutputQueueState()
        queue.add(.output(bytes(OutputQueueState.bytesMax - 1)))
        #expect(!queue.isFull)
        queue.add(.errors(bytes(1)))
        #expect(queue.isFull)
        _ = queue.take()
        #expect(!queue.isFull)
    }

    @Test("keeps nothing for a caller that is gone")
    func closed() {
        var queue = OutputQueueState()
        queue.add(.output(bytes(10)))
        queue.close()
        #expect(queue.take() == .end)
        queue.add(.output(bytes(OutputQueueState.bytesMax)))
        #expect(!queue.isFull && queue.take() == .end)
    }

    @Test("ends with Docker's exit code and what it does not say")
    func codes() {
        let missing = ContainerEnd(ExitReport(ending: .execFailed(errorNumber: ENOENT)), program: "/x")
        #expect(ContainerEndReport(missing).exitCode == 127)
        #expect(ContainerEndReport(missing).reason?.contains("'/x' is not in the container") == true)
        let exited = ContainerEnd(ExitReport(ending: .exited(code: 7)), program: "/x")
        #expect(ContainerEndReport(exited) == ContainerEndReport(exitCode: 7))
    }

    @Test("killed over its memory says so")
    func outOfMemory() {
        var report = ExitReport(ending: .signalled(SIGKILL))
        report.oomKilled = true
        #expect(
            ContainerEndReport(ContainerEnd(report, program: "x")).reason
                == "the container used too much memory"
        )
    }

    private static func overrides(_ request: ContainerRequest) throws(ContainerError) -> ContainerOverrides {
        try ContainerPlans.overrides(
            request,
            id: "0123456789abcdef",
            folders: ContainerFolders(
                dataDirectory: "/data/x",
                trees: .direct,
                logger: Logger(label: "test")
            ),
            hasLayer: false
        )
    }

    @Test("has what the caller says, a step's limits and capabilities, and the terminal's kind")
    func overrides() throws {
        var request = ContainerRequest(image: "x")
        request.environment = ["A=2", "=bad", "none"]
        request.entrypoint = ["e"]
        request.command = ["c"]
        request.volumes = [try ContainerVolume("/b:/m/in:ro"), try ContainerVolume("/a:/m")]
        request.hasTerminal = true
        request.network = .egress
        let image = ContainerImage(
            rootfs: "/r",
            account: ContainerAccount(user: ContainerUser(uid: 5), home: "/h")
        )
        let plan = try ContainerPlanner.plan(image, Self.overrides(request))
        #expect(plan.arguments == ["e", "c"])
        #expect(
            plan.command.environment == [
                "A=2", "HOME=/h", "HOSTNAME=0123456789ab", "PATH=" + ContainerPlanner.defaultPath,
                "TERM=xterm",
            ]
        )
        #expect(plan.sandbox.mounts.map(\.target) == ["/m", "/m/in"])
        #expect(plan.sandbox.mounts.map(\.readOnly) == [false, true])
        #expect(plan.sandbox.limits.disk == plan.sandbox.limits.memory)
        #expect(plan.sandbox.capabilities == Capabilities.ofRoot)
        #expect(plan.sandbox.network == .egress && plan.sandbox.hasTerminal)
    }

    @Test(
        "is refused before anything is unpacked when a volume is nowhere",
        arguments: [
            ("/a:/proc/x", "/proc/x"), ("/a:m", "m"), ("/etc:/m", "/etc"), ("/:/m", "/"),
            ("/run/x:/m", "/run/x"),
            ("/usr/.:/m", "/usr/."), ("/a/../etc:/m", "/a/../etc"), ("/data:/m", "/data"),
            ("/data/x/y:/m", "/data/x/y"),
        ]
    )
    func refusedVolumes(text: String, named: String) throws {
        var request = ContainerRequest(image: "x")
        request.volumes = [try ContainerVolume(text)]
        do throws(ContainerError) {
            _ = try Self.overrides(request)
            Issue.record("accepted")
        } catch {
            guard case .invalid(let reason) = error else { throw error }
            #expect(reason.field == "volume" && reason.value == named)
        }
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
