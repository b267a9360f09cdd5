// SPDX-License-Identifier: Apache-2.0
// `faasctl run`: one container with a person or a script at its other end.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct RunTests {
        /// A gateway with an image named `box`: busybox, built with a RUN step.
        private func with(
            arguments: [String] = [],
            _ body: (GatewayUnderTest) async throws -> Void
        ) async throws {
            try await GatewayUnderTest.with(arguments: arguments) { gateway in
                let folder = try await Fixtures.shell("", name: "box")
                defer { folder.remove() }
                try folder.write(
                    """
                    FROM scratch
                    COPY busybox /bin/busybox
                    RUN ["/bin/busybox", "--install", "-s", "/bin"]
                    ENV FROM_IMAGE=yes
                    CMD ["sh", "-c", "echo default"]

                    """,
                    to: "Dockerfile"
                )
                try await gateway.require("build", folder.url.path, "-t", "box")
                try await body(gateway)
            }
        }

        @Test("output, errors and exit code are the container's, in Docker's numbers")
        func codes() async throws {
            try await with { gateway in
                let plain = try await gateway.faasctl("run", "--rm", "box")
                #expect(plain.code == 0 && plain.text == "default\n" && plain.error == "")
                let both = try await gateway.faasctl(
                    "run",
                    "box",
                    "sh",
                    "-c",
                    "echo out; echo err >&2; exit 7"
                )
                #expect(both.code == 7 && both.text == "out\n" && both.error == "err\n")
                let missing = try await gateway.faasctl("run", "box", "no-such-program")
                #expect(
                    missing.code == 127 && missing.error.contains("'no-such-program' is not in the container")
                )
                #expect(try await gateway.faasctl("run", "box", "/etc").code == 126)
                let absent = try await gateway.faasctl("run", "127.0.0.1:1/no-such-image")
                #expect(absent.code == 125 && absent.error.contains("127.0.0.1:1"))
                #expect(try await gateway.faasctl("run", "-v", "/no/such:/x", "box").code == 125)
                let reached = try await gateway.faasctl("run", "-v", "/opt:/proc/x", "box")
                #expect(reached.code == 125 && reached.error.contains("outside of /proc, /sys and /dev"))
            }
        }

        @Test("a gateway that shows nothing of its host refuses volumes, and runs containers without")
        func noHostMounts() async throws {
            try await with(arguments: ["--no-host-mounts"]) { gateway in
                let refused = try await gateway.faasctl("run", "-v", "/tmp:/x", "box")
                #expect(refused.code == 125 && refused.error.contains("--no-host-mounts"), "\(refused.error)")
                #expect(try await gateway.faasctl("run", "box").text == "default\n")
            }
        }

        @Test("input arrives byte for byte with -i, and is empty without")
        func input() async throws {
            try await with { gateway in
                let bytes = Data((0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
                let echoed = try await gateway.faasctl(["run", "-i", "box", "cat"], input: bytes)
                #expect(echoed.code == 0 && echoed.output == bytes)
                let flood = "cat >&2; head -c 2000000 /dev/zero | tr '\\0' x"
                let errors = try await gateway.faasctl(["run", "-i", "box", "sh", "-c", flood], input: bytes)
                #expect(errors.output.count == 2_000_000 && errors.error.utf8.count > 3 << 20)
                let none = try await gateway.faasctl(["run", "box", "wc", "-c"], input: Data("abc".utf8))
                #expect(none.text == "0\n")
            }
        }

        @Test("variables, entry point, volumes and network are as asked")
        func options() async throws {
            try await with { gateway in
                let shared = try TemporaryFolder()
                defer { shared.remove() }
                try shared.write("host", to: "file")
                let script = "echo $FROM_IMAGE $A; cat /data/file; echo new > /data/made; ls /sys/class/net"
                let first = try await gateway.faasctl(
                    ["run", "-e", "A=b c", "-v", "\(shared.url.path):/data", "box", "sh", "-c", script]
                )
                #expect(first.text == "yes b c\nhostlo\n", "\(first)")
                let made = shared.url.appendingPathComponent("made")
                #expect(try String(contentsOf: made, encoding: .utf8) == "new\n")
                let second = try await gateway.faasctl(
                    ["run", "-v", "\(shared.url.path):/data:ro", "--entrypoint", "rm", "box", "/data/made"]
                )
                #expect(second.code == 1 && second.error.contains("Read-only file system"))
                let third = try await gateway.faasctl(["run", "--entrypoint", "id", "box", "-u"])
                #expect(third.text == "0\n")
                #expect(try await gateway.faasctl("run", "--bogus", "box").code == 64)
            }
        }

        @Test("a build step reads the gateway's secrets that the build allows, and no others")
        func buildSecrets() async throws {
            try await with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(
                    "FROM box\nRUN --mount=type=secret,id=key,required=true cat /run/secrets/key\n",
                    to: "Dockerfile"
                )
                let made = try await gateway.faasctl(["secret", "create", "key"], input: Data("hush".utf8))
                #expect(made.code == 0, "\(made)")
                let refused = try await gateway.faasctl("build", folder.url.path, "-t", "x")
                #expect(
                    refused.code == 1 && refused.error.contains("the secret 'key' to be given"),
                    "\(refused)"
                )
                let built = try await gateway.faasctl("build", folder.url.path, "-t", "x", "--secret", "key")
                #expect(built.code == 0 && built.error.contains("hush"), "\(built)")
                let unknown = try await gateway.faasctl(
                    "build",
                    folder.url.path,
                    "-t",
                    "x",
                    "--secret",
                    "other"
                )
                #expect(unknown.code == 1 && unknown.error.contains("other"), "\(unknown)")
                let left = try await gateway.faasctl("run", "x", "ls", "-A", "/run/secrets")
                #expect(left.code == 0 && left.text == "", "\(left)")
            }
        }

        @Test("a terminal is a real one: size, resizing, keys, Ctrl-C; afterwards it is as it was")
        func terminal() async throws {
            try await with { gateway in
                let script = """
                    tty; stty size; trap 'stty size' WINCH; trap 'echo interrupted' INT; read a; echo got $a;
                    until read b; do :; done; exit 5
                    """
                let terminal = try PseudoTerminal(
                    Fixtures.faasctl,
                    ["run", "-it", "box", "sh", "-c", script],
                    environment: ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder],
                    rows: 31,
                    columns: 97
                )
                defer { terminal.close() }
                #expect(try await terminal.shows("/dev/pts/0\r\n31 97\r\n"), "\(terminal.shown)")
                #expect(!terminal.isCooked)
                terminal.type("word\r")
                #expect(try await terminal.shows("got word"), "\(terminal.shown)")
                terminal.resize(rows: 12, columns: 34)
                #expect(try await terminal.shows("12 34"), "\(terminal.shown)")
                terminal.type("\u{3}")
                #expect(try await terminal.shows("interrupted"), "\(terminal.shown)")
                terminal.type("end\r")
                #expect(await terminal.ended() == 5)
                #expect(terminal.isCooked)
            }
        }

        @Test("signals reach the container; with its caller it is gone, and so is everything of it")
        func ends() async throws {
            try await with { gateway in
                let environment = ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder]
                let before = HostView(gateway: gateway.processID)
                let script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
                let polite = try PseudoTerminal(
                    Fixtures.faasctl,
                    ["run", "box", "sh", "-c", script],
                    environment: environment,
                    rows: 24,
                    columns: 80
                )
                defer { polite.close() }
                #expect(try await polite.shows("ready"))
                kill(polite.processID, SIGTERM)
                #expect(await polite.ended() == 3)
                #expect(try await polite.shows("bye"))
                let stubborn = try PseudoTerminal(
                    Fixtures.faasctl,
                    [
                        "run", "--rm", "box", "sh", "-c",
                        "trap '' TERM INT; echo ready; while :; do sleep 0.1; done",
                    ],
                    environment: environment,
                    rows: 24,
                    columns: 80
                )
                defer { stubborn.close() }
                #expect(try await stubborn.shows("ready"))
                let running = HostView(gateway: gateway.processID)
                #expect(running.processes.count > before.processes.count)
                kill(stubborn.processID, SIGKILL)
                _ = await stubborn.ended()
                let deadline = ContinuousClock.now + .seconds(10)
                while ContinuousClock.now < deadline,
                    HostView(gateway: gateway.processID).processes.count > before.processes.count
                { try await Task.sleep(for: .milliseconds(50)) }
                #expect(HostView(gateway: gateway.processID).processes.count <= before.processes.count)
            }
        }
    }
}
