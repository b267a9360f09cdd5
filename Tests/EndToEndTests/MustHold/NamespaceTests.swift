// SPDX-License-Identifier: Apache-2.0
// Two functions of one name in two namespaces: nothing of one reaches the other.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct NamespaceTests {
        private struct Record: Decodable {
            var function: String
            var namespace: String
        }

        @Test("two namespaces share no function, secret, log, record or counter")
        func apart() async throws {
            try await GatewayUnderTest.with { gateway in
                let plain = try await Fixtures.function("hello")
                let folder = try await Fixtures.shell(
                    """
                    echo "line of $MAYFLY_NAMESPACE" >&2
                    /bin/busybox cat /run/secrets/key
                    echo " in $MAYFLY_NAMESPACE"
                    """,
                    name: "hello",
                    configuration: "secrets: [key]"
                )
                defer { folder.remove() }
                let teams = ["team-a", "team-b"]
                for team in teams {
                    try await gateway.require("namespace", "create", team, "--label", "owner=\(team)")
                    let made = try await gateway.faasctl(
                        ["secret", "create", "key", "-n", team],
                        input: Data("value of \(team)".utf8)
                    )
                    #expect(made.code == 0, "\(made.error)")
                    try await gateway.require("deploy", folder.url.path, "-n", team)
                }
                try await gateway.require("deploy", plain, "--env", "GREETING=Default")
                #expect(try await gateway.call("/function/hello").text == "Default from a fresh container\n")
                #expect(try await gateway.call("/function/hello.openfaas-fn").status == 200)
                for team in teams {
                    let expected = "value of \(team) in \(team)\n"
                    #expect(try await gateway.call("/function/hello.\(team)").text == expected)
                    #expect(try await gateway.require("invoke", "hello", "-n", team) == expected)
                    let log = try await gateway.require("logs", "hello", "--namespace", team)
                    #expect(log.components(separatedBy: "line of \(team)").count == 3, "\(log)")
                    #expect(!log.contains("line of \(team == "team-a" ? "team-b" : "team-a")"))
                    let text = try await gateway.require("invocations", "-n", team, "--output", "json")
                    let records = try JSONDecoder().decode([Record].self, from: Data(text.utf8))
                    #expect(records.count == 2)
                    #expect(records.allSatisfy { $0.function == "hello" && $0.namespace == team })
                    let list = try await gateway.require("list", "-n", team, "--quiet")
                    #expect(list == "hello.\(team)\n")
                    #expect(try await gateway.require("describe", "hello", "-n", team).contains(team))
                }
                #expect(try await gateway.require("list", "--quiet") == "hello\n")
                let inUse = try await gateway.faasctl("secret", "remove", "key", "-n", "team-a")
                #expect(inUse.code == 1 && inUse.error.contains("hello.team-a"), "\(inUse.error)")
                let busy = try await gateway.faasctl("namespace", "remove", "team-a")
                #expect(busy.code == 1 && busy.error.contains("key"), "\(busy.error)")
                try await gateway.require("remove", "hello", "-n", "team-a")
                try await gateway.require("secret", "remove", "key", "-n", "team-a")
                try await gateway.require("namespace", "remove", "team-a")
                #expect(try await gateway.call("/function/hello.team-a").status == 404)
                #expect(try await gateway.call("/function/hello.team-b").status == 200)
                let gone = try await gateway.faasctl("deploy", "x", "--image", "hello:latest", "-n", "team-a")
                #expect(gone.code == 1 && gone.error.contains("no namespace 'team-a'"), "\(gone.error)")
            }
        }

        @Test("what runs and what waits is listed, stopped and purged by namespace")
        func running() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("sleep 60", name: "nap", configuration: "grace: 0s")
                defer { folder.remove() }
                for team in ["team-a", "team-b"] {
                    try await gateway.require("namespace", "create", team)
                    try await gateway.require("deploy", folder.url.path, "-n", team)
                }
                try await gateway.require("deploy", folder.url.path)
                for team in ["team-a", "team-b"] {
                    _ = try await gateway.require("invoke", "nap", "-n", team, "--async")
                }
                func count(_ words: [String]) async throws -> Int {
                    let result = try await gateway.faasctl(words)
                    #expect(result.code == 0, "\(words): \(result.error)")
                    return result.text.split(separator: "\n").count
                }
                _ = try await gateway.eventually("ps", "--quiet") { $0.split(separator: "\n").count == 2 }
                for (words, expected) in [
                    ([], 2), (["--namespace", "team-a"], 1), (["nap", "--namespace", "team-a"], 1),
                    (["nap.team-a"], 1), (["nap"], 0), (["--namespace", "openfaas-fn"], 0),
                ] {
                    #expect(try await count(["ps", "--quiet"] + words) == expected, "\(words)")
                }
                let top = try await gateway.require("top", "-n", "team-b", "--interval", "0.2")
                #expect(top.contains("nap.team-b") && !top.contains("nap.team-a"), "\(top)")
                let queued = try await gateway.require("queue", "list", "-n", "team-a")
                #expect(queued.contains("nap.team-a") && !queued.contains("nap.team-b"), "\(queued)")
                let other = try await gateway.faasctl(
                    "queue",
                    "list",
                    "--function",
                    "nap.team-b",
                    "-n",
                    "team-a"
                )
                #expect(other.code == 1 && other.error.contains("team-b"), "\(other.error)")
                #expect(try await gateway.require("stop", "nap", "-n", "team-a") == "nap\n")
                #expect(try await count(["ps", "--quiet"]) == 1)
                #expect(try await gateway.require("kill", "nap", "-n", "team-b") == "nap\n")
                let states = ["succeeded", "failed", "cancelled", "waiting", "queued"].flatMap {
                    ["--state", $0]
                }
                for team in ["nobody", "team-b", "team-b"] {
                    _ = try await count(["queue", "purge", "-n", team] + states)
                }
                let left = try await gateway.require("queue", "list")
                #expect(left.contains("nap.team-a") && !left.contains("nap.team-b"), "\(left)")
            }
        }

        @Test("a stack says the namespace of each function, and both survive a restart")
        func stack() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let source = try await Fixtures.function("hello")
            try folder.write(
                """
                provider: {name: openfaas}
                functions:
                  one: {build: \(source), namespace: team, environment: {GREETING: Team}}
                  two: {build: \(source), environment: {GREETING: Default}}
                """,
                to: "stack.yaml"
            )
            let file = folder.url.appendingPathComponent("stack.yaml").path
            let first = try await GatewayUnderTest(dataFolder: data)
            let refused = try await first.faasctl("up", "-f", file)
            #expect(refused.code == 1 && refused.error.contains("no namespace 'team'"), "\(refused.error)")
            try await first.require("namespace", "create", "team")
            try await first.require("up", "-f", file)
            // The option moves every function of the stack.
            try await first.require("namespace", "create", "other")
            try await first.require("up", "-f", file, "-n", "other")
            #expect(try await first.require("list", "-n", "other", "--quiet") == "one.other\ntwo.other\n")
            await first.stop()
            let second = try await GatewayUnderTest(dataFolder: data)
            #expect(try await second.call("/function/one.team").text == "Team from a fresh container\n")
            #expect(try await second.call("/function/one").status == 404)
            #expect(try await second.call("/function/two").text == "Default from a fresh container\n")
            await second.stop()
        }
    }
}
