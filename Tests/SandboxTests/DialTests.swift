// SPDX-License-Identifier: Apache-2.0
// Connections into a sandbox and sockets that listen inside it, with real servers and clients in real containers.

import CSandbox
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("A port inside a sandbox", .enabled(if: TestHost.isRoot), .serialized)
struct DialTests {
    private static let waitMax = Duration.seconds(10)

    @Test(
        "is reached from outside, in a slot that shared the empty network and in one that did not",
        arguments: [false, true]
    )
    func dialled(sharesEmptyNetwork: Bool) async throws {
        try await Self.with(sharesEmptyNetwork: sharesEmptyNetwork) { slot in
            for turn in 1...2 {
                let sandbox = try await slot.makeSandbox()
                try sandbox.start(Self.command("busybox nc -l -p 7000; busybox ls -l /proc/$$/fd")) { _ in }
                let connection = try await Self.dial(sandbox, 7000)
                try sandbox.assign()
                #expect(await sandbox.write(ByteBuffer(string: "pong")))
                #expect(write(connection.raw, "ping", 4) == 4)
                #expect(try await Self.read(connection.raw, 4) == "pong")
                shutdown(connection.raw, Int32(SHUT_WR))
                sandbox.closeInput()
                guard case .complete(let output, let report) = await sandbox.collect(upTo: 4096) else {
                    Issue.record("more output than written")
                    return
                }
                let text = String(buffer: output)
                #expect(text.hasPrefix("ping"), "turn \(turn)")
                // Nothing of the gateway's is in there.
                #expect(!text.contains("socket:"), "\(text)")
                #expect(report.ending == .exited(code: 0))
            }
        }
    }

    @Test(
        "is reached where its server listens on ::1 only",
        .enabled(if: access("/proc/net/if_inet6", F_OK) == 0, "needs IPv6"),
        arguments: [false, true]
    )
    func overIPv6(sharesEmptyNetwork: Bool) async throws {
        try await Self.with(sharesEmptyNetwork: sharesEmptyNetwork) { slot in
            let sandbox = try await slot.makeSandbox()
            try sandbox.start(Self.command("exec busybox httpd -f -p '[::1]:7000'")) { _ in }
            let connection = try await Self.dial(sandbox, 7000)
            #expect(write(connection.raw, "GET / HTTP/1.0\r\n\r\n", 18) == 18)
            #expect(try await Self.read(connection.raw, 7) == "HTTP/1.")
            sandbox.kill()
        }
    }

    @Test("without a listener is refused at once, and the sandbox continues", arguments: [false, true])
    func refused(sharesEmptyNetwork: Bool) async throws {
        try await Self.with(sharesEmptyNetwork: sharesEmptyNetwork) { slot in
            let sandbox = try await slot.makeSandbox()
            try sandbox.start(Self.command("echo up; cat")) { _ in }
            _ = await sandbox.nextOutput()
            await Self.expect(ECONNREFUSED) { try await sandbox.dial(port: 7001) }
            await Self.expect(EINVAL) { try await sandbox.dial(port: 0) }
            try sandbox.assign()
            sandbox.closeInput()
            #expect(await sandbox.exit().ending == .exited(code: 0))
        }
    }

    @Test("can be listened on before the program starts, which then connects to it")
    func listening() async throws {
        try await Self.with(sharesEmptyNetwork: false) { slot in
            let sandbox = try await slot.makeSandbox()
            let listener = try await sandbox.listen(port: 9001)
            await Self.expect(EADDRINUSE) { try await sandbox.listen(port: 9001) }
            try sandbox.release(Self.command("probe tcp 127.0.0.1 9001")) { _ in }
            sandbox.closeInput()
            guard case .complete(let output, _) = await sandbox.collect(upTo: 64) else {
                Issue.record("no end")
                return
            }
            #expect(String(buffer: output) == "0 0\n")
            let accepted = accept(listener.raw, nil, nil)
            #expect(accepted >= 0)
            close(accepted)
        }
    }

    @Test("is not there in a slot that shares the empty network, until the program was executed")
    func sharing() async throws {
        try await Self.with(sharesEmptyNetwork: true) { slot in
            let sandbox = try await slot.makeSandbox()
            await Self.expect(EAGAIN) { try await sandbox.listen(port: 9001) }
            await Self.expect(EAGAIN) { try await sandbox.dial(port: 9001) }
            try sandbox.start(Self.command("echo up; cat")) { _ in }
            _ = await sandbox.nextOutput()
            _ = try await sandbox.listen(port: 9001)
            sandbox.kill()
            _ = await sandbox.exit()
        }
    }

    @Test("whose server accepts nothing holds the slot up for a bounded time only")
    func fullBacklog() async throws {
        try await Self.with(sharesEmptyNetwork: false) { slot in
            let sandbox = try await slot.makeSandbox()
            let listener = try await sandbox.listen(port: 9001)
            var held: [Int32] = []
            defer { held.forEach { close($0) } }
            let begin = ContinuousClock.now
            var failure: SandboxError?
            while failure == nil, held.count < 1000 {
                do throws(SandboxError) { held.append(try await sandbox.dial(port: 9001).take()) } catch {
                    failure = error
                }
            }
            #expect(failure == .unreachable(port: 9001, errorNumber: ETIMEDOUT))
            #expect(ContinuousClock.now - begin < .seconds(5))
            #expect(listener.raw >= 0)
        }
    }

    @Test("of a sandbox that is gone, or not the slot's any more, is reported as gone")
    func gone() async throws {
        try await Self.with(sharesEmptyNetwork: false) { slot in
            let sandbox = try await slot.makeSandbox()
            try sandbox.release(Self.command("true")) { _ in }
            _ = await sandbox.exit()
            await #expect(throws: SandboxError.gone("the sandbox")) { _ = try await sandbox.dial(port: 7000) }
            _ = try await slot.makeSandbox()
            // As an answer of the slot's process.
            await #expect(throws: SandboxError.gone("the sandbox")) {
                _ = try await slot.socket(CSANDBOX_DIAL, port: 7000, sandbox: 1)
            }
            slot.retire()
            await #expect(throws: SandboxError.gone("the slot (retired)")) {
                _ = try await slot.socket(CSANDBOX_DIAL, port: 7000, sandbox: 2)
            }
        }
    }

    @Test("that was asked for leaves no network namespace to the next sandbox")
    func notKept() async throws {
        try await Self.with(sharesEmptyNetwork: false) { slot in
            let look = ["busybox", "readlink", "/proc/self/ns/net"]
            let first = try await TestHost.run(slot, look).output
            #expect(try await TestHost.run(slot, look).output == first)
            let sandbox = try await slot.makeSandbox()
            let listener = try await sandbox.listen(port: 9001)
            try sandbox.release(Self.command("true")) { _ in }
            _ = await sandbox.exit()
            let next = try await TestHost.run(slot, look).output
            #expect(next.hasPrefix("net:"))
            #expect(next != first)
            #expect(listener.raw >= 0)
        }
    }

    private static func with(sharesEmptyNetwork: Bool, _ body: (Slot) async throws -> Void) async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            let slot = try await host.spawner.makeSlot(host.plan, sharesEmptyNetwork: sharesEmptyNetwork)
            defer { slot.retire() }
            try await body(slot)
        }
    }

    private static func command(_ script: String) -> SandboxCommand {
        SandboxCommand(arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
    }

    /// A server that has just been started may not listen yet.
    private static func dial(_ sandbox: WarmSandbox, _ port: UInt16) async throws -> OwnedDescriptor {
        let deadline = ContinuousClock.now + waitMax
        while true {
            do throws(SandboxError) { return try await sandbox.dial(port: port) } catch {
                guard case .unreachable = error, ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func expect(
        _ errorNumber: Int32,
        _ ask: () async throws -> OwnedDescriptor
    ) async {
        do {
            _ = try await ask()
            Issue.record("a socket instead of errno \(errorNumber)")
        } catch {
            guard case .unreachable(_, errorNumber)? = error as? SandboxError else {
                Issue.record("\(error) instead of errno \(errorNumber)")
                return
            }
        }
    }

    private static func read(_ socket: Int32, _ count: Int) async throws -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let deadline = ContinuousClock.now + waitMax
        while true {
            let size = Glibc.read(socket, &bytes, count)
            if size >= 0 { return String(decoding: bytes.prefix(size), as: UTF8.self) }
            try #require(errno == EAGAIN && ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
