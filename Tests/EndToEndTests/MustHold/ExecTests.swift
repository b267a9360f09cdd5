// SPDX-License-Identifier: Apache-2.0
// `faasctl exec` into containers, attached or not, and running calls.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct ExecTests {
        /// A container of the image `box`, busybox with a user, and its id; it ends afterwards.
        private func with(
            _ script: String = "echo up; exec sleep 1000",
            _ body: (GatewayUnderTest, String) async throws -> Void
        ) async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("", name: "box")
                defer { folder.remove() }
                try folder.write("app:x:1000:7::/home/app:/bin/sh\nroot:x:0:0::/root:/bin/sh\n", to: "passwd")
                try folder.write(
                    """
                    FROM scratch
                    COPY busybox /bin/busybox
                    COPY passwd /etc/passwd
                    RUN ["/bin/busybox", "--install", "-s", "/bin"]
                    RUN mkdir -p /home/app /work
                    ENV FROM_IMAGE=yes
                    WORKDIR /work

                    """,
                    to: "Dockerfile"
                )
                try await gateway.require("build", folder.url.path, "-t", "box")
                let run = Task {
                    try await gateway.faasctl("run", "-e", "FROM_RUN=1", "box", "sh", "-c", script)
                }
                let id = try await Self.first(gateway)
                try await body(gateway, id)
                _ = try await gateway.faasctl("kill", id)
                _ = try await run.value
            }
        }

        /// The id of what runs.
        private static func first(_ gateway: GatewayUnderTest) async throws -> String {
            for _ in 0..<400 {
                let ids = try await gateway.require("ps", "-q").split(separator: "\n")
                if let id = ids.first { return String(id) }
                try await Task.sleep(for: .milliseconds(25))
            }
            throw HarnessError("nothing runs")
        }

        @Test("streams, variables, folder, user and exit codes are Docker's")
        func options() async throws {
            try await with { gateway, id in
                let exec = { (words: [String]) in try await gateway.faasctl(["exec"] + words) }
                let plain = try await exec([
                    id, "sh", "-c", "pwd; echo $FROM_IMAGE $FROM_RUN; echo e >&2; exit 9",
                ])
                #expect(plain.code == 9 && plain.text == "/work\nyes 1\n" && plain.error == "e\n", "\(plain)")
                let short = try await exec([
                    "-e", "A=b c", "-w", "/tmp", String(id.prefix(6)), "sh", "-c", "pwd; echo $A",
                ])
                #expect(short.text == "/tmp\nb c\n", "\(short)")
                let user = try await exec(["-u", "app", id, "sh", "-c", "id -u; id -g; echo $HOME"])
                #expect(user.text == "1000\n7\n/home/app\n", "\(user)")
                let number = try await exec(["-u", "12:13", id, "sh", "-c", "id -u; id -g"])
                #expect(number.text == "12\n13\n", "\(number)")
                let bytes = Data((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
                let echoed = try await gateway.faasctl(["exec", "-i", id, "cat"], input: bytes)
                #expect(echoed.code == 0 && echoed.output == bytes)
                let none = try await gateway.faasctl(["exec", id, "wc", "-c"], input: Data("abc".utf8))
                #expect(none.text == "0\n")
                #expect(try await exec([id, "sh", "-c", "kill -9 $$"]).code == 137)
            }
        }

        @Test("what cannot be executed is 127 or 126, what does not run is 1, each with its reason")
        func refusals() async throws {
            try await with { gateway, id in
                let exec = { (words: [String]) in try await gateway.faasctl(["exec"] + words) }
                let missing = try await exec([id, "no-such-program"])
                #expect(
                    missing.code == 127 && missing.error.contains("'no-such-program' is not in the container")
                )
                #expect(try await exec([id, "/etc"]).code == 126)
                let folder = try await exec(["-w", "/no/such", id, "true"])
                #expect(folder.code == 126 && folder.error.contains("working directory"), "\(folder)")
                let user = try await exec(["-u", "stranger", id, "true"])
                #expect(user.code == 1 && user.error.contains("stranger"), "\(user)")
                let relative = try await exec(["-w", "tmp", id, "true"])
                #expect(relative.code == 1 && relative.error.contains("absolute"), "\(relative)")
                let unknown = try await exec(["ffffffffffff", "true"])
                #expect(unknown.code == 1 && unknown.error.contains("may have ended"), "\(unknown)")
                let privileged = try await exec(["--privileged", id, "true"])
                #expect(privileged.code == 64 && privileged.error.contains("refused"), "\(privileged)")
                #expect(try await exec([id]).code == 64)
                // A detached one says so too, and else runs on.
                let detached = try await exec(["-d", id, "no-such-program"])
                #expect(detached.code == 127 && detached.error.contains("no-such-program"), "\(detached)")
                let ran = try await exec(["-d", id, "sh", "-c", "sleep 0.2; echo done > /tmp/done"])
                #expect(ran.code == 0 && ran.text == "", "\(ran)")
                let waiting = "until test -e /tmp/done; do sleep 0.05; done; cat /tmp/done"
                #expect(try await exec([id, "sh", "-c", waiting]).text == "done\n")
            }
        }

        @Test("a process ends with its caller, and with its container; signals reach it")
        func ends() async throws {
            try await with { gateway, id in
                let environment = ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder]
                let start = { (script: String) in
                    try PseudoTerminal(
                        Fixtures.faasctl,
                        ["exec", id, "sh", "-c", script],
                        environment: environment,
                        rows: 24,
                        columns: 80
                    )
                }
                let polite = try start(
                    "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done"
                )
                defer { polite.close() }
                #expect(try await polite.shows("ready"))
                kill(polite.processID, SIGTERM)
                #expect(await polite.ended() == 3)
                let orphan = try start("echo ready; exec sleep 77")
                defer { orphan.close() }
                #expect(try await orphan.shows("ready"))
                kill(orphan.processID, SIGKILL)
                _ = await orphan.ended()
                let look =
                    "for n in $(seq 100); do pgrep -f 'sleep 77' >/dev/null || exit 0; sleep 0.1; done; exit 1"
                #expect(try await gateway.faasctl("exec", id, "sh", "-c", look).code == 0)
                let last = try start("echo ready; exec sleep 1000")
                defer { last.close() }
                #expect(try await last.shows("ready"))
                try await gateway.require("kill", id)
                #expect(await last.ended() == 137)
                let stopped = try await gateway.faasctl("exec", id, "true")
                #expect(stopped.code == 1 && stopped.error.contains("is not running"), "\(stopped)")
            }
        }

        @Test("a second terminal: size, keys, and its end leaves the container running")
        func terminal() async throws {
            try await with { gateway, id in
                let terminal = try PseudoTerminal(
                    Fixtures.faasctl,
                    [
                        "exec", "-it", id, "sh", "-c",
                        "stty size; trap 'echo int' INT; read a; echo got $a; read b; exit 5",
                    ],
                    environment: ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder],
                    rows: 31,
                    columns: 97
                )
                defer { terminal.close() }
                #expect(try await terminal.shows("31 97"), "\(terminal.shown)")
                #expect(!terminal.isCooked)
                terminal.type("word\r")
                #expect(try await terminal.shows("got word"), "\(terminal.shown)")
                terminal.type("end\r")
                #expect(await terminal.ended() == 5)
                #expect(terminal.isCooked)
                #expect(try await gateway.faasctl("exec", id, "echo", "alive").text == "alive\n")
            }
        }

        @Test("into a running call, by its id or its function's name; the call is not disturbed")
        func calls() async throws {
            try await GatewayUnderTest.with { gateway in
                let script = "until test -e /tmp/go; do sleep 0.05; done; cat /tmp/go"
                let folder = try await Fixtures.shell(
                    script,
                    name: "waits",
                    configuration: "environment: {OWN: own}"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let call = Task {
                    try await gateway.call("/function/waits", headers: ["X-Call-Id": "one-call"])
                }
                _ = try await Self.first(gateway)
                let look = try await gateway.faasctl(
                    "exec",
                    "one-call",
                    "busybox",
                    "sh",
                    "-c",
                    "echo $MAYFLY_FUNCTION $MAYFLY_INVOCATION_ID $OWN; busybox hostname"
                )
                #expect(look.text == "waits one-call own\nwaits\n", "\(look)")
                #expect(
                    try await gateway.faasctl("exec", "waits", "busybox", "sh", "-c", "echo hello > /tmp/go")
                        .code == 0
                )
                let answer = try await call.value
                #expect(answer.status == 200 && answer.text == "hello\n", "\(answer)")
                // Nothing of it is in the next call's container.
                let next = Task {
                    try await gateway.call("/function/waits", headers: ["X-Call-Id": "two-call"])
                }
                _ = try await Self.first(gateway)
                #expect(
                    try await gateway.faasctl("exec", "two-call", "busybox", "test", "-e", "/tmp/go").code
                        == 1
                )
                #expect(
                    try await gateway.faasctl("exec", "two-call", "busybox", "touch", "/tmp/go").code == 0
                )
                #expect(try await next.value.status == 200)
            }
        }

        @Test(
            "into a container that stays, by its name, after a restart too; not while it is paused or stopped"
        )
        func kept() async throws {
            try await ContainerScene.with { gateway in
                let own = try TemporaryFolder()
                defer { own.remove() }
                try own.write("# variables\nFROM_FILE=1\nBOTH=file\n", to: "variables")
                let script = "echo start >> /starts; trap 'exit 0' TERM; while :; do sleep 0.05; done"
                let words = ["run", "-d", "--name", "web", "-e", "OWN=own", "box", "sh", "-c", script]
                #expect(try await gateway.faasctl(words).code == 0)
                let file = own.url.appendingPathComponent("variables").path
                let look = try await gateway.faasctl(
                    [
                        "exec", "--env-file", file, "-e", "BOTH=flag", "web", "sh", "-c",
                        "echo $OWN $FROM_FILE $BOTH",
                    ]
                )
                #expect(look.code == 0 && look.text == "own 1 flag\n", "\(look)")
                try await gateway.require("exec", "web", "sh", "-c", "echo x > /by-exec")
                try await gateway.require("restart", "-t", "1", "web")
                let after = try await gateway.require(
                    "container",
                    "exec",
                    "web",
                    "cat",
                    "/by-exec",
                    "/starts"
                )
                #expect(after == "x\nstart\nstart\n")
                try await gateway.require("pause", "web")
                let paused = try await gateway.faasctl("exec", "web", "true")
                #expect(paused.code == 1 && paused.error.contains("web is paused"), "\(paused)")
                try await gateway.require("unpause", "web")
                try await gateway.require("exec", "web", "true")
                try await gateway.require("stop", "-t", "1", "web")
                let stopped = try await gateway.faasctl("exec", "web", "true")
                #expect(stopped.code == 1 && stopped.error.contains("web is not running"), "\(stopped)")
                let lost = try await gateway.faasctl("exec", "--env-file", "/no/such", "web", "true")
                #expect(lost.code == 1 && lost.error.contains("/no/such"), "\(lost)")
            }
        }

        @Test(
            "a hundred of them leave processes, descriptors and memory where they were",
            .timeLimit(.minutes(60))
        )
        func hundred() async throws {
            let count = ContainerScene.repetitions ?? 100
            try await with { gateway, id in
                for _ in 0..<5 { #expect(try await gateway.faasctl("exec", id, "true").code == 0) }
                let before = try await HostView.settled(gateway: gateway.processID)
                for _ in 0..<count { #expect(try await gateway.faasctl("exec", id, "true").code == 0) }
                let after = try await HostView.settled(gateway: gateway.processID)
                Figures.tell("\(count) processes: before \(before.figures); after \(after.figures)")
                #expect(after.mounts <= before.mounts && after.cgroups.count <= before.cgroups.count)
                #expect(after.networkNamespaces.count <= before.networkNamespaces.count)
                #expect(after.processes.count <= before.processes.count, "\(before.figures) \(after.figures)")
                #expect(after.descriptors <= before.descriptors + 2, "\(before.figures) \(after.figures)")
                #expect(after.residentKibibytes < before.residentKibibytes + 8192, "\(after.figures)")
            }
        }
    }
}
