// SPDX-License-Identifier: Apache-2.0
// Helper processes that are stopped (SIGSTOP): every wait for them has a bound. Real processes, as root.

import Foundation
import Glibc
import Logging
import Testing

@testable import Sandbox

@Suite("A helper that is stopped", .enabled(if: TestHost.isRoot), .serialized)
struct StoppedHelperTests {
    private static let sleep = SandboxCommand(
        arguments: ["busybox", "sleep", "60"],
        environment: ["PATH=/bin"]
    )

    /// Children of a process, all of its threads'.
    private static func children(of process: Int32) -> [Int32] {
        let path = "/proc/\(process)/task/\(process)/children"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }
    }

    private static func isGone(_ process: Int32) async throws -> Bool {
        for _ in 0..<600 where kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
        return kill(process, 0) != 0
    }

    @Test("as a slot gives its killed sandbox up, is killed, and the spawner continues")
    func slotWithSandbox() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            let process = try #require(Self.children(of: host.spawner.processID).first)
            let sandbox = try await slot.makeSandbox()
            try sandbox.release(Self.sleep) { _ in }
            kill(process, SIGSTOP)
            sandbox.kill()
            let report = await sandbox.exit()
            guard case .lost = report.ending else {
                Issue.record("\(report)")
                return
            }
            #expect(try await Self.isGone(process))
            #expect(try await host.shell("echo again").output == "again\n")
        }
    }

    @Test("as a slot that was given up is killed nevertheless")
    func retiredSlot() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            let process = try #require(Self.children(of: host.spawner.processID).first)
            kill(process, SIGSTOP)
            slot.retire()
            #expect(try await Self.isGone(process))
        }
    }

    @Test("as a slot before it is built fails the order, and the next order has another slot")
    func spareSlot() async throws {
        try await TestHost.with { host in
            host.spawner.keepSpares(1)
            var spare: Int32?
            for _ in 0..<200 where spare == nil {
                try await Task.sleep(for: .milliseconds(20))
                spare = Self.children(of: host.spawner.processID).first
            }
            let process = try #require(spare)
            kill(process, SIGSTOP)
            await #expect(throws: SandboxError.gone("the slot (it did not answer)")) {
                _ = try await host.spawner.makeSlot(host.plan)
            }
            #expect(try await Self.isGone(process))
            #expect(try await host.shell("echo again").output == "again\n")
        }
    }

    @Test("as the spawner is ended, which is reported as its death")
    func spawner() async throws {
        try await TestHost.with { host in
            let (deaths, continuation) = AsyncStream<Void>.makeStream()
            host.spawner.onDeath { continuation.yield() }
            let slot = try await host.spawner.makeSlot(host.plan)
            let process = host.spawner.processID
            kill(process, SIGSTOP)
            slot.retire()
            for await _ in deaths { break }
            #expect(try await Self.isGone(process))
        }
    }

    @Test(
        "as a supervisor is killed at the gateway's end, its spawner with it, and the next start sweeps its cgroups"
    )
    func supervisor() async throws {
        let host = try TestHost()
        let supervisor = try #require(host.spawner.supervisorPID)
        let spawner = host.spawner.processID
        kill(supervisor, SIGSTOP)
        await host.spawner.stop()
        #expect(try await Self.isGone(spawner))
        // A killed supervisor removes nothing: the next start on the data folder does.
        #expect(host.cgroupCount > 0)
        await (try Spawner(dataDirectory: host.dataDirectory, logger: Logger(label: "test"))).stop()
        #expect(host.cgroupCount == 0)
        try FileManager.default.removeItem(atPath: host.dataDirectory)
    }
}
