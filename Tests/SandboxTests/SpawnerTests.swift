// SPDX-License-Identifier: Apache-2.0
// The helper's life: garbage, death, restart, and that nothing is left. Real processes, as root.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import Logging
import Synchronization
import Testing

@testable import Sandbox

@Suite("The spawner", .enabled(if: TestHost.isRoot), .serialized)
struct SpawnerTests {
    @Test("answers garbage with an error and continues serving")
    func garbage() async throws {
        try await TestHost.with { host in
            var generator = SeededGenerator(seed: 7)
            let socket = host.spawner.state.withLock { $0.socket }
            for _ in 0..<2000 {
                let size = Int.random(in: 1...2000, using: &generator)
                var bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                // Half of them at least look like an order.
                if Bool.random(using: &generator), size > 4 {
                    bytes.replaceSubrange(
                        0..<4,
                        with: [UInt8.random(in: 0...20, using: &generator), 0, 0, 0]
                    )
                }
                _ = csandbox_send(socket, bytes, bytes.count, nil, 0)
            }
            let result = try await host.shell("echo alive")
            #expect(result.output == "alive\n")
        }
    }

    @Test(
        "refuses rootfs names that lead out of the folder",
        arguments: ["../../etc", "/etc", "busybox/../..", "absent"]
    )
    func hostileNames(name: String) async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.rootfs = host.dataDirectory + "/rootfs/" + name
            let hostile = plan
            await #expect(throws: SandboxError.self) { _ = try await host.spawner.makeSlot(hostile) }
        }
    }

    @Test("when killed ends every container, reports that, and can be started again")
    func killed() async throws {
        try await TestHost.with { host in
            let deaths = Mutex(0)
            host.spawner.onDeath { deaths.withLock { $0 += 1 } }
            let slot = try await host.spawner.makeSlot(host.plan)
            let sandbox = try await slot.makeSandbox()
            let sleep = SandboxCommand(arguments: ["busybox", "sleep", "60"], environment: ["PATH=/bin"])
            try sandbox.release(sleep) { _ in }
            kill(host.spawner.processID, SIGKILL)
            let report = await sandbox.exit()
            guard case .lost = report.ending else {
                Issue.record("\(report)")
                return
            }
            await #expect(throws: SandboxError.self) { _ = try await slot.makeSandbox() }
            try host.spawner.restart()
            #expect(try await host.shell("echo again").output == "again\n")
            #expect(deaths.withLock { $0 } == 1)
        }
    }

    @Test("continues when there are more slots than a function may have files open")
    func manySlots() async throws {
        // Two descriptors per slot stay here.
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        #expect(getrlimit(resource, &limit) == 0)
        limit.rlim_max = max(limit.rlim_max, 8192)
        limit.rlim_cur = limit.rlim_max
        #expect(setrlimit(resource, &limit) == 0)
        try await TestHost.with { host in
            var slots: [Slot] = []
            defer { for slot in slots { slot.retire() } }
            let folder = "/proc/\(host.spawner.processID)/fd"
            // 1024 is a function's soft limit.
            for _ in 0..<1040 { slots.append(try await host.spawner.makeSlot(host.plan)) }
            // Those of a complete slot would be copied, and closed again, for each new one. Before Linux 6.6
            // each keeps the one by which it asks for overlays.
            let features = host.spawner.state.withLock { $0.features }
            let perSlot = features & UInt32(CSANDBOX_FEATURE_TMPFS_ATTRIBUTES.rawValue) == 0 ? 1 : 0
            let count = try FileManager.default.contentsOfDirectory(atPath: folder).count
            #expect(count < 100 + perSlot * slots.count)
            let last = try #require(slots.last)
            let result = try await TestHost.run(last, ["sh", "-c", "ulimit -n; ls /proc/self/fd"])
            #expect(result.output.hasPrefix("1024\n0\n1\n2\n"), "\(result)")
        }
    }

    @Test("gives the place of a slot that was killed at its birth to the next one")
    func killedAtBirth() async throws {
        try await TestHost.with { host in
            for _ in 0..<10 {
                let made = Task { try await host.spawner.makeSlot(host.plan) }
                try await Self.killFirstChild(of: host.spawner.processID)
                // Whether it came that far is all the same.
                if let slot = try? await made.value { slot.retire() }
                #expect(try await host.shell("echo again").output == "again\n")
            }
        }
    }

    /// As soon as there is one: it has hardly begun then.
    private static func killFirstChild(of process: Int32) async throws {
        let file = open("/proc/\(process)/task/\(process)/children", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let deadline = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < deadline {
            var text = [UInt8](repeating: 0, count: 64)
            let size = pread(file, &text, text.count, 0)
            let first = String(decoding: text.prefix(max(0, size)), as: UTF8.self).split(separator: " ").first
            guard let child = first.flatMap({ Int32($0) }) else { continue }
            kill(child, SIGKILL)
            return
        }
    }

    @Test("that does not start leaves no process to be waited for")
    func failedStart() throws {
        let missing = FileManager.default.temporaryDirectory.path + "/mayfly-test-" + UUID().uuidString
        #expect(throws: SandboxError.self) {
            _ = try Spawner(
                host: HostEnvironment(dataDirectory: missing, makesOverlays: false),
                logger: Logger(label: "test")
            )
        }
        let children = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            // One that just ended has no file.
            let text = (try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8)) ?? ""
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            return text.contains("(mayfly-spawner)") && fields.count > 2 && Int32(fields[2]) == getpid()
        }
        #expect(children == [])
    }

    @Test("leaves no process, mount or cgroup behind")
    func nothingLeft() async throws {
        let host = try TestHost()
        let processes = [try #require(host.spawner.supervisorPID), host.spawner.processID]
        let slot = try await host.spawner.makeSlot(host.plan)
        _ = try await slot.makeSandbox()
        _ = try await host.spawner.makeSlot(host.plan)
        #expect(processes.allSatisfy { kill($0, 0) == 0 })
        #expect(host.cgroupCount > 0)
        try await host.close()
        #expect(processes.allSatisfy { kill($0, 0) != 0 })
        #expect(host.cgroupCount == 0)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(host.dataDirectory))
    }
}

/// SplitMix64: the same garbage every time.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
