// SPDX-License-Identifier: Apache-2.0
// Starts that go wrong, or are stopped half-way: what is there already stays as it is, and it is said what it was.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct BadStartTests {
        /// A gateway that is expected not to start.
        private static func serve(_ data: String, wrapper: [String] = [], _ arguments: String...) async throws
            -> CommandResult
        {
            try await Command.run(
                "/usr/bin/env",
                wrapper + [Fixtures.faasctl, "serve", "--listen", "127.0.0.1:0", "--data-dir", data]
                    + arguments,
                secondsMax: Patience.seconds(30)
            )
        }

        /// Whose a folder is, and its mode.
        private static func state(_ path: String) async throws -> String {
            try await Command.require("stat", "-L", "-c", "%u:%g %a", path)
        }

        private static func expectUnprivileged(_ gateway: GatewayUnderTest) throws {
            let status = try String(contentsOfFile: "/proc/\(gateway.processID)/status", encoding: .utf8)
            for wanted in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
                #expect(status.contains(wanted), "\(status)")
            }
            #expect(!status.contains("Uid:\t0"))
        }

        @Test("a data folder behind a link, dots or another mount is served without root, and doctor agrees")
        func otherNames() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let place = folder.url.path
            try await Command.require("mkdir", place + "/data", place + "/mounted")
            try await Command.require("ln", "-s", "data", place + "/link")
            try await Command.require("mount", "--bind", place + "/data", place + "/mounted")
            let result: Result<Void, any Error>
            do {
                for name in ["link", "link/", "data/../link", "mounted"] {
                    let gateway = try await GatewayUnderTest(dataFolder: place + "/" + name)
                    try Self.expectUnprivileged(gateway)
                    #expect(!gateway.logText.contains("lacks unprivileged"), "\(gateway.logText)")
                    if name == "link" { try await gateway.require("deploy", Fixtures.function("hello")) }
                    #expect(try await gateway.call("/hello").status == 200, "\(name)")
                    let second = try await Self.serve(place + "/data")
                    #expect(second.code == 1 && second.error.contains("in use"), "\(second.error)")
                    await gateway.stop()
                    let doctor = try await Command.run(
                        Fixtures.faasctl,
                        ["doctor", "--data-dir", place + "/" + name]
                    )
                    #expect(doctor.code == 0, "\(doctor.text)\(doctor.error)")
                }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            _ = try await Command.run("/usr/bin/env", ["umount", "--lazy", place + "/mounted"])
            try result.get()
        }

        @Test("a second gateway on the same folder changes nothing of it, however it is started")
        func secondGateway() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let link = folder.url.appendingPathComponent("link").path
                try await Command.require("ln", "-s", gateway.dataFolder, link)
                let before = try await Self.state(gateway.dataFolder)
                let few = ["sh", "-c", "ulimit -n 12; exec \"$@\"", "sh"]
                for (name, wrapper, words) in [
                    (gateway.dataFolder, [], "in use"), (link, [], "in use"), (link, few, "12 files"),
                ] {
                    let result = try await Self.serve(name, wrapper: wrapper)
                    #expect(result.code == 1 && result.error.contains(words), "\(result.error)")
                    #expect(try await Self.state(gateway.dataFolder) == before)
                }
                try await gateway.require("deploy", Fixtures.function("hello"))
                #expect(try await gateway.call("/hello").status == 200)
            }
        }

        @Test("too few open files or processes are refused with the number that is needed")
        func limits() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            for (limit, words) in [("-n 64", ["64 files", "256"]), ("-u 12", ["12 processes", "64"])] {
                // Other shells call the limit of processes by another letter.
                let wrapper = ["bash", "-c", "ulimit \(limit); exec \"$@\"", "bash"]
                let result = try await Self.serve(data, wrapper: wrapper)
                #expect(result.code == 1)
                for word in words { #expect(result.error.contains(word), "\(result.error)") }
                #expect(!FileManager.default.fileExists(atPath: data))
            }
        }

        /// Whether these tests, and therefore their gateways, have a terminal.
        private static let hasTerminal = {
            let terminal = open("/dev/tty", O_RDWR | O_NOCTTY)
            if terminal >= 0 { close(terminal) }
            return terminal >= 0
        }()

        @Test("a reload by SIGHUP ends no gateway without TLS, unless it has a terminal")
        func reload() async throws {
            try await GatewayUnderTest.with { gateway in
                gateway.signal(SIGHUP)
                if Self.hasTerminal {
                    #expect(await gateway.ended() == 0)
                } else {
                    let deadline = ContinuousClock.now + Patience.duration(.seconds(20))
                    while !gateway.logText.contains("nothing to load again") {
                        guard ContinuousClock.now < deadline else { throw HarnessError("no line came") }
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    try await gateway.require("list")
                }
            }
        }

        @Test(
            "a signal at any moment of the start ends the gateway in order, and nothing is left",
            arguments: [SIGTERM, SIGINT] + (hasTerminal ? [SIGHUP] : [])
        )
        func stoppedAtOnce(number: Int32) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            for milliseconds in [0, 50, 100, 200, 300, 600] {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: Fixtures.faasctl)
                process.arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data]
                process.standardOutput = FileHandle.nullDevice
                process.standardError = FileHandle.nullDevice
                let (ends, continuation) = AsyncStream<Int32>.makeStream()
                process.terminationHandler = { process in
                    let isSignal = process.terminationReason == .uncaughtSignal
                    continuation.yield(process.terminationStatus + (isSignal ? 128 : 0))
                }
                try process.start()
                // Before the program's first line a signal has its usual effect.
                try await Self.waitUntilCaught(number, by: process.processIdentifier)
                try await Task.sleep(for: .milliseconds(milliseconds))
                kill(process.processIdentifier, number)
                let force = Task { [id = process.processIdentifier] in
                    try await Task.sleep(for: Patience.duration(.seconds(40)))
                    kill(id, SIGKILL)
                }
                let code = await ends.first { _ in true }
                force.cancel()
                #expect(code == 0, "after \(milliseconds) ms")
            }
            let gateway = try await GatewayUnderTest(dataFolder: data)
            await gateway.stop()
        }

        private static func waitUntilCaught(_ number: Int32, by process: Int32) async throws {
            for _ in 0..<1000 {
                let status = ProcessTable.text("/proc/\(process)/status")
                let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
                if let mask = UInt64(line.dropFirst(8), radix: 16), mask >> UInt64(number - 1) & 1 == 1 {
                    return
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            throw HarnessError("the gateway does not catch signal \(number) back")
        }

        @Test("a start that fails after its helpers are up ends with its one line, however often")
        func failingStart() async throws {
            try await GatewayUnderTest.with { gateway in
                let port = try #require(gateway.address.split(separator: ":").last)
                for _ in 0..<5 {
                    let folder = try TemporaryFolder()
                    defer { folder.remove() }
                    let result = try await Command.run(
                        Fixtures.faasctl,
                        ["serve", "--listen", "127.0.0.1:\(port)", "--data-dir", folder.url.path],
                        secondsMax: Patience.seconds(30)
                    )
                    #expect(result.code == 1 && result.error.contains("in use"), "\(result.error)")
                }
            }
        }

        @Test(
            "a missing database is noticed, not replaced by a new one, and changes that cannot be stored are refused"
        )
        func database() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let file = data + "/mayfly.sqlite"
            let gateway = try await GatewayUnderTest(dataFolder: data)
            try await gateway.require("deploy", Fixtures.function("hello"))
            try await Command.require("sh", "-c", "rm \(file)*")
            let refused = try await gateway.faasctl("deploy", Fixtures.function("echo"))
            #expect(refused.code == 1 && refused.error.contains("removed"), "\(refused.error)")
            #expect(try await gateway.call("/hello").status == 200)
            #expect(gateway.logText.contains("was removed or replaced"), "\(gateway.logText)")
            await gateway.stop()
            for prepare in ["true", ": > \(file)"] {
                try await Command.require("sh", "-c", prepare)
                let result = try await Self.serve(data)
                #expect(result.code == 1, "\(result.error)")
                for word in [file, "image file", "--new-database"] {
                    #expect(result.error.contains(word), "\(result.error)")
                }
            }
            let anew = try await GatewayUnderTest(dataFolder: data, arguments: ["--new-database"])
            #expect(try await anew.call("/hello").status == 404)
            try await anew.require("deploy", Fixtures.function("hello"))
            await anew.stop()
            let again = try await GatewayUnderTest(dataFolder: data)
            #expect(try await again.call("/hello").status == 200)
            await again.stop()
        }

        @Test(
            "on a full disk a gateway starts, serves and removes, and takes deploys again when there is room"
        )
        func fullDisk() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let disk = folder.url.appendingPathComponent("disk").path
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            try await Command.require("mount", "-t", "tmpfs", "-o", "size=48m,mode=755", "none", disk)
            let result: Result<Void, any Error>
            do {
                let fill =
                    "head -c 100m /dev/zero > \(disk)/filler; head -c 4096 /dev/zero >> \(disk)/filler; true"
                let first = try await GatewayUnderTest(dataFolder: disk + "/data")
                for name in ["hello", "echo"] { try await first.require("deploy", Fixtures.function(name)) }
                _ = try await Command.run("/bin/sh", ["-c", fill])
                await first.stop()
                _ = try await Command.run("/bin/sh", ["-c", fill.replacing(" > ", with: " >> ")])
                let second = try await GatewayUnderTest(dataFolder: disk + "/data")
                #expect(try await second.call("/hello").status == 200)
                try await second.require("remove", "echo")
                let refused = try await second.faasctl("deploy", Fixtures.function("echo"))
                #expect(refused.code == 1 && refused.error.contains("space"), "\(refused.error)")
                try FileManager.default.removeItem(atPath: disk + "/filler")
                try await second.require("deploy", Fixtures.function("echo"))
                await second.stop()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            _ = try await Command.run("/usr/bin/env", ["umount", "--lazy", disk])
            try result.get()
        }
    }
}
