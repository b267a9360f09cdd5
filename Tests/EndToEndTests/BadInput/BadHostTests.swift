// SPDX-License-Identifier: Apache-2.0
// Hosts that lack something: the gateway says what, and what was there goes on.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct BadHostTests {
        @Test("a port in use is reported, and its owner continues")
        func portInUse() async throws {
            try await GatewayUnderTest.with { gateway in
                let port = try #require(gateway.address.split(separator: ":").last)
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let result = try await Self.serve(
                    "--listen",
                    "127.0.0.1:\(port)",
                    "--data-dir",
                    folder.url.path
                )
                Self.expectOneLine(result, words: ["in use", "--listen"])
                #expect(try await gateway.call("/healthz").status == 200)
            }
        }

        @Test("a second gateway on the same data folder is refused, the first one is unharmed")
        func secondGateway() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                let result = try await Self.serve("--data-dir", gateway.dataFolder)
                Self.expectOneLine(result, words: ["in use", gateway.dataFolder])
                #expect(try await gateway.call("/hello").status == 200)
                try await gateway.require("deploy", Fixtures.function("echo"))
            }
        }

        @Test("a feature that the host lacks is refused at the deploy, and the working revision stays")
        func lacksEgress() async throws {
            let place = try TemporaryFolder()
            defer { place.remove() }
            // What cannot be executed is not there; where there is no nft at all, the host lacks it by itself.
            let hide = """
                for f in /usr/sbin/nft /sbin/nft /usr/local/sbin/nft /usr/bin/nft; do
                  if [ -e "$f" ]; then mount --bind /dev/null "$f"; fi
                done
                exec "$@"
                """
            let gateway = try await GatewayUnderTest(
                dataFolder: place.url.appendingPathComponent("data").path,
                wrapper: ["unshare", "--mount", "sh", "-c", hide, "sh"]
            )
            let echo = try await Fixtures.function("echo")
            try await gateway.require("deploy", echo)
            let result = try await gateway.faasctl("deploy", echo, "--network", "egress")
            #expect(result.code == 1)
            #expect(result.error.contains("network: 'egress'"), "\(result.error)")
            #expect(result.error.contains("nftables"), "\(result.error)")
            #expect(try await gateway.call("/function/echo").status == 200)
            #expect(try await gateway.require("describe", "echo").contains("network: none"))
            await gateway.stop()
        }

        @Test("a data folder that cannot be written is reported")
        func notWritable() async throws {
            for folder in ["/proc/mayfly", "/dev/null/mayfly"] {
                let result = try await Self.serve("--data-dir", folder)
                Self.expectOneLine(result, words: [folder, "--data-dir"])
            }
        }

        @Test("a full disk fails the deploy, and deployed functions continue answering")
        func fullDisk() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let disk = folder.url.appendingPathComponent("disk").path
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            try await Command.require("mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "none", disk)
            do {
                let gateway = try await GatewayUnderTest(dataFolder: disk + "/data")
                try await gateway.require("deploy", Fixtures.function("hello"))
                var image = try await ImageFixture.hello()
                image.members.append(TarMember(name: "filler", content: Data(count: 32 << 20)))
                let file = folder.url.appendingPathComponent("big.tar")
                try await image.writeArchive(to: file, name: "big")
                let result = try await gateway.faasctl("deploy", "big", "--image", file.path)
                Self.expectOneLine(result, words: ["space"])
                #expect(try await gateway.call("/hello").status == 200)
                // What the failed one took is given back.
                try await gateway.require("deploy", Fixtures.function("echo"))
                await gateway.stop()
            }
            try await Self.unmount(disk)
        }

        @Test("without any cgroup controller the gateway reports that")
        func noCgroups() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let script = "umount -R /sys/fs/cgroup && exec \"$@\""
            let wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
            let gateway = try await GatewayUnderTest(
                dataFolder: folder.url.appendingPathComponent("data").path,
                wrapper: wrapper
            )
            #expect(gateway.logText.contains("cgroup"), "\(gateway.logText)")
            try await gateway.require("deploy", Fixtures.function("hello"))
            #expect(try await gateway.call("/hello").status == 200)
            await gateway.stop()
        }

        @Test("where user namespaces are forbidden the gateway refuses and says so")
        func noUserNamespaces() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let wrapper = try await UserNamespaceDenial.wrapper(in: folder)
            let data = folder.url.appendingPathComponent("data").path
            let result = try await Command.run(
                wrapper,
                [Fixtures.faasctl, "serve", "--listen", "127.0.0.1:0", "--data-dir", data],
                secondsMax: Self.refusalSecondsMax
            )
            Self.expectOneLine(result, words: ["user namespace"])
            let checked = try await Command.run(
                wrapper,
                [Fixtures.faasctl, "doctor", "--data-dir", data],
                secondsMax: Self.refusalSecondsMax
            )
            #expect(
                checked.code != 0 && (checked.text + checked.error).contains("user namespace"),
                "\(checked)"
            )
        }

        @Test(
            "where copies of a template may have no user namespace their function is started in the ordinary way"
        )
        func noUserNamespaceOfCopies() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let gateway = try await GatewayUnderTest(
                dataFolder: folder.url.appendingPathComponent("data").path,
                wrapper: [try await UserNamespaceDenial.wrapper(in: folder, ofCopiesOnly: true)]
            )
            let function = try await Fixtures.shell(
                "exec /bin/busybox tr a-z A-Z",
                name: "upper",
                configuration: "prestart: true\ntemplate: true"
            )
            defer { function.remove() }
            #expect(gateway.logText.contains("lacks templates"), "\(gateway.logText)")
            try await gateway.require("deploy", function.url.path)
            for _ in 0..<10 {
                let answer = try await gateway.call(
                    "/function/upper",
                    method: "POST",
                    body: Data("call".utf8)
                )
                #expect(answer.text == "CALL")
            }
            let description = try await gateway.require("describe", "upper")
            #expect(
                description.contains(
                    "not used: it cannot be started from a template: this host lets only root make user namespaces"
                ),
                "\(description)"
            )
            await gateway.stop()
        }

        /// The kernel lets go of a mount once the last namespace with it is gone, which is a moment after the
        /// last process.
        private static func unmount(_ path: String) async throws {
            for _ in 0..<40 {
                let result = try await Command.run("/usr/bin/env", ["umount", path])
                if result.code == 0 { return }
                try await Task.sleep(for: .milliseconds(50))
            }
            try await Command.require("umount", path)
        }

        /// A gateway that starts all the same would go on for ever.
        private static let refusalSecondsMax = Patience.seconds(20)

        /// A gateway that is expected not to start.
        private static func serve(_ arguments: String...) async throws -> CommandResult {
            let listen = arguments.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]
            return try await Command.run(
                Fixtures.faasctl,
                ["serve"] + listen + arguments,
                secondsMax: refusalSecondsMax
            )
        }

        private static func expectOneLine(
            _ result: CommandResult,
            words: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(result.code == 1, "\(result.error)", sourceLocation: sourceLocation)
            let last = result.error.split(separator: "\n").last.map(String.init) ?? ""
            #expect(last.hasPrefix("faasctl: "), "\(result.error)", sourceLocation: sourceLocation)
            for word in words {
                #expect(last.contains(word), "\(word) in: \(last)", sourceLocation: sourceLocation)
            }
        }
    }
}
