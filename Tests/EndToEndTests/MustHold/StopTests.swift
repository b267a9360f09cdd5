// SPDX-License-Identifier: Apache-2.0
// A normal stop: running calls finish, bounded by their grace; then nothing is left.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct StopTests {
        @Test("SIGTERM lets a running call finish, takes no new ones and leaves nothing")
        func drains() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let gateway = try await GatewayUnderTest(dataFolder: data)
            let slow = try await Fixtures.shell(
                "/bin/busybox sleep 1; echo finished",
                name: "slow",
                configuration: "grace: 10s"
            )
            defer { slow.remove() }
            try await gateway.require("deploy", slow.url.path)
            async let running = gateway.call("/function/slow")
            try await Task.sleep(for: .milliseconds(300))
            let view = HostView(gateway: gateway.processID)
            gateway.signal(SIGTERM)
            let answer = try await running
            #expect(answer.status == 200)
            #expect(answer.text == "finished\n")
            #expect(await gateway.ended() == 0)
            #expect(try await view.remains(dataFolder: data, within: .seconds(2)) == [])
            await #expect(throws: (any Error).self) { try await gateway.call("/function/slow") }
        }

        @Test("a call that does not end is stopped after its grace, and so is the gateway")
        func boundsDraining() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let gateway = try await GatewayUnderTest(dataFolder: data)
            let stuck = try await Fixtures.shell(
                "/bin/busybox sleep 1000",
                name: "stuck",
                configuration: "grace: 500ms\ntimeout: 1h"
            )
            defer { stuck.remove() }
            try await gateway.require("deploy", stuck.url.path)
            async let running = try? gateway.call("/function/stuck")
            try await Task.sleep(for: .milliseconds(300))
            let view = HostView(gateway: gateway.processID)
            let start = ContinuousClock.now
            gateway.signal(SIGTERM)
            #expect(await gateway.ended() == 0)
            // The bound is what counts: without it the call would take a quarter of an hour.
            #expect(ContinuousClock.now - start < Patience.duration(.seconds(15)))
            _ = await running
            #expect(try await view.remains(dataFolder: data, within: .seconds(2)) == [])
        }

        @Test("a stop ends a load that is under way with a reason, and nothing of it is kept")
        func endsLoads() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let noise = folder.url.appendingPathComponent("noise")
            try Data(repeating: 7, count: 20 << 20).write(to: noise)
            let gateway = try await GatewayUnderTest(dataFolder: data)
            // The upload would take minutes.
            let arguments =
                try gateway.curlArguments + [
                    "--limit-rate", "100k", "--header", "Expect:", "--header",
                    "Content-Type: application/x-tar", "--data-binary", "@\(noise.path)",
                    gateway.address + "/v1/images",
                ]
            async let loading = Command.run("/usr/bin/curl", arguments)
            let uploads = data + "/run/uploads"
            for _ in 0..<200 {
                if try !FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            gateway.signal(SIGTERM)
            let answer = String(decoding: try await loading.output, as: UTF8.self)
            #expect(answer.contains("the gateway is stopping: the load was not finished"), "\(answer)")
            #expect(await gateway.ended() == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty)
        }

        @Test("a stop ends a save whose client reads slowly, which does not take the archive for whole")
        func endsSaves() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let gateway = try await GatewayUnderTest(
                dataFolder: folder.url.appendingPathComponent("data").path
            )
            // More than the sockets between the two hold.
            let image = ImageFixture(members: [
                TarMember(name: "noise", content: Data(repeating: 7, count: 64 << 20))
            ])
            let archive = folder.url.appendingPathComponent("large.tar")
            try await image.writeArchive(to: archive, name: "large:1")
            try await gateway.require("image", "load", "-i", archive.path)
            let saved = folder.url.appendingPathComponent("saved.tar").path
            async let saving = Command.run(
                "/usr/bin/curl",
                try gateway.curlArguments + [
                    "--limit-rate", "1M", "--output", saved,
                    gateway.address + "/v1/image-archives?reference=large:1",
                ]
            )
            for _ in 0..<200 where access(saved, F_OK) != 0 {
                try await Task.sleep(for: .milliseconds(50))
            }
            let start = ContinuousClock.now
            gateway.signal(SIGTERM)
            #expect(await gateway.ended() == 0)
            // The connection would hold the end up for the drain timeout of 30 s.
            #expect(ContinuousClock.now - start < Patience.duration(.seconds(15)))
            // Partial file, or the connection was reset.
            #expect([18, 56].contains(try await saving.code))
        }

        @Test("a second signal ends at once, and nothing is left either")
        func endsAtOnce() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let gateway = try await GatewayUnderTest(dataFolder: data)
            let stuck = try await Fixtures.shell(
                "/bin/busybox sleep 1000",
                name: "stuck",
                configuration: "grace: 10m\ntimeout: 1h"
            )
            defer { stuck.remove() }
            try await gateway.require("deploy", stuck.url.path)
            async let running = try? gateway.call("/function/stuck")
            try await Task.sleep(for: .milliseconds(300))
            let view = HostView(gateway: gateway.processID)
            gateway.signal(SIGTERM)
            try await Task.sleep(for: .milliseconds(300))
            gateway.signal(SIGINT)
            #expect(await gateway.ended() == 130)
            _ = await running
            #expect(try await view.remains(dataFolder: data, within: .seconds(2)) == [])
        }
    }
}

extension GatewayUnderTest {
    /// Makes curl a silent administrator.
    fileprivate var curlArguments: [String] {
        get throws {
            let path = dataFolder + "/secrets/basic-auth-password"
            let password = try String(contentsOfFile: path, encoding: .utf8)
            return [
                "--silent", "--user", "admin:" + password.trimmingCharacters(in: .whitespacesAndNewlines),
            ]
        }
    }
}
