// SPDX-License-Identifier: Apache-2.0
// POST /v1/run with real containers: one round trip, one fresh container, nothing left.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct RunCodeTests {
        @Test("code runs in the image that the configuration names for its language")
        func code() async throws {
            try await RunScene.with { gateway in
                let first = try await gateway.run([
                    "code": "echo $FROM_IMAGE $A; cat; echo e >&2; exit 3", "language": "sh",
                    "stdin": "in",
                    "env": ["A": "b c"],
                ]
                )
                #expect(first["stdout"] as? String == "yes b c\nin" && first["stderr"] as? String == "e\n")
                #expect(first["exit_code"] as? Int == 3 && first["outcome"] as? String == "exit")
                let plain = try await gateway.run(["image": "box"])
                #expect(plain["stdout"] as? String == "default\n" && plain["outcome"] as? String == "ok")
                let unknown = try await gateway.postRun(["code": "1", "language": "python"])
                #expect(unknown.status == 404 && unknown.text.contains("'run_images'"), "\(unknown.text)")
                #expect(unknown.text.contains("has sh"))
                let record = try #require(try await gateway.invocations("_run").last)
                #expect(record.trigger == "run" && record.outcome == "exit" && record.status == 200)
                #expect(try await gateway.require("logs", "_run").contains(" e\n"))
                let taken = try await gateway.faasctl("deploy", "_run", "--image", "box")
                #expect(taken.code == 1 && taken.error.contains("POST /v1/run"), "\(taken.error)")
            }
        }

        @Test("each run finds the image's own files, whatever the run before it wrote")
        func fresh() async throws {
            try await RunScene.with { gateway in
                let script =
                    "ls -A /tmp /w; cat /w/old; hostname; echo x > /tmp/mine; echo x > /w/old; id -u; pwd"
                let first = try await gateway.run(RunScene.shell(script))
                for _ in 0..<5 {
                    let next = try await gateway.run(RunScene.shell(script))
                    #expect(next["stdout"] as? String == first["stdout"] as? String)
                }
                let user = try await gateway.run(
                    RunScene.shell("id -u; id -g; pwd", ["user": "app", "workdir": "/w"])
                )
                #expect(user["stdout"] as? String == "7\n8\n/w\n")
                let none = try await gateway.postRun(RunScene.shell(":", ["user": "nobody-here"]))
                #expect(none.status == 400 && none.text.contains("user"))
            }
        }

        @Test("limits hold, and the answer names them")
        func limits() async throws {
            try await RunScene.with { gateway in
                let slow = try await gateway.run(
                    RunScene.shell("trap 'exit 9' TERM; echo a; sleep 60 & wait", ["timeout": "1s"])
                )
                #expect(slow["outcome"] as? String == "timeout" && slow["stdout"] as? String == "a\n")
                let loud = try await gateway.run(RunScene.shell("yes", ["limits": ["output": "100Ki"]]))
                #expect(
                    loud["truncated"] as? Bool == true && loud["limits_reached"] as? [String] == ["output"]
                )
                #expect((loud["stdout"] as? String)?.utf8.count == 100 << 10)
                let hog = try await gateway.run(
                    RunScene.shell("head -c 64m /dev/zero | tail", ["limits": ["memory": "16Mi"]])
                )
                #expect((hog["limits_reached"] as? [String])?.contains("memory") == true, "\(hog)")
                let noNetwork = try await gateway.run(RunScene.shell("ls /sys/class/net"))
                #expect(noNetwork["stdout"] as? String == "lo\n")
                let missing = try await gateway.run(["image": "box", "command": ["no-such-program"]])
                #expect(missing["exit_code"] as? Int == 127)
            }
        }

        @Test("events come while the run goes on, the last of them says how it ended")
        func events() async throws {
            try await RunScene.with { gateway in
                let answer = try await gateway.postRun(
                    RunScene.shell("echo one; sleep 0.2; echo two >&2; sleep 0.2; printf '\\377'; exit 4"),
                    headers: ["Accept": "text/event-stream"]
                )
                #expect(answer.headers["content-type"] == "text/event-stream")
                let events = answer.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
                #expect(events.count == 4, "\(answer.text)")
                #expect(events.first == #"event: stdout"# + "\n" + #"data: {"text":"one\n"}"#)
                #expect(events.contains(#"event: stderr"# + "\n" + #"data: {"text":"two\n"}"#))
                #expect(events.contains(#"event: stdout"# + "\n" + #"data: {"base64":"/w=="}"#))
                #expect(
                    events.last?.hasPrefix("event: exit") == true
                        && events.last?.contains(#""exit_code":4"#) == true
                )
            }
        }

        @Test("the stream of events begins with the command, before its first output")
        func quietEvents() async throws {
            try await RunScene.with { gateway in
                let body = #"{"image": "box", "command": ["sleep", "30"]}"#
                let credentials = "admin:" + (try gateway.password())
                let json = "Content-Type: application/json"
                let partial = try await Command.run(
                    "/usr/bin/curl",
                    ["-siN", "-m", "3", "-u", credentials, "-H", json, "-H", "Accept: text/event-stream"]
                        + ["-d", body, gateway.address + "/v1/run"]
                )
                #expect(partial.code == 28 && partial.text.hasPrefix("HTTP/1.1 200"), "\(partial)")
                let quiet = try await gateway.postRun(
                    RunScene.shell(":"),
                    headers: ["Accept": "text/event-stream"]
                )
                #expect(quiet.text.hasPrefix("event: exit"), "\(quiet.text)")
                let refused = try await gateway.postRun(
                    ["image": "none"],
                    headers: ["Accept": "text/event-stream"]
                )
                #expect(refused.status == 404)
            }
        }

        @Test("a client that goes away ends its run at once, and the run is recorded as cancelled")
        func gone() async throws {
            try await RunScene.with { gateway in
                _ = try await gateway.run(RunScene.shell(":"))
                var count = 1
                for accept in ["application/json", "text/event-stream"] {
                    let task = Task {
                        try await gateway.postRun(
                            RunScene.shell("trap '' TERM; echo begun; sleep 60 & wait; wait"),
                            headers: ["Accept": accept]
                        )
                    }
                    try await Task.sleep(for: .milliseconds(700))
                    let start = ContinuousClock.now
                    task.cancel()
                    _ = await task.result
                    count += 1
                    let record = try #require(try await gateway.invocations("_run", atLeast: count).first)
                    #expect(record.outcome == "cancelled" && record.status == 499, "\(accept)")
                    #expect(ContinuousClock.now - start < .seconds(10))
                }
            }
        }

        @Test("faasctl run --code shows output and ends with the exit code of the code")
        func commandLine() async throws {
            try await RunScene.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write("cat /data/x; cat; echo e >&2; exit 5", to: "code.sh")
                try folder.write("host\n", to: "x")
                let code = folder.url.appendingPathComponent("code.sh").path
                let file = folder.url.appendingPathComponent("x").path
                let first = try await gateway.faasctl(
                    ["run", "-i", "--code", code, "--language", "sh", "--file", "\(file):/data/x"],
                    input: Data("in\n".utf8)
                )
                #expect(first.code == 5 && first.text == "host\nin\n" && first.error == "e\n", "\(first)")
                let piped = try await gateway.faasctl(
                    ["run", "--code", "-", "--language", "sh", "-e", "A=b", "--output", "json", "box"],
                    input: Data("echo $A".utf8)
                )
                #expect(
                    piped.code == 0 && piped.text.contains(#""stdout" : "b\n""#)
                        || piped.text.contains(#""stdout":"b\n""#)
                )
                let late = try await gateway.faasctl(
                    ["run", "--code", "-", "--language", "sh", "--timeout", "500ms"],
                    input: Data("sleep 9".utf8)
                )
                #expect(late.code == 124 && late.error.contains("time limit"), "\(late)")
                for wrong in [
                    ["--language", "sh", "box"], ["--code", code],
                    ["--code", code, "--language", "sh", "-t"],
                    ["--code", code, "--language", "sh", "box", "ls"],
                    ["--code", code, "--language", "sh", "--file", "x"],
                ] {
                    #expect(try await gateway.faasctl(["run"] + wrong).code == 64, "\(wrong)")
                }
                let cobol = try await gateway.faasctl("run", "--code", code, "--language", "cobol")
                #expect(cobol.code == 125 && cobol.error.contains("one of python"), "\(cobol)")
            }
        }
    }
}
