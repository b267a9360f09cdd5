// SPDX-License-Identifier: Apache-2.0
// Containers that stay: run -d, ps, logs, stop, start, rm, volumes, as people type it for Docker.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct ContainerTests {
        @Test("run -d, ps, logs, stop, start with the file written earlier, rm")
        func life() async throws {
            try await ContainerScene.with { gateway in
                let id = try await gateway.requireLine("run -d --name web --label tier=front box")
                #expect(id.count == 65 && id.dropLast().allSatisfy(\.isHexDigit), "\(id)")
                let short = String(id.prefix(12))
                let table = try await gateway.eventually("ps") { $0.contains("Up ") }
                let lines = table.split(separator: "\n")
                let heads = "CONTAINER ID   IMAGE     COMMAND                  CREATED"
                #expect(lines.first?.hasPrefix(heads) == true, "\(table)")
                #expect(
                    lines.count == 2 && lines.last?.hasPrefix(short) == true
                        && lines.last?.hasSuffix("web") == true
                )
                #expect(lines.last?.contains("\"sh -c 'echo out; ec…\"") == true, "\(table)")
                #expect(try await gateway.require("ps", "-q") == short + "\n")
                #expect(try await gateway.require("ps", "--format", "{{.Names}}") == "web\n")
                #expect(try await gateway.require("ps", "-q", "--filter", "label=tier=back") == "")
                #expect(try await gateway.requireLine("ps -s").split(separator: "\n")[0].hasSuffix("SIZE"))
                try await gateway.requireLine("exec web sh -c", "head -c 3000000 /dev/zero > /kept")
                let format = "{{.Size}} {{.Label \"tier\"}}"
                let sized = try await gateway.require("ps", "--format", format)
                #expect(sized.contains("MB front"), "\(sized)")
                _ = try await gateway.eventually("logs", "web") { $0 == "out\n" }
                var errors = ""
                for _ in 0..<400 where errors != "err\n" {
                    errors = try await gateway.faasctl("logs", "web").error
                }
                let timed = try await gateway.faasctl("logs", "-t", "--tail", "2", short)
                #expect(
                    timed.error.hasSuffix("Z err\n") && timed.error.hasPrefix("20")
                        && timed.text.hasSuffix("Z out\n"),
                    "\(timed)"
                )

                #expect(try await gateway.require("stop", "web") == "web\n")
                #expect(try await gateway.require("ps", "-q") == "")
                let stopped = try await gateway.require("ps", "-a")
                #expect(stopped.contains("Exited (5) "), "\(stopped)")
                #expect(
                    try await gateway.require(
                        "inspect",
                        "-f",
                        "{{.State.ExitCode}} {{.State.Running}}",
                        short
                    ) == "5 false\n"
                )
                #expect(try await gateway.require("start", "web") == "web\n")
                #expect(try await gateway.require("container", "ls", "-q") == short + "\n")
                let refused = try await gateway.faasctl("rm", "web")
                #expect(
                    refused.code == 1 && refused.error.contains("stop the container before removal"),
                    "\(refused)"
                )
                #expect(try await gateway.require("rm", "-f", "web") == "web\n")
                #expect(try await gateway.require("ps", "-aq") == "")
                #expect(try gateway.containerFiles() == [])
                let gone = try await gateway.faasctl("stop", "web")
                #expect(gone.code == 1, "\(gone)")
            }
        }

        @Test("an attached run without --rm stays, keeps its files, and starts again attached")
        func attached() async throws {
            try await ContainerScene.with { gateway in
                let script = "cat /note 2>/dev/null; echo written >> /note; hostname; exit 3"
                let first = try await gateway.faasctl("run", "--name", "keeper", "box", "sh", "-c", script)
                #expect(first.code == 3, "\(first)")
                let host = first.text
                #expect(try await gateway.require("ps", "-q") == "")
                #expect(try await gateway.require("ps", "-aq") == host, "the host name is the id's beginning")
                let second = try await gateway.faasctl("start", "-a", "keeper")
                #expect(second.code == 3 && second.text == "written\n" + host, "\(second)")
                #expect(try await gateway.require("logs", "keeper") == host + "written\n" + host)
                #expect(try await gateway.require("wait", "keeper") == "3\n")
                let taken = try await gateway.faasctl("run", "--name", "keeper", "box")
                #expect(taken.code == 125 && taken.error.contains("already in use"), "\(taken)")
                try await gateway.require("rename", "keeper", "kept")
                #expect(try await gateway.require("inspect", "-f", "{{.Name}}", "kept") == "/kept\n")
                let removed = try await gateway.faasctl("run", "--rm", "box", "true")
                #expect(removed.code == 0)
                #expect(
                    try await gateway.require("ps", "-a", "--format", "{{.Names}} {{.State}}")
                        == "kept exited\n"
                )
                #expect(try await gateway.faasctl("run", "--rm", "box", "no-such").code == 127)
                #expect(try await gateway.require("container", "prune", "-f").contains("Deleted Containers:"))
                #expect(try gateway.containerFiles() == [])
            }
        }

        @Test("functions and containers share names, and a container keeps its image")
        func names() async throws {
            try await ContainerScene.with { gateway in
                try await gateway.require("deploy", Fixtures.function("echo"))
                let taken = try await gateway.faasctl("run", "-d", "--name", "echo", "box")
                #expect(taken.code == 125 && taken.error.contains("function 'echo'"), "\(taken)")
                try await gateway.require("run", "-d", "--name", "other", "box")
                let refused = try await gateway.faasctl("deploy", "other", "--image", "box")
                #expect(refused.code == 1 && refused.error.contains("is a container's"), "\(refused)")
                let image = try await gateway.faasctl("rmi", "box")
                #expect(image.code == 1 && image.error.contains("container other"), "\(image)")
                try await gateway.require("image", "prune", "-a")
                #expect(try await gateway.require("restart", "-t", "0", "other") == "other\n")
                try await gateway.require("rm", "-f", "other")
                try await gateway.require("rmi", "box")
            }
        }

        @Test(
            "a crash loop backs off and is shown as such, on-failure ends after its bound, stop ends a policy"
        )
        func policies() async throws {
            try await ContainerScene.with { gateway in
                try await gateway.requireLine("run -d --name loop --restart always box false")
                let shown = try await gateway.eventually("ps", "--format", "{{.Status}}") {
                    $0.hasPrefix("Restarting (1)")
                }
                #expect(shown.hasSuffix("ago\n"), "\(shown)")
                try await Task.sleep(for: .seconds(2))
                let count = try await gateway.require("inspect", "-f", "{{.RestartCount}}", "loop")
                // 100 + 200 + 400 + 800 ms: four starts fit into two seconds, and some time for each.
                #expect((2...6).contains(Int(count.dropLast()) ?? 0), "\(count)")
                #expect(try await gateway.require("stop", "loop") == "loop\n")
                #expect(try await gateway.require("inspect", "-f", "{{.State.Status}}", "loop") == "exited\n")
                try await gateway.requireLine("run -d --name few --restart on-failure:2 box false")
                let few = try await gateway.eventually(
                    "inspect",
                    "-f",
                    "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}",
                    "few"
                ) { $0.hasPrefix("exited 2") }
                #expect(few == "exited 2 1\n")
            }
        }

        @Test(
            "after kill -9 of the gateway containers, files and volumes are there, and policies start again"
        )
        func killed() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await ContainerScene.build(on: first)
            let script =
                "echo $(cat /data/count 2>/dev/null)x > /data/count; cat /data/count; while :; do sleep 0.05; done"
            let words = ["run", "-d", "-v", "state:/data"]
            for (name, policy) in [
                ("service", "unless-stopped"), ("stopped", "unless-stopped"), ("plain", "no"),
            ] {
                let result = try await first.faasctl(
                    words + [
                        "--name", name, "--restart", policy, "box", "sh", "-c",
                        name == "service" ? script : "echo $0 > /mine; sleep 60",
                    ]
                )
                #expect(result.code == 0, "\(result)")
            }
            try await first.require("run", "-d", "--rm", "--name", "temporary", "box")
            _ = try await first.eventually("logs", "service") { $0 == "x\n" }
            try await first.require("stop", "-t", "0", "stopped")
            let view = HostView(gateway: first.processID)
            first.signal(SIGKILL)
            _ = await first.ended()
            #expect(try await view.remains(dataFolder: data, within: .seconds(2)) == [])
            let second = try await GatewayUnderTest(dataFolder: data)
            _ = try await second.eventually("logs", "service") { $0 == "x\nxx\n" }
            let all = try await second.require("ps", "-a", "--format", "{{.Names}} {{.State}}")
            #expect(
                Set(all.split(separator: "\n")) == ["service running", "stopped exited", "plain exited"],
                "\(all)"
            )
            #expect(try await second.require("inspect", "-f", "{{.State.ExitCode}}", "plain") == "137\n")
            #expect(try second.containerFiles().filter { $0.hasPrefix("layers") }.count == 3)
            #expect(try await second.require("volume", "ls", "-q") == "state\n")
            let held = try await second.faasctl("volume", "rm", "state")
            #expect(held.code == 1 && held.error.contains("in use"), "\(held)")
            try await second.require("rm", "-f", "service", "stopped", "plain")
            #expect(try await second.require("volume", "rm", "state") == "state\n")
            #expect(try second.containerFiles() == [])
            await second.stop()
        }

        @Test("40 starts, stops and removals leave nothing behind", .timeLimit(.minutes(60)))
        func cycles() async throws {
            let count = ContainerScene.repetitions ?? 40
            try await ContainerScene.with { gateway in
                func cycle(_ number: Int) async throws {
                    try await gateway.require("run", "-d", "--name", "cycle-\(number)", "box")
                    try await gateway.require("stop", "-t", "1", "cycle-\(number)")
                    try await gateway.require("start", "cycle-\(number)")
                    try await gateway.require("rm", "-f", "cycle-\(number)")
                }
                for number in 0..<5 { try await cycle(number) }
                let before = try await HostView.settled(gateway: gateway.processID)
                let diskBefore = ContainerScene.diskKibibytes(gateway.dataFolder)
                for number in 5..<(5 + count) { try await cycle(number) }
                let after = try await HostView.settled(gateway: gateway.processID)
                let disk = ContainerScene.diskKibibytes(gateway.dataFolder)
                Figures.tell(
                    "\(count) cycles: before \(before.figures), disk \(diskBefore) KiB; after \(after.figures), disk \(disk) KiB"
                )
                #expect(disk <= diskBefore + ContainerScene.diskGrowthMax, "\(diskBefore) \(disk)")
                #expect(after.processes.count <= before.processes.count)
                #expect(after.cgroups.count <= before.cgroups.count)
                #expect(
                    after.descriptors <= before.descriptors + 2,
                    "\(before.descriptors) \(after.descriptors)"
                )
                #expect(after.mounts <= before.mounts)
                #expect(after.networkNamespaces.count <= before.networkNamespaces.count)
                #expect(try gateway.containerFiles() == [])
            }
        }

        @Test(
            "a paused container makes no progress, goes on, and can be stopped, killed and removed while paused"
        )
        func paused() async throws {
            try await ContainerScene.with { gateway in
                let script = "trap 'exit 6' TERM; while :; do echo x; sleep 0.02; done"
                try await gateway.require("run", "-d", "--name", "one", "box", "sh", "-c", script)
                _ = try await gateway.eventually("logs", "one") { $0.count > 4 }
                #expect(try await gateway.require("pause", "one") == "one\n")
                #expect(try await gateway.require("ps", "--format", "{{.Status}}").contains("(Paused)"))
                try await Task.sleep(for: .milliseconds(200))
                let first = try await gateway.require("logs", "one")
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await gateway.require("logs", "one") == first)
                let again = try await gateway.faasctl("pause", "one")
                #expect(again.code == 1 && again.error.contains("already paused"), "\(again)")
                try await gateway.require("unpause", "one")
                _ = try await gateway.eventually("logs", "one") { $0.count > first.count }
                try await gateway.require("pause", "one")
                try await gateway.require("stop", "-t", "5", "one")
                #expect(try await gateway.require("inspect", "-f", "{{.State.ExitCode}}", "one") == "6\n")
                try await gateway.require("start", "one")
                try await gateway.require("pause", "one")
                try await gateway.require("rm", "-f", "one")
                try await gateway.require("run", "-d", "--name", "two", "box", "sh", "-c", script)
                try await gateway.require("pause", "two")
                try await gateway.require("kill", "two")
                #expect(try await gateway.require("inspect", "-f", "{{.State.ExitCode}}", "two") == "137\n")
            }
        }

        @Test("mounts of the host's own folders are refused, others and volumes are as asked")
        func mounts() async throws {
            try await ContainerScene.with { gateway in
                for source in ["/", "/etc", "/proc/1", "/var", gateway.dataFolder] {
                    let refused = try await gateway.line("run --rm -v \(source):/x box true")
                    #expect(refused.code == 125, "\(source): \(refused)")
                }
                let memory = try await gateway.line(
                    "run --rm --tmpfs /t:size=1m box sh -c",
                    "df -k /t | tail -1 | awk '{print $2}'"
                )
                let fixed = try await gateway.line("run --rm --read-only box touch /b")
                #expect(fixed.code == 1 && fixed.error.contains("Read-only file system"), "\(fixed)")
                #expect(memory.text == "1024\n", "\(memory)")
                let limits = try await gateway.line(
                    "run --rm -w /tmp -u 7:8 --hostname here -e A=1 box sh -c",
                    "pwd; id -u; id -g; hostname; echo $A"
                )
                #expect(limits.text == "/tmp\n7\n8\nhere\n1\n", "\(limits)")
                try await gateway.requireLine("run --rm -v data:/data box sh -c", "echo kept > /data/f")
                let read = try await gateway.line(
                    "run --rm -v data:/data:ro box sh -c",
                    "cat /data/f; touch /data/g"
                )
                #expect(
                    read.text == "kept\n" && read.code == 1 && read.error.contains("Read-only"),
                    "\(read)"
                )
                #expect(try await gateway.require("volume", "inspect", "-f", "{{.Name}}", "data") == "data\n")
                #expect(try await gateway.require("volume", "prune", "-f").contains("data"))
            }
        }
    }
}
