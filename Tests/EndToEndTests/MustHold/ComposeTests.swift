// SPDX-License-Identifier: Apache-2.0
// Projects of compose files, as people type them for Docker: up, ps, logs, run, down.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct ComposeTests {
        /// A project in a folder of its own, on a gateway with the image `box`.
        private struct Scene {
            let gateway: GatewayUnderTest
            let folder: TemporaryFolder

            /// Runs a subcommand and insists on success.
            @discardableResult
            func compose(_ words: String...) async throws -> String {
                let result = try await gateway.faasctl(self.words(words))
                guard result.code == 0 else {
                    throw HarnessError(
                        "compose \(words.joined(separator: " ")): \(result.error)\(gateway.logText)"
                    )
                }
                return result.text
            }

            func words(_ words: [String]) -> [String] {
                ["compose", "-p", "shop", "-f", folder.url.appendingPathComponent("compose.yaml").path]
                    + words
            }

            /// Runs a subcommand until its output passes a test.
            @discardableResult
            func eventually(_ words: String..., holds: (String) -> Bool) async throws -> String {
                var text = ""
                for _ in 0..<400 {
                    text = try await gateway.faasctl(self.words(words)).text
                    if holds(text) { return text }
                    try await Task.sleep(for: .milliseconds(25))
                }
                throw HarnessError(
                    "compose \(words.joined(separator: " ")) never showed it: \(text)\(gateway.logText)"
                )
            }

            func write(_ text: String) throws { try folder.write(text, to: "compose.yaml") }
        }

        private func with(_ text: String, _ body: (Scene) async throws -> Void) async throws {
            try await ContainerScene.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(text, to: "compose.yaml")
                try await body(Scene(gateway: gateway, folder: folder))
            }
        }

        private static let file = """
            services:
              web:
                image: box
                command: [sh, -c, "cat /data/seed; echo $$WORD; trap 'exit 0' TERM; while :; do sleep 0.05; done"]
                environment: {WORD: first}
                volumes: [data:/data]
                depends_on:
                  seed: {condition: service_completed_successfully}
              other:
                image: box
                command: [sh, -c, "echo other; trap 'exit 0' TERM; while :; do sleep 0.05; done"]
              seed:
                image: box
                command: [sh, -c, "echo seeded >> /data/seed"]
                volumes: [data:/data]
            volumes:
              data:
            """

        @Test(
            "up starts services in their order, a changed one is made anew, down removes them, down -v the volume"
        )
        func life() async throws {
            try await with(Self.file) { scene in
                try await scene.compose("up", "-d")
                let table = try await scene.compose("ps", "-a")
                for name in ["shop-web-1", "shop-other-1", "shop-seed-1"] {
                    #expect(table.contains(name), "\(table)")
                }
                #expect(
                    table.split(separator: "\n").first { $0.hasPrefix("shop-seed-1") }?.contains("Exited (0)")
                        == true
                )
                #expect(try await scene.compose("ps", "--services") == "other\nweb\n")
                let logs = try await scene.eventually("logs", "web") {
                    $0.contains("first")
                }
                #expect(logs == "web-1  | seeded\nweb-1  | first\n")
                let before = try await ids(scene)

                try await scene.compose("up", "-d")
                #expect(try await ids(scene) == before)
                try scene.write(Self.file.replacing("WORD: first", with: "WORD: second"))
                try await scene.compose("up", "-d")
                let after = try await ids(scene)
                #expect(after["other"] == before["other"])
                #expect(after["web"] != before["web"])
                _ = try await scene.eventually("logs", "web") { $0.contains("second") }

                try await scene.compose("down")
                #expect(try await scene.compose("ps", "-aq") == "")
                #expect(try await scene.gateway.require("volume", "ls", "-q") == "shop_data\n")
                try await scene.compose("down", "-v")
                #expect(try await scene.gateway.require("volume", "ls", "-q") == "")
            }
        }

        /// Ids of containers by their service.
        private func ids(_ scene: Scene) async throws -> [String: String] {
            let json = try await scene.compose("ps", "-a", "--format", "json")
            let list = try JSONDecoder().decode([Listed].self, from: Data(json.utf8))
            return Dictionary(list.map { ($0.request.labels["com.docker.compose.service"] ?? "", $0.id) }) {
                $1
            }
        }

        private struct Listed: Decodable {
            struct Request: Decodable { var labels: [String: String] }
            var id: String
            var request: Request
        }

        @Test("stop, start, restart, kill and rm act on the named services")
        func lifecycle() async throws {
            try await with(Self.file) { scene in
                try await scene.compose("up", "-d")
                try await scene.compose("stop", "web")
                #expect(try await scene.compose("ps", "--services") == "other\n")
                try await scene.compose("start", "web")
                #expect(try await scene.compose("ps", "--services") == "other\nweb\n")
                try await scene.compose("restart", "other")
                try await scene.compose("kill", "other")
                _ = try await scene.eventually("ps", "--services") { $0 == "web\n" }
                try await scene.compose("rm", "-f", "other")
                #expect(try await !scene.compose("ps", "-a").contains("shop-other-1"))
                try await scene.compose("down", "-v")
            }
        }

        @Test("run gives another command, and exits as it did; its container is gone with --rm")
        func run() async throws {
            try await with(Self.file) { scene in
                let result = try await scene.gateway.faasctl(
                    scene.words([
                        "run", "--rm", "-T", "-e", "X=1", "web", "sh", "-c",
                        "cat /data/seed; echo $X; exit 3",
                    ])
                )
                #expect(result.code == 3 && result.text == "seeded\n1\n", "\(result)")
                #expect(try await scene.compose("ps", "-a").split(separator: "\n").count == 2)
                try await scene.compose("down", "-v")
            }
        }

        @Test("exec runs in a service's container, ports reach it from the host, and ps shows them")
        func execAndPorts() async throws {
            let text = """
                services:
                  web:
                    image: box
                    command: [httpd, -f, -p, "80", -h, /bin]
                    environment: {WORD: first}
                    ports: ["127.0.0.1::80"]
                """
            try await with(text) { scene in
                try await scene.compose("up", "-d")
                let result = try await scene.gateway.faasctl(
                    scene.words(["exec", "-T", "-e", "X=1", "web", "sh", "-c", "echo $WORD $X; exit 3"])
                )
                #expect(result.code == 3 && result.text == "first 1\n", "\(result)")
                let place = try await scene.gateway.require("port", "shop-web-1", "80").dropLast()
                #expect(try await scene.compose("ps").contains("\(place)->80/tcp"))
                let script =
                    "for n in $(seq 100); do curl -sf http://\(place)/busybox | wc -c | grep -v '^0$' && break; done"
                let fetched = try await Command.run("/bin/bash", ["-c", script])
                #expect(Int(fetched.text.dropLast()) ?? 0 > 100_000, "\(fetched)")
                let second = try await scene.gateway.faasctl(
                    scene.words(["exec", "--index", "2", "web", "true"])
                )
                #expect(second.code == 1 && second.error.contains("is not running"), "\(second)")
                try await scene.compose("down")
            }
        }

        @Test("a failed dependency stops up with its reason, and nothing else is started")
        func failedDependency() async throws {
            try await with(Self.file.replacing("echo seeded >> /data/seed", with: "exit 7")) { scene in
                let result = try await scene.gateway.faasctl(scene.words(["up", "-d"]))
                #expect(result.code == 1 && result.error.contains("it ended with exit code 7"), "\(result)")
                #expect(try await !scene.compose("ps", "--services").contains("web"))
                try await scene.compose("down", "-v")
            }
        }

        @Test("a service with x-mayfly is a function, and down removes it; a foreign one is left alone")
        func function() async throws {
            let text = """
                services:
                  hello:
                    image: box
                    command: [sh, -c, "echo hello $$WHO"]
                    environment: {WHO: you}
                    x-mayfly: {limits: {memory: 32Mi}}
                """
            try await with(text) { scene in
                try await scene.compose("up", "-d")
                #expect(try await scene.gateway.require("invoke", "hello") == "hello you\n")
                try await scene.compose("down")
                #expect(try await scene.gateway.faasctl("invoke", "hello").code == 1)
                try await scene.gateway.require("deploy", "hello", "--image", "box")
                let refused = try await scene.gateway.faasctl(scene.words(["up", "-d"]))
                #expect(
                    refused.code == 1 && refused.error.contains("not of the project 'shop'"),
                    "\(refused)"
                )
                try await scene.compose("down")
                #expect(try await scene.gateway.require("list", "--quiet").contains("hello"))
            }
        }
    }
}
