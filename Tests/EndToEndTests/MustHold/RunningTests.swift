// SPDX-License-Identifier: Apache-2.0
// `faasctl ps`, `top`, `stop` and `kill` with real containers, and `new`.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct RunningTests {
        private struct Entry: Decodable {
            var id: String
            var kind: String
            var function: String?
            var container: String
            var state: String
            var cpuMs: Double?
            var memoryBytes: Int?
            var processes: Int?
        }

        private func running(_ gateway: GatewayUnderTest, atLeast count: Int = 1) async throws -> [Entry] {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            var text = ""
            for _ in 0..<400 {
                text = try await gateway.require("ps", "--output", "json")
                let all = try decoder.decode([Entry].self, from: Data(text.utf8))
                // A call that has just begun may be before its first instruction.
                if all.count >= count, all.allSatisfy({ ($0.processes ?? 0) > 1 }) { return all }
                try await Task.sleep(for: .milliseconds(25))
            }
            throw HarnessError("fewer than \(count) run: \(text)\(gateway.logText)")
        }

        @Test("calls and containers that run are listed with what they use, and end as an operator asks")
        func ends() async throws {
            try await GatewayUnderTest.with { gateway in
                let script =
                    "trap 'exit 3' TERM; trap 'echo usr1 >&2' USR1; (while :; do :; done) & while :; do wait; done"
                let folder = try await Fixtures.shell(script, name: "spin", configuration: "grace: 1s")
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                #expect(
                    try await gateway.require("ps", "--output", "json").trimmingCharacters(in: .newlines)
                        == "[]"
                )
                let first = Task {
                    try await gateway.call("/function/spin", headers: ["X-Call-Id": "first-call"])
                }
                let one = try #require(try await running(gateway).first)
                #expect(
                    one.id == "first-call" && one.function == "spin" && one.kind == "call"
                        && one.state == "running"
                )
                try await Task.sleep(for: .milliseconds(300))
                let later = try #require(try await running(gateway).first)
                #expect((later.cpuMs ?? 0) > 50 && (later.memoryBytes ?? 0) > 100_000 && later.processes == 2)
                let top = try await gateway.require("top", "--interval", "0.3")
                #expect(top.contains("first-call") && top.contains("spin") && top.contains("CPU%"), "\(top)")
                try await gateway.require("kill", "-s", "USR1", "first")
                let stopped = try await gateway.require("stop", "first")
                // The name as it was typed, once it has ended.
                #expect(stopped == "first\n")
                #expect(try await gateway.require("ps", "-q") == "")
                _ = try await first.value
                let record = try await gateway.invocation("spin", id: "first-call")
                #expect(record.outcome == "cancelled" && record.exitCode == 3, "\(record)")
                #expect(try await gateway.require("logs", "spin").contains("usr1"))
                let second = Task {
                    try await gateway.call("/function/spin", headers: ["X-Call-Id": "second-call"])
                }
                let two = try #require(try await running(gateway).first)
                #expect(two.function == "spin")
                // The function's only call.
                try await gateway.require("kill", "spin")
                _ = try await second.value
                let killed = try await gateway.invocation("spin", id: "second-call")
                #expect(killed.outcome == "cancelled" && killed.signal == 9, "\(killed)")
                let gone = try await gateway.faasctl("stop", "second-call")
                #expect(gone.code == 1 && gone.error.contains("may have ended"), "\(gone)")
            }
        }

        @Test("top, logs, stats and exec take a container and a call that runs alike")
        func alike() async throws {
            try await GatewayUnderTest.with { gateway in
                let script = "echo started >&2; sleep 1000 & trap 'exit 3' TERM; while :; do wait; done"
                let folder = try await Fixtures.shell(script, name: "spin", configuration: "grace: 1s")
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                try await gateway.require("build", folder.url.path, "-t", "spin")
                let call = Task {
                    try await gateway.call("/function/spin", headers: ["X-Call-Id": "first-call"])
                }
                try await gateway.requireLine("run -d --name box -u 1000 spin")
                _ = try await running(gateway, atLeast: 2)
                for (name, user) in [("box", "1000"), ("first-call", "0")] {
                    try await processes(of: name, user, gateway)
                    let stats = try await gateway.requireLine("stats --no-stream --format {{.PIDs}} \(name)")
                    #expect(stats == "2\n", "\(name)")
                    #expect(try await gateway.requireLine("exec \(name) /bin/busybox echo in") == "in\n")
                    #expect(try await log(of: name, gateway).hasSuffix("started\n"), "\(name)")
                }
                // A function's name lists its calls, as before.
                let calls = try await gateway.require("top", "--interval", "0.2", "spin")
                #expect(
                    calls.contains("first-call") && calls.contains("CPU%") && !calls.contains("PPID"),
                    "\(calls)"
                )
                let options = try await gateway.line("top box -o pid,wchan")
                #expect(options.code == 64 && options.error.contains("'wchan'"), "\(options)")
                let unknown = try await gateway.line("top nothing")
                #expect(unknown.code == 1 && unknown.error.contains("nothing of the name"), "\(unknown)")
                try await gateway.require("kill", "first-call")
                _ = try await call.value
                try await gateway.require("kill", "box")
                let ended = try await gateway.line("top box")
                #expect(ended.code == 1 && ended.error.contains("is not running"), "\(ended)")
            }
        }

        /// What `logs` writes of one that runs, once that is something: a container's stderr to stderr, a call's to stdout.
        private func log(of name: String, _ gateway: GatewayUnderTest) async throws -> String {
            for _ in 0..<40 {
                let result = try await gateway.line("logs \(name)")
                #expect(result.code == 0, "\(result)")
                if !(result.text + result.error).isEmpty { return result.text + result.error }
                try await Task.sleep(for: .milliseconds(100))
            }
            return ""
        }

        /// What `top` shows of one that runs the script of the test above.
        private func processes(of name: String, _ user: String, _ gateway: GatewayUnderTest) async throws {
            let text = try await gateway.requireLine("top \(name)")
            let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(lines.first == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], "\(text)")
            #expect(lines.count == 3, "\(text)")
            #expect(lines.dropFirst().first?.prefix(3) == [user, "1", "0"], "\(text)")
            #expect(lines.dropFirst().first?.last == "/run.sh", "\(text)")
            #expect(lines.last?.dropFirst(2).first == "1", "\(text)")
            let chosen = try await gateway.requireLine("top \(name) -o pid,user,comm")
            #expect(chosen.hasPrefix("PID                 USER                COMMAND\n1 "), "\(chosen)")
        }

        @Test("an attached container is listed, and stops with its stop signal or after its grace")
        func attached() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "trap 'echo bye; exit 4' TERM; sleep 60 & wait",
                    name: "box"
                )
                defer { folder.remove() }
                try await gateway.require("build", folder.url.path, "-t", "box")
                let run = Task { try await gateway.faasctl("run", "box") }
                let one = try #require(try await running(gateway).first)
                #expect(one.kind == "container" && one.function == nil)
                #expect(try await gateway.require("ps").contains("box"))
                try await gateway.require("stop", one.id)
                let end = try await run.value
                #expect(end.code == 4 && end.text == "bye\n", "\(end)")
                let second = Task { try await gateway.faasctl("run", "box") }
                let two = try #require(try await running(gateway).first)
                try await gateway.require("kill", two.id)
                #expect(try await second.value.code == 137)
            }
        }

        @Test("a container that ignores its stop signal is killed after the grace, and not before")
        func grace() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "trap '' TERM; trap 'echo int' INT; (while :; do sleep 1; done) & while :; do wait; done",
                    name: "deaf"
                )
                defer { folder.remove() }
                try await gateway.require("build", folder.url.path, "-t", "deaf")
                let run = Task { try await gateway.faasctl("run", "deaf") }
                let one = try #require(try await running(gateway).first)
                let begin = ContinuousClock.now
                try await gateway.require("stop", "-t", "1", "-s", "SIGINT", one.container)
                let took = ContinuousClock.now - begin
                #expect(took > .seconds(1) && took < .seconds(6), "\(took)")
                let end = try await run.value
                #expect(end.code == 137 && end.text == "int\n", "\(end)")
            }
        }

        @Test("a watched folder is deployed again with each change, until it is interrupted")
        func watch() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("echo one; echo log-one >&2", name: "watched")
                defer { folder.remove() }
                let output = try TemporaryFolder()
                defer { output.remove() }
                let error = output.url.appendingPathComponent("error")
                let process = Process()
                process.executableURL = URL(fileURLWithPath: Fixtures.faasctl)
                process.arguments = ["deploy", folder.url.path, "--watch"]
                let variables = ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder]
                process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
                process.standardInput = FileHandle.nullDevice
                process.standardOutput = try Command.createFile(output.url.appendingPathComponent("output"))
                process.standardError = try Command.createFile(error)
                try process.start()
                defer { if process.isRunning { process.terminate() } }
                func answers(_ text: String) async throws -> Bool {
                    for _ in 0..<400 {
                        let answer = try await gateway.call("/function/watched")
                        if answer.status == 200, answer.text == text { return true }
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    return false
                }
                #expect(try await answers("one\n"))
                try folder.write("echo two; echo log-two >&2", to: "run")
                #expect(try await answers("two\n"))
                let dockerfile = try String(
                    contentsOf: folder.url.appendingPathComponent("Dockerfile"),
                    encoding: .utf8
                )
                try folder.write("FROM scratch\nCOPY none /none\n", to: "Dockerfile")
                var remarks = ""
                for _ in 0..<400 {
                    remarks = try String(contentsOf: error, encoding: .utf8)
                    if remarks.contains("none") { break }
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(remarks.contains("none"))
                try folder.write("echo three", to: "run")
                try folder.write(dockerfile, to: "Dockerfile")
                #expect(try await answers("three\n"))
                let log = output.url.appendingPathComponent("output")
                #expect(try String(contentsOf: log, encoding: .utf8).contains("log-two"))
                kill(process.processIdentifier, SIGINT)
                process.waitUntilExit()
                #expect(process.terminationStatus == 0 && process.terminationReason == .exit)
            }
        }

        @Test("the folder that new writes deploys at once, and answers")
        func new() async throws {
            try await GatewayUnderTest.with { gateway in
                let base = try await Fixtures.shell("", name: "base")
                defer { base.remove() }
                try base.write(
                    "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n",
                    to: "Dockerfile"
                )
                // In place of the public image, which no test may pull.
                try await gateway.require("build", base.url.path, "-t", "busybox:1.37")
                let place = try TemporaryFolder()
                defer { place.remove() }
                let words = ["-C", place.url.path, Fixtures.faasctl, "new", "greet", "--template", "sh"]
                let made = try await Command.run("/usr/bin/env", words)
                #expect(made.code == 0, "\(made)")
                try await gateway.require("deploy", place.url.appendingPathComponent("greet").path)
                #expect(try await gateway.require("invoke", "greet", "-d", "you") == "Hello, you\n")
                #expect(try await gateway.require("invoke", "greet") == "Hello, world\n")
                let again = try await Command.run("/usr/bin/env", words)
                #expect(again.code == 1 && again.error.contains("exists"), "\(again)")
            }
        }
    }
}
