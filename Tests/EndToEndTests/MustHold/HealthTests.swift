// SPDX-License-Identifier: Apache-2.0
// Health checks of containers, as people type them for Docker, and services that wait for them.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct HealthTests {
        private static func eventually(_ gateway: GatewayUnderTest, _ name: String, _ words: String)
            async throws
        {
            _ = try await gateway.eventually("ps", "--format", "{{.Names}} {{.Status}}") { text in
                text.split(separator: "\n").contains { $0.hasPrefix(name + " ") && $0.hasSuffix(words) }
            }
        }

        @Test(
            "of a container: starting, healthy, unhealthy, healthy again; a slow check is killed; stop ends them"
        )
        func life() async throws {
            try await ContainerScene.with { gateway in
                let words = [
                    "run", "-d", "--name", "web", "--health-cmd", "echo looked; test -e /well",
                    "--health-interval", "100ms", "--health-retries", "2", "--health-timeout", "5s",
                    "--health-start-period", "1h", "--health-start-interval", "50ms", "box",
                ]
                #expect(try await gateway.faasctl(words).code == 0)
                try await Self.eventually(gateway, "web", "(health: starting)")
                try await gateway.require("exec", "web", "touch", "/well")
                try await Self.eventually(gateway, "web", "(healthy)")
                try await gateway.require("exec", "web", "rm", "/well")
                try await Self.eventually(gateway, "web", "(unhealthy)")
                let shown = try await gateway.require("inspect", "-f", "{{json .State.Health}}", "web")
                #expect(shown.contains("\"Status\":\"unhealthy\""), "\(shown)")
                #expect(shown.contains("\"ExitCode\":1,\"Output\":\"looked\\n\""), "\(shown)")
                let filtered = try await gateway.require("ps", "-q", "--filter", "health=unhealthy")
                #expect(filtered.split(separator: "\n").count == 1)
                #expect(try await gateway.require("ps", "-q", "--filter", "health=healthy") == "")
                try await gateway.require("exec", "web", "touch", "/well")
                try await Self.eventually(gateway, "web", "(healthy)")
                try await gateway.require("stop", "-t", "1", "web")
                #expect(
                    try await gateway.require("ps", "-a", "--format", "{{.Status}}").hasPrefix("Exited (5)")
                )
                let slow = [
                    "run", "-d", "--name", "slow", "--health-cmd", "sleep 61; true", "--health-interval",
                    "50ms",
                ]
                let rest = ["--health-retries", "1", "--health-timeout", "200ms", "box"]
                #expect(try await gateway.faasctl(slow + rest).code == 0)
                try await Self.eventually(gateway, "slow", "(unhealthy)")
                let output = try await gateway.require("inspect", "-f", "{{json .State.Health}}", "slow")
                #expect(output.contains("exceeded timeout (200ms)") && output.contains("-1"), "\(output)")
                // What a check has started ends with it: by now there were some checks, of two processes each.
                try await Task.sleep(for: .seconds(2))
                let left = try await gateway.require(
                    "exec",
                    "slow",
                    "sh",
                    "-c",
                    "pgrep -f 'sleep 6[1]' | wc -l"
                )
                #expect((Int(left.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 99) <= 2, "\(left)")
                let both = try await gateway.faasctl("run", "--no-healthcheck", "--health-cmd", "x", "box")
                #expect(both.code == 64, "\(both)")
            }
        }

        @Test("of an image is its HEALTHCHECK, which --no-healthcheck switches off")
        func image() async throws {
            try await ContainerScene.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(
                    "FROM box\nHEALTHCHECK --interval=100ms CMD test -e /bin/sh\n",
                    to: "Dockerfile"
                )
                try await gateway.require("build", folder.url.path, "-t", "checked")
                try await gateway.requireLine("run -d --name web checked")
                try await Self.eventually(gateway, "web", "(healthy)")
                try await gateway.requireLine("run -d --name plain --no-healthcheck checked")
                let plain = try await gateway.require(
                    "ps",
                    "--format",
                    "{{.Names}} {{.Status}}",
                    "--filter",
                    "name=plain"
                )
                #expect(!plain.contains("("), "\(plain)")
            }
        }

        @Test("of a service holds up those that wait for it; an unhealthy one stops up with its reason")
        func compose() async throws {
            try await ContainerScene.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let file = folder.url.appendingPathComponent("compose.yaml").path
                func write(_ test: String) throws {
                    try folder.write(
                        """
                        services:
                          db:
                            image: box
                            command: [sh, -c, "sleep 1; touch /ready; while :; do sleep 0.05; done"]
                            healthcheck: {test: "\(test)", interval: 100ms, retries: 3, start_period: 20s, start_interval: 100ms}
                          web:
                            image: box
                            command: [sh, -c, "date +%s%N; while :; do sleep 0.05; done"]
                            depends_on:
                              db: {condition: service_healthy}

                        """,
                        to: "compose.yaml"
                    )
                }
                try write("test -e /ready")
                try await gateway.require("compose", "-p", "shop", "-f", file, "up", "-d", "--wait")
                try await Self.eventually(gateway, "shop-db-1", "(healthy)")
                let format = "{{.State.StartedAt}}"
                let db = try await gateway.require("inspect", "-f", format, "shop-db-1")
                let web = try await gateway.require("inspect", "-f", format, "shop-web-1")
                #expect(db < web, "\(db) \(web)")
                #expect(try await gateway.require("exec", "shop-db-1", "ls", "/ready") == "/ready\n")
                try await gateway.require("compose", "-p", "shop", "-f", file, "down", "-t", "0")
                try write("exit 1")
                try folder.write(
                    try String(contentsOfFile: file, encoding: .utf8).replacing(
                        "start_period: 20s",
                        with: "start_period: 0s"
                    ),
                    to: "compose.yaml"
                )
                let failed = try await gateway.faasctl("compose", "-p", "shop", "-f", file, "up", "-d")
                #expect(failed.code == 1 && failed.error.contains("unhealthy"), "\(failed)")
                #expect(try await !gateway.require("ps", "--format", "{{.Names}}").contains("shop-web-1"))
                try await gateway.require("compose", "-p", "shop", "-f", file, "down", "-t", "0")
            }
        }
    }
}
