// SPDX-License-Identifier: Apache-2.0
// `run --init`: PID 1 that passes signals on and waits for orphans; and further lines of /etc/hosts.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct InitTests {
        /// An orphan that ends, beside a program that waits for no child.
        private static let orphan = "(sleep 0.1 &); exec sleep 1000"
        private static let zombies = "cat /proc/[0-9]*/stat | grep -c ') Z '; true"

        @Test("an init waits for orphans, which stay as zombies without one")
        func zombies() async throws {
            try await ContainerScene.with { gateway in
                try await gateway.requireLine("run -d --name plain box sh -c", Self.orphan)
                try await gateway.requireLine("run -d --init --name own box sh -c", Self.orphan)
                _ = try await gateway.eventually("exec", "plain", "sh", "-c", Self.zombies) { $0 == "1\n" }
                _ = try await gateway.eventually("exec", "own", "sh", "-c", Self.zombies) { $0 == "0\n" }
                let list = try await gateway.requireLine("exec own ps -o pid,args")
                #expect(list.contains("    1 mayfly-init sh -c (sleep"), "\(list)")
                #expect(list.contains("sleep 1000"), "\(list)")
                #expect(try await gateway.requireLine("inspect -f {{.HostConfig.Init}} own") == "true\n")
                // A program that is PID 1 and has no handler ignores SIGTERM; a child does not.
                try await gateway.requireLine("stop -t 20 own")
                #expect(try await gateway.requireLine("wait own") == "143\n")
                try await gateway.requireLine("rm -f plain own")
            }
        }

        @Test("an init passes signals, input and exit codes on, and its container reaches nothing of it")
        func codes() async throws {
            try await ContainerScene.with { gateway in
                for (script, code) in [("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
                    let run = try await gateway.line("run --rm --init box sh -c", script)
                    #expect(run.code == code && run.error.isEmpty, "\(script): \(run)")
                }
                let missing = try await gateway.line("run --rm --init box nosuch a")
                #expect(
                    missing.code == 127 && missing.error.contains("cannot execute 'nosuch'"),
                    "\(missing)"
                )
                #expect(try await gateway.line("run --rm --init box /etc").code == 126)
                let magic = try await gateway.line("run --rm --init box /proc/1/exe")
                #expect(magic.code == 126, "\(magic)")
                let echoed = try await gateway.faasctl(
                    ["run", "--rm", "-i", "--init", "box", "cat"],
                    input: Data("abc".utf8)
                )
                #expect(echoed.text == "abc", "\(echoed)")

                try await gateway.requireLine("run -d --init --name own box")
                _ = try await gateway.eventually("logs", "own") { $0.contains("out") }
                let reach =
                    "readlink /proc/1/exe; cat /proc/1/exe; cat /proc/1/mem; cat /proc/1/maps"
                let reached = try await gateway.line("exec own sh -c", reach)
                #expect(reached.text.isEmpty && reached.code != 0, "\(reached)")
                try await gateway.requireLine("kill -s TERM own")
                #expect(try await gateway.requireLine("wait own") == "5\n")
                try await gateway.requireLine("rm own")
            }
        }

        @Test("an init gives its terminal to the program: Ctrl-C ends that")
        func terminal() async throws {
            try await ContainerScene.with { gateway in
                let terminal = try PseudoTerminal(
                    Fixtures.faasctl,
                    ["run", "--rm", "-it", "--init", "box", "sh", "-c", "echo up; exec sleep 1000"],
                    environment: ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder],
                    rows: 24,
                    columns: 80
                )
                defer { terminal.close() }
                #expect(try await terminal.shows("up"))
                terminal.type("\u{3}")
                #expect(await terminal.ended() == 130, "\(terminal.shown)")
            }
        }

        @Test("--add-host adds lines to /etc/hosts, also above a read-only root, and host-gateway is refused")
        func hosts() async throws {
            try await ContainerScene.with { gateway in
                for option in ["--rm", "--rm --read-only", ""] {
                    let words =
                        "run \(option) --add-host db:10.1.2.3 --add-host six=::1 box cat /etc/hosts"
                    let hosts = try await gateway.requireLine(words)
                    #expect(
                        hosts.contains("127.0.0.1\tlocalhost") && hosts.hasSuffix("10.1.2.3\tdb\n::1\tsix\n")
                    )
                }
                let refused = try await gateway.line("run --add-host h:host-gateway box true")
                #expect(refused.code == 64 && refused.error.contains("does not reach its host"), "\(refused)")
            }
        }
    }
}
