// SPDX-License-Identifier: Apache-2.0
// What an unprivileged gateway, or an attacker in control of it, can do with the warden. Real processes, as root.

import CSandbox
import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import Sandbox

@Suite("The warden", .enabled(if: TestHost.isRoot && Probe.hasCompiler), .serialized)
struct WardenTests {
    /// A data folder with a warden over it whose workers run a hostile program.
    private final class WardenFixture {
        let folder = FileManager.default.temporaryDirectory.path + "/mayfly-warden-" + UUID().uuidString
        let warden: Warden

        init() throws {
            for place in ["rootfs/tree", "build", "containers", "outside"] {
                try FileManager.default.createDirectory(
                    atPath: folder + "/" + place,
                    withIntermediateDirectories: true
                )
            }
            try "of root".write(toFile: folder + "/outside/secret", atomically: true, encoding: .utf8)
            chmod(folder + "/outside/secret", 0o600)
            symlink(folder + "/outside", folder + "/rootfs/link")
            try HostileWorker.compile(to: folder + "/hostile", secret: folder + "/outside/secret")
            warden = try Warden(
                dataDirectory: folder,
                serviceID: Privileges.fallbackID,
                workerProgram: folder + "/hostile"
            )
        }

        func close() async throws {
            await warden.stop()
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    private func with(_ body: (WardenFixture) async throws -> Void) async throws {
        let fixture = try WardenFixture()
        do { try await body(fixture) } catch {
            try await fixture.close()
            throw error
        }
        try await fixture.close()
    }

    /// What the hostile program wrote about its attempts, one line each.
    private func report(_ fixture: WardenFixture, isWritable: Bool = true) throws -> [String] {
        let socket = try fixture.warden.worker(in: .rootfs, name: "tree", isWritable: isWritable)
        defer { close(socket) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let size = recv(socket, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, size)), as: UTF8.self).split(separator: "\n").map(
            String.init
        )
    }

    @Test("gives a hostile worker its folder and nothing else of the host")
    func hostileWorker() async throws {
        try await with { fixture in
            let lines = try report(fixture)
            #expect(lines.contains("write inside: ok"))
            #expect(lines.contains("chown inside: ok"))
            for attempt in [
                "read a file of root", "climb out", "device", "mount in the host", "kill", "network",
                "become root",
            ] {
                #expect(lines.contains("\(attempt): refused"), "\(lines)")
            }
            var status = stat()
            #expect(lstat(fixture.folder + "/rootfs/tree/inside", &status) == 0)
            // On the disk it is an image's user, on the host it was no existing user.
            #expect(status.st_uid == 7 && status.st_gid == 8)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: fixture.folder + "/outside") == ["secret"]
            )
            let places = ["", "/rootfs", "/build"].map { fixture.folder + $0 + "/beside" }
            #expect(places.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        }
    }

    @Test("gives a worker that is to read only nothing to write to")
    func readOnly() async throws {
        try await with { fixture in
            let lines = try report(fixture, isWritable: false)
            #expect(lines.contains("write inside: refused"))
            let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folder + "/rootfs/tree")
            #expect(left.isEmpty)
        }
    }

    @Test(
        "refuses folders that lead out of their place",
        arguments: ["../outside", "/etc", "link", "tree/../../outside", "absent", "", ".."]
    )
    func hostileNames(name: String) async throws {
        try await with { fixture in
            #expect(throws: SandboxError.self) {
                close(try fixture.warden.worker(in: .rootfs, name: name, isWritable: true))
            }
        }
    }

    @Test("answers garbage with nothing or an error and continues")
    func garbage() async throws {
        try await with { fixture in
            var generator = SeededGenerator(seed: 11)
            for _ in 0..<2000 {
                let size = Int.random(in: 1...2000, using: &generator)
                var bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                // Half of them at least look like an order.
                if Bool.random(using: &generator), size > 4 {
                    let kind = UInt8.random(in: 0...UInt8(CSANDBOX_WORK.rawValue + 2), using: &generator)
                    bytes.replaceSubrange(0..<4, with: [kind, 0, 0, 0])
                }
                let descriptors: [Int32] = Bool.random(using: &generator) ? [2] : []
                _ = csandbox_send(
                    fixture.warden.socket.raw,
                    bytes,
                    bytes.count,
                    descriptors,
                    descriptors.count
                )
            }
            // Answers to the garbage are not what is waited for here.
            try await Task.sleep(for: .milliseconds(200))
            #expect(try report(fixture).contains("write inside: ok"))
            #expect(kill(fixture.warden.processID, 0) == 0)
        }
    }

    @Test("pins once: a second attempt is refused")
    func pinnedOnce() async throws {
        try await with { fixture in
            let pin = UnsafeMutablePointer<csandbox_pin>.allocate(capacity: 1)
            defer { pin.deallocate() }
            memset(pin, 0, MemoryLayout<csandbox_pin>.size)
            pin.pointee.header.kind = UInt32(CSANDBOX_PIN.rawValue)
            pin.pointee.version = CSANDBOX_PROTOCOL_VERSION
            pin.pointee.service_id = 1
            _ = FixedText.copy("/etc", into: &pin.pointee.directories.0)
            _ = FixedText.copy("/etc", into: &pin.pointee.directories.1)
            // Valid in everything else.
            let configuration = try fixture.warden.host.configuration()
            memcpy(&pin.pointee.configuration, configuration, MemoryLayout<csandbox_configure>.size)
            pin.pointee.configuration.flags &= ~UInt32(CSANDBOX_EGRESS.rawValue)
            configuration.deallocate()
            let size = MemoryLayout<csandbox_pin>.size
            #expect(csandbox_send(fixture.warden.socket.raw, pin, size, [2], 1) == 0)
            var source = pollfd(fd: fixture.warden.socket.raw, events: Int16(POLLIN), revents: 0)
            #expect(poll(&source, 1, 5000) == 1)
            let error = Packet.receive(from: fixture.warden.socket.raw) { received -> Int32? in
                guard case .packet(_, let bytes, _) = received else { return nil }
                return Packet.read(csandbox_outcome.self, bytes)?.error
            }
            #expect(error == EPROTO)
        }
    }

    @Test(
        "has supervisors refuse a configuration other than the pinned one, and one whose path has no end",
        arguments: [("/etc", EPERM), (String(repeating: "/", count: Int(CSANDBOX_PATH_MAX)), EPROTO)]
    )
    func otherConfiguration(path: String, errorNumber: Int32) async throws {
        try await with { fixture in
            let (ours, theirs) = try OwnedDescriptor.packetPair().split()
            let own = OwnedDescriptor(owning: ours)
            try fixture.warden.supervise(theirs)
            close(theirs)
            let message = try fixture.warden.host.configuration()
            defer { message.deallocate() }
            try #require(message.pointee.cgroup_count > 0)
            memset(&message.pointee.cgroups.0.path, 0, Int(CSANDBOX_PATH_MAX))
            path.withCString { _ = memcpy(&message.pointee.cgroups.0.path, $0, path.utf8.count) }
            let (end, other) = try OwnedDescriptor.packetPair().split()
            defer { close(end) }
            let ruleset = try fixture.warden.host.ruleset()
            let descriptors = [other] + (ruleset.map { [$0] } ?? [])
            let size = MemoryLayout<csandbox_configure>.size
            #expect(csandbox_send(own.raw, message, size, descriptors, descriptors.count) == 0)
            descriptors.forEach { close($0) }
            var source = pollfd(fd: own.raw, events: Int16(POLLIN), revents: 0)
            #expect(poll(&source, 1, 5000) == 1)
            let started = Packet.receive(from: own.raw) { received -> csandbox_started? in
                guard case .packet(_, let bytes, _) = received else { return nil }
                return Packet.read(csandbox_started.self, bytes)
            }
            #expect(started?.error == errorNumber)
            #expect(started?.pid == 0)
        }
    }

    @Test("has supervisors that answer garbage with an error and continue")
    func garbageForSupervisors() async throws {
        try await with { fixture in
            let (ours, theirs) = try OwnedDescriptor.packetPair().split()
            let own = OwnedDescriptor(owning: ours)
            try fixture.warden.supervise(theirs)
            close(theirs)
            var generator = SeededGenerator(seed: 13)
            let sizes = [
                MemoryLayout<csandbox_command>.size, MemoryLayout<csandbox_open_tree>.size,
                MemoryLayout<csandbox_configure>.size,
            ]
            for _ in 0..<1000 {
                let random = Int.random(in: 1...2000, using: &generator)
                let size =
                    Bool.random(using: &generator) ? random : sizes.randomElement(using: &generator) ?? 1
                var bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                if Bool.random(using: &generator), size > 4 {
                    bytes.replaceSubrange(
                        0..<4,
                        with: [UInt8.random(in: 0...30, using: &generator), 0, 0, 0]
                    )
                }
                let descriptors: [Int32] = Bool.random(using: &generator) ? [2] : []
                _ = csandbox_send(own.raw, bytes, bytes.count, descriptors, descriptors.count)
                Self.drain(own.raw)
            }
            try await Task.sleep(for: .milliseconds(200))
            Self.drain(own.raw)
            let message = try fixture.warden.host.configuration()
            defer { message.deallocate() }
            let (end, other) = try OwnedDescriptor.packetPair().split()
            defer { close(end) }
            let ruleset = try fixture.warden.host.ruleset()
            let descriptors = [other] + (ruleset.map { [$0] } ?? [])
            let size = MemoryLayout<csandbox_configure>.size
            #expect(csandbox_send(own.raw, message, size, descriptors, descriptors.count) == 0)
            descriptors.forEach { close($0) }
            var source = pollfd(fd: own.raw, events: Int16(POLLIN), revents: 0)
            #expect(poll(&source, 1, 5000) == 1)
            let started = Packet.receive(from: own.raw) { received -> csandbox_started? in
                guard case .packet(_, let bytes, _) = received else { return nil }
                return Packet.read(csandbox_started.self, bytes)
            }
            #expect(started?.error == 0)
            #expect((started?.pid ?? 0) > 0)
        }
    }

    /// Throws away what came; does not wait.
    private static func drain(_ socket: Int32) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
    }

    /// A host whose spawner a warden has started.
    private func withSpawner(
        showsHost: Bool = true,
        _ body: (TestHost, Warden) async throws -> Void
    ) async throws {
        let made = Mutex<Warden?>(nil)
        let host = try TestHost(start: { directory in
            for place in ["build", "containers"] {
                try FileManager.default.createDirectory(
                    atPath: directory + "/" + place,
                    withIntermediateDirectories: true
                )
            }
            let warden = try Warden(
                dataDirectory: directory,
                serviceID: Privileges.fallbackID,
                showsHost: showsHost
            )
            made.withLock { $0 = warden }
            return try Spawner(warden: warden, logger: Logger(label: "test"))
        })
        let warden = try #require(made.withLock { $0 })
        do { try await body(host, warden) } catch {
            try await host.close()
            await warden.stop()
            throw error
        }
        try await host.close()
        await warden.stop()
    }

    @Test("gives containers no folder of the system, but others of the host")
    func systemFolders() async throws {
        try await withSpawner { host, _ in
            for folder in ["/etc", "/", "/usr/bin", "/root", "/proc/self/root/etc"] {
                await #expect(throws: SandboxError.self, "\(folder)") {
                    _ = try await host.spawner.openTrees([HostPlace(folder: folder, name: "")])
                }
            }
            let other = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: other) }
            let link = other.appendingPathComponent("link").path
            let around = URL(fileURLWithPath: host.dataDirectory).deletingLastPathComponent().path
            for target in [host.dataDirectory, host.dataDirectory + "/rootfs", around] {
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
                await #expect(throws: SandboxError.self, "\(target)") {
                    _ = try await host.spawner.openTrees([HostPlace(folder: link, name: "")])
                }
                try FileManager.default.removeItem(atPath: link)
            }
            for place in [
                HostPlace(folder: other.path, name: ""),
                HostPlace(folder: host.dataDirectory, name: "rootfs"),
            ] {
                let trees = try await host.spawner.openTrees([place])
                #expect(trees.raw.count == 1)
            }
            #expect(try await host.shell("echo works").output == "works\n")
        }
    }

    @Test("gives containers nothing of the host but DATA, where it is configured so")
    func noHostFolders() async throws {
        try await withSpawner(showsHost: false) { host, _ in
            await #expect(throws: SandboxError.self) {
                let folder = FileManager.default.temporaryDirectory.path
                _ = try await host.spawner.openTrees([HostPlace(folder: folder, name: "")])
            }
            let named = HostPlace(folder: host.dataDirectory, name: "rootfs")
            let trees = try await host.spawner.openTrees([named])
            #expect(trees.raw.count == 1)
        }
    }

    @Test("is not led elsewhere by a link in place of the trees' folder")
    func replacedFolder() async throws {
        try await withSpawner { host, warden in
            let rootfs = host.dataDirectory + "/rootfs"
            try FileManager.default.moveItem(atPath: rootfs, toPath: rootfs + "-moved")
            // DATA would be the folder around it.
            try FileManager.default.createSymbolicLink(atPath: rootfs, withDestinationPath: "/etc/default")
            await #expect(throws: SandboxError.self) {
                _ = try await host.spawner.openTrees([HostPlace(folder: "/etc", name: "")])
            }
            try FileManager.default.removeItem(atPath: rootfs)
            // The host's root has every folder that an image needs.
            try FileManager.default.createSymbolicLink(atPath: rootfs, withDestinationPath: "/")
            try host.spawner.restart()
            var plan = host.plan
            plan.rootfs = rootfs + "/."
            let hostile = plan
            await #expect(throws: SandboxError.self) { _ = try await host.spawner.makeSlot(hostile) }
            #expect(try await host.shell("echo works").output == "works\n")
        }
    }

    @Test("starts a bounded number of supervisors")
    func manySupervisors() async throws {
        try await withSpawner { _, warden in
            var sockets: [Int32] = []
            defer { for socket in sockets { close(socket) } }
            for _ in 0..<20 {
                let (ours, theirs) = try OwnedDescriptor.packetPair().split()
                sockets.append(ours)
                try warden.supervise(theirs)
                close(theirs)
            }
            try await Task.sleep(for: .milliseconds(200))
            let children = "/proc/\(warden.processID)/task/\(warden.processID)/children"
            let text = try String(contentsOfFile: children, encoding: .utf8)
            #expect(text.split(separator: " ").count == 4)
        }
    }

    @Test("starts another supervisor when one is killed")
    func supervisorKilled() async throws {
        try await withSpawner { host, warden in
            let children = "/proc/\(warden.processID)/task/\(warden.processID)/children"
            let text = try String(contentsOfFile: children, encoding: .utf8)
            kill(try #require(text.split(separator: " ").compactMap { Int32($0) }.first), SIGKILL)
            let next = try Spawner(warden: warden, logger: Logger(label: "test"))
            let slot = try await next.makeSlot(host.plan)
            slot.retire()
            await next.stop()
        }
    }
}
