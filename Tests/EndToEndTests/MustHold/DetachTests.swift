// SPDX-License-Identifier: Apache-2.0
// Ctrl-P Ctrl-Q: terminals that leave what they are at, and come back.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct DetachTests {
        private static let keys = "\u{10}\u{11}"

        private func terminal(_ gateway: GatewayUnderTest, _ words: String) throws -> PseudoTerminal {
            try PseudoTerminal(
                Fixtures.faasctl,
                words.split(separator: " ").map(String.init),
                environment: ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder],
                rows: 24,
                columns: 80
            )
        }

        @Test("detach keys leave a container running, attach returns to it, and its end is the exit code")
        func container() async throws {
            try await ContainerScene.with { gateway in
                let run = try terminal(gateway, "run -it --name c1 box sh")
                #expect(try await run.shows("# "))
                run.type("echo $((40+2))\n")
                #expect(try await run.shows("42"))
                run.type(Self.keys)
                #expect(await run.ended() == 0 && run.isCooked, "\(run.shown)")
                run.close()
                #expect(
                    try await gateway.requireLine("ps --format", "{{.Names}} {{.State}}") == "c1 running\n"
                )

                let back = try terminal(gateway, "attach --detach-keys x,y c1")
                back.type("\u{10}\u{11}echo x$((50+2))\n")
                #expect(try await back.shows("x52"))
                back.type("x")
                back.type("y")
                #expect(
                    await back.ended() == 1 && back.shown.contains("read escape sequence"),
                    "\(back.shown)"
                )
                back.close()

                let last = try terminal(gateway, "attach c1")
                last.type("exit 7\n")
                #expect(await last.ended() == 7, "\(last.shown)")
                last.close()
                let stopped = try await gateway.line("attach c1")
                #expect(stopped.code == 1 && stopped.error.contains("start it first"), "\(stopped)")

                let again = try terminal(gateway, "start -a -i c1")
                #expect(try await again.shows("# "))
                again.type(Self.keys)
                #expect(await again.ended() == 0, "\(again.shown)")
                again.close()
                #expect(try await gateway.requireLine("ps --format", "{{.State}}") == "running\n")
                try await gateway.requireLine("rm -f c1")
            }
        }

        @Test("detach keys leave a container of --rm running, and a process of exec with its output dropped")
        func removedAndEntered() async throws {
            try await ContainerScene.with { gateway in
                let run = try terminal(gateway, "container run --rm -it --name c2 box sh")
                #expect(try await run.shows("# "))
                run.type(Self.keys)
                #expect(await run.ended() == 0)
                run.close()
                // What ends with its caller ends in less.
                try await Task.sleep(for: .milliseconds(500))
                #expect(try await gateway.requireLine("ps --format", "{{.Names}}") == "c2\n")

                let exec = try terminal(gateway, "exec -it c2 sh")
                #expect(try await exec.shows("# "))
                exec.type("yes & echo $$ > /pid; sleep 1000\n")
                _ = try await gateway.eventually("exec", "c2", "cat", "/pid") { !$0.isEmpty }
                exec.type(Self.keys)
                #expect(await exec.ended() == 1 && exec.shown.contains("read escape sequence"))
                exec.close()
                try await Task.sleep(for: .milliseconds(500))
                let lives = try await gateway.line("exec c2 sh -c", "kill -0 $(cat /pid) && echo lives")
                #expect(lives.text == "lives\n", "\(lives)")
                try await gateway.requireLine("stop -t 0 c2")
                #expect(try await gateway.requireLine("ps -aq").isEmpty)
            }
        }
    }
}
