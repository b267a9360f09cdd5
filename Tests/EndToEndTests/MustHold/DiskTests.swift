// SPDX-License-Identifier: Apache-2.0
// Disks have an end: images stay within their budget, and a full disk stops neither functions nor the gateway.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct DiskTests {
        /// An archive with one file of noise, under a name of its own.
        private static func archive(
            _ name: String,
            megabytes: Int,
            in folder: TemporaryFolder
        ) async throws -> String {
            let noise = folder.url.appendingPathComponent("noise")
            try await Command.require(
                "dd",
                "if=/dev/urandom",
                "of=\(noise.path)",
                "bs=1M",
                "count=\(megabytes)",
                "status=none"
            )
            let image = ImageFixture(members: [
                TarMember(name: "closed", type: "5", mode: 0o700),
                TarMember(name: "closed/noise", content: try Data(contentsOf: noise)),
            ])
            let file = folder.url.appendingPathComponent("\(name).tar")
            try await image.writeArchive(to: file, name: "\(name):1")
            return file.path
        }

        @Test("a budget takes what nothing needs, the least recently used first, and never what is deployed")
        func budget() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try await GatewayUnderTest.with(arguments: ["--image-budget", "11Mi"]) { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                // An unpacked tree with a folder that the gateway itself may not enter.
                let closed = try await Self.archive("closed", megabytes: 1, in: folder)
                try await gateway.require("deploy", "closed", "--image", closed, "--", "/closed/noise")
                for name in ["first", "second", "third"] {
                    let file = try await Self.archive(name, megabytes: 3, in: folder)
                    try await gateway.require("image", "load", "-i", file)
                }
                var list = ""
                for _ in 0..<100 {
                    list = try await gateway.require("image", "list")
                    if !list.contains("first:1") { break }
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(!list.contains("first:1"), "\(list)\(gateway.logText)")
                #expect(list.contains("third:1"), "\(list)")
                #expect(list.contains("hello"), "\(list)")
                #expect(try await gateway.call("/function/hello").status == 200)
                #expect(try await gateway.faasctl("image", "verify").code == 0)
                #expect(gateway.logText.contains("evicted to keep the image budget"))
                #expect(!gateway.logText.contains("budget cannot be kept"))
            }
        }

        @Test("on a full disk a load or a build fails as such, leaves nothing, and functions continue")
        func fullDisk() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let disk = folder.url.appendingPathComponent("disk").path
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            try await Command.require("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk)
            let big = try await Self.archive("big", megabytes: 40, in: folder)
            let small = try await Self.archive("small", megabytes: 1, in: folder)
            let gateway = try await GatewayUnderTest(dataFolder: disk + "/data")
            do {
                try await Self.fill(gateway, folder, disk, big: big, small: small)
            } catch {
                Issue.record(error)
            }
            await gateway.stop()
            try await Command.require("umount", "-l", disk)
        }

        private static func fill(
            _ gateway: GatewayUnderTest,
            _ folder: TemporaryFolder,
            _ disk: String,
            big: String,
            small: String
        ) async throws {
            try await gateway.require("deploy", Fixtures.function("hello"))
            try folder.write("FROM scratch\nCOPY big.tar /\nCOPY big.tar /again\n", to: "Dockerfile")
            let tally = try await gateway.underLoad("/function/hello", atOnce: 2) { _ in
                for arguments in [
                    ["image", "load", "-i", big], ["build", folder.url.path, "-t", "big:2"],
                ] {
                    let full = try await gateway.faasctl(arguments)
                    #expect(full.code == 1)
                    #expect(full.error.contains("no space"), "\(arguments): \(full.error)")
                }
            }
            #expect(tally.broken == 0)
            #expect(tally.statuses.keys.sorted() == [200], "\(tally.statuses)")
            let left = try await Command.require(
                "find",
                disk + "/data/blobs/partial",
                disk + "/data/run/uploads",
                "-mindepth",
                "1"
            )
            #expect(left == "", "left over: \(left)")
            #expect(try await gateway.require("image", "list").contains("big") == false)
            try await gateway.require("image", "load", "-i", small)
            #expect(try await gateway.require("image", "list").contains("small:1"))
            // To the last block: removing and pruning still work.
            _ = try await Command.run(
                "/bin/dd",
                ["if=/dev/zero", "of=\(disk)/filler", "bs=4k", "status=none"]
            )
            try await gateway.require("image", "remove", "small:1")
            try await gateway.require("image", "prune", "--all")
            #expect(try await gateway.require("image", "list").contains("small:1") == false)
            try FileManager.default.removeItem(atPath: disk + "/filler")
            try await gateway.require("image", "load", "-i", small)
            #expect(try await gateway.faasctl("image", "verify").code == 0)
        }
    }
}
