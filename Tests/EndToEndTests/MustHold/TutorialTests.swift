// SPDX-License-Identifier: Apache-2.0
// What tutorials for Docker type, line by line, with images of a registry on loopback. What other suites type is left
// out here: compose, volumes, login, health.

import Foundation
import Testing

extension EndToEnd {
    @Suite(.enabled(if: RegistryUnderTest.isInstalled)) struct TutorialTests {
        /// Builds and pushes images for the session, and removes them here: each `run` pulls its own.
        private static func fill(_ host: String, _ gateway: GatewayUnderTest) async throws {
            let folder = try await Fixtures.shell("", name: "images")
            defer { folder.remove() }
            let box = """
                FROM scratch
                COPY busybox /bin/busybox
                RUN ["/bin/busybox", "--install", "-s", "/bin"]
                RUN mkdir -p /etc /www /root
                RUN printf '#!/bin/sh\\nexec /bin/sh "$@"\\n' > /bin/bash && chmod 755 /bin/bash
                """
            let images = [
                "hello-world": #"CMD ["echo", "Hello from Docker!"]"#,
                "busybox": #"CMD ["sh"]"#,
                "ubuntu": #"CMD ["/bin/bash"]"#,
                "web":
                    "RUN echo page > /www/index.html\nEXPOSE 80\nCMD [\"httpd\", \"-f\", \"-v\", \"-p\", \"80\", \"-h\", \"/www\"]",
            ]
            for (name, lines) in images {
                try folder.write(box + "\n" + lines + "\n", to: "Dockerfile")
                try await gateway.require("build", folder.url.path, "-t", "local/\(name)")
                try await gateway.require("tag", "local/\(name)", "\(host)/\(name):latest")
                try await gateway.require("push", "\(host)/\(name):latest")
                try await gateway.require("rmi", "local/\(name)", "\(host)/\(name):latest")
            }
        }

        private func with(_ body: (GatewayUnderTest, String) async throws -> Void) async throws {
            let registry = try await RegistryUnderTest()
            defer { registry.stop() }
            try await GatewayUnderTest.with { gateway in
                try await Self.fill(registry.host, gateway)
                try await body(gateway, registry.host)
            }
        }

        private func terminal(_ gateway: GatewayUnderTest, _ words: String) throws -> PseudoTerminal {
            try PseudoTerminal(
                Fixtures.faasctl,
                words.split(separator: " ").map(String.init),
                environment: ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder],
                rows: 24,
                columns: 100
            )
        }

        @Test(
            "first steps: run what is not here, list it, run a shell, and a second one in the same container"
        )
        func firstSteps() async throws {
            try await with { gateway, host in
                let hello = try await gateway.line("run \(host)/hello-world")
                #expect(hello.code == 0 && hello.text == "Hello from Docker!\n", "\(hello)")
                try await gateway.requireLine("pull \(host)/busybox")
                let box = try terminal(gateway, "run -it \(host)/busybox sh")
                #expect(try await box.shows("# "))
                box.type("exit 3\n")
                #expect(await box.ended() == 3)
                box.close()
                let list = try terminal(gateway, "run -it --name lister \(host)/busybox ls /bin")
                #expect(await list.ended() == 0)
                #expect(list.shown.contains("busybox"), "\(list.shown)")
                list.close()
                #expect(
                    try await gateway.requireLine("run --rm \(host)/busybox ls /bin").contains("busybox\n")
                )
                let all = try await gateway.requireLine("ps -a --format", "{{.Names}} {{.Status}}")
                #expect(all.contains("lister Exited (0)"), "\(all)")

                let words = "container run --interactive --tty --name box1 \(host)/ubuntu /bin/bash"
                let first = try terminal(gateway, words)
                #expect(try await first.shows("# "))
                first.type("hostname; ps; echo kept > /root/file\n")
                let id = try await gateway.requireLine("container ls -q --no-trunc")
                #expect(try await first.shows(String(id.prefix(12)) + "\r\n"), "\(first.shown)")
                #expect(try await first.shows("    1 0        /bin/sh"), "\(first.shown)")
                first.type("\u{10}\u{11}")
                #expect(await first.ended() == 0)
                first.close()
                #expect(try await gateway.requireLine("container logs box1").contains("hostname"))
                let state = try await gateway.requireLine("container inspect -f {{.State.Status}} box1")
                #expect(state == "running\n")
                let again = try terminal(gateway, "container attach box1")
                again.type("echo a$((1+1))c\n")
                #expect(try await again.shows("a2c"))
                let second = try terminal(gateway, "container exec -it box1 bash")
                #expect(try await second.shows("# "))
                second.type("exit\n")
                #expect(await second.ended() == 0)
                second.close()
                #expect(try await gateway.requireLine("container ls -q").count == 13)
                try await gateway.requireLine("container stop -t 0 box1")
                #expect(await again.ended() == 137)
                again.close()
                let stopped = try await gateway.requireLine("container ls -a --filter name=box1")
                #expect(stopped.contains("Exited (137)"), "\(stopped)")
                let started = try terminal(gateway, "start -a -i box1")
                started.type("cat /root/file\n")
                #expect(try await started.shows("kept\r\n"), "\(started.shown)")
                started.type("exit\n")
                #expect(await started.ended() == 0)
                started.close()
                try await gateway.requireLine("rm -f box1 lister")
                try await gateway.requireLine("container prune -f")
                #expect(try await gateway.requireLine("ps -aq").isEmpty)
            }
        }

        @Test(
            "a server of a Dockerfile: build, images, run -p, logs -f, stop, cp, tag, push, save, rmi, prune"
        )
        func server() async throws {
            try await with { gateway, host in
                let port = try RegistryUnderTest.freePort()
                try await gateway.requireLine("run -d -p 127.0.0.1:\(port):80 --name site \(host)/web")
                let page = try await Command.require("curl", "-s", "http://127.0.0.1:\(port)/")
                #expect(page == "page\n")
                let ports = try await gateway.requireLine("ps --format", "{{.Ports}}")
                #expect(ports == "127.0.0.1:\(port)->80/tcp\n")
                let follower = Task { try await gateway.line("logs -f site") }
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write("secret\n", to: "dummy/secret.txt")
                try folder.write(
                    "FROM \(host)/web\nRUN echo goals > /www/index.html\n",
                    to: "goals/Dockerfile"
                )
                let dummy = folder.url.appendingPathComponent("dummy").path
                try await gateway.require("cp", dummy + "/.", "site:/copyTest")
                try FileManager.default.removeItem(atPath: dummy + "/secret.txt")
                try await gateway.require("cp", "site:/copyTest/secret.txt", dummy)
                #expect(try String(contentsOfFile: dummy + "/secret.txt", encoding: .utf8) == "secret\n")
                try await gateway.requireLine("stop site")
                let followed = try await follower.value
                #expect(followed.error.contains("response:200"), "\(followed)")
                try await gateway.requireLine("rm site")

                let goals = folder.url.appendingPathComponent("goals").path
                try await gateway.require("build", "--platform", "linux/amd64", "-t", "goals:latest", goals)
                try await gateway.require("build", "-t", "goals:1.0", goals)
                #expect(try await gateway.requireLine("images -a").contains("goals"))
                try await gateway.requireLine("run -p 127.0.0.1:\(port):80 -d --rm --name GoalsApp goals:1.0")
                let own = try await Command.require("curl", "-s", "http://127.0.0.1:\(port)/")
                #expect(own == "goals\n")
                try await gateway.requireLine("run -d --name quiet goals:1.0")
                let exposed = try await gateway.requireLine("ps --filter name=quiet --format", "{{.Ports}}")
                #expect(exposed == "80/tcp\n", "\(exposed)")
                try await gateway.requireLine("stop GoalsApp")
                #expect(try await !gateway.requireLine("ps -a --format", "{{.Names}}").contains("GoalsApp"))
                try await gateway.requireLine("rm -f quiet")

                try await images(folder, host, gateway)
            }
        }

        /// Names, archives and indexes of the image that was built.
        private func images(_ folder: TemporaryFolder, _ host: String, _ gateway: GatewayUnderTest)
            async throws
        {
            let archive = folder.url.appendingPathComponent("goals.tar").path
            try await gateway.require("tag", "goals:1.0", "\(host)/goals:1.0")
            try await gateway.require("push", "\(host)/goals:1.0")
            try await gateway.require("save", "-o", archive, "goals:1.0")
            try await gateway.require(
                "manifest",
                "create",
                "--amend",
                "\(host)/many:1.0",
                "\(host)/goals:1.0"
            )
            try await gateway.require("manifest", "push", "--purge", "\(host)/many:1.0")
            #expect(try await !gateway.requireLine("images").contains("many"))
            try await gateway.require("pull", "\(host)/many:1.0")
            try await gateway.require(
                "rmi",
                "goals:1.0",
                "goals:latest",
                "\(host)/goals:1.0",
                "\(host)/many:1.0"
            )
            try await gateway.require("image", "prune", "-f")
            #expect(try await !gateway.requireLine("images").contains("goals"))
            #expect(try await gateway.require("load", "-i", archive).contains("goals"))
            #expect(try await gateway.requireLine("history goals:1.0").contains("echo goals"))
        }
    }
}
