// SPDX-License-Identifier: Apache-2.0
// POST /v1/run over HTTP: forms, statuses, refusals.

import Foundation
import FunctionModel
import NIOCore
import Scheduler
import Synchronization
import Testing

@testable import Gateway

@Suite("POST /v1/run")
struct RunAPITests {
    private static func post(
        _ runs: FakeRuns,
        _ body: String = #"{"image": "x", "command": ["a"]}"#,
        headers: [String] = []
    ) async throws -> WireAnswer {
        let box = Box()
        try await TestGateway.run(runs: runs) { gateway in
            let fields = [TestGateway.authorization, "Content-Type: application/json"] + headers
            box.answer = try await gateway.client.send("POST", "/v1/run", headers: fields, body: body)
        }
        return try #require(box.answer)
    }

    /// SAFETY: written by the one closure above, before it is read.
    private final class Box: @unchecked Sendable { var answer: WireAnswer? }

    private static func object(_ answer: WireAnswer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any])
    }

    @Test("answers 200 with output, exit code and figures, whatever the exit code")
    func answers() async throws {
        let answer = try await Self.post(.ending(.exit, output: Array("out".utf8), errors: Array("err".utf8)))
        #expect(answer.status == 200)
        let object = try Self.object(answer)
        #expect(object["outcome"] as? String == "exit" && object["exit_code"] as? Int == 3)
        #expect(object["stdout"] as? String == "out" && object["stderr"] as? String == "err")
        #expect(object["truncated"] as? Bool == false && object["stdout_base64"] == nil)
        let rest = [
            "id", "queue_ms", "start_ms", "run_ms", "cpu_ms", "peak_memory_bytes", "limits_reached", "files",
        ]
        for name in rest { #expect(object[name] != nil, "\(name)") }
        let killed = try Self.object(await Self.post(.ending(.signal)))
        #expect(killed["signal"] as? Int == 9 && killed["exit_code"] == nil)
    }

    @Test("gives bytes that are no text in base64")
    func bytes() async throws {
        let object = try Self.object(await Self.post(.ending(.ok, output: [0xFF, 0], errors: [0xFF, 0x61])))
        #expect(object["stdout_base64"] as? String == "/wA=" && object["stdout"] == nil)
        #expect(object["stderr"] as? String == "\u{FFFD}a")
    }

    @Test(
        "refuses what cannot run with a status and a code",
        arguments: [
            (RunRefusal.unknownImage(name: "py", reference: "py", names: ["sh"]), 404, "unknown_image"),
            (.call(.busy(retryAfterSeconds: 1)), 429, "busy"),
            (.call(.cannotStart(reason: "no")), 502, "cannot_start"),
            (.call(.unavailable(reason: "no", retryAfterSeconds: 1)), 503, "unavailable"),
            (.file(path: "/a", reason: "'/a' in the container: it is a symbolic link"), 400, "invalid"),
            (.mistake(.tooLarge(field: "code", bytes: 2, max: 1)), 413, "body_too_large"),
        ]
    )
    func refusals(refusal: RunRefusal, status: Int, code: String) async throws {
        let runs = FakeRuns { _, _ throws(RunRefusal) in throw refusal }
        for headers in [[], ["Accept: text/event-stream"]] {
            let answer = try await Self.post(runs, headers: headers)
            #expect(answer.status == status)
            #expect(try Self.object(answer)["code"] as? String == code)
        }
    }

    @Test("refuses unknown keys, forms, callers without credentials and bodies over the bound")
    func bad() async throws {
        let runs = FakeRuns.ending(.ok)
        let unknown = try await Self.post(runs, #"{"image": "x", "comand": []}"#)
        #expect(unknown.status == 400 && unknown.body.contains("comand"))
        let inner = try await Self.post(runs, #"{"image": "x", "limits": {"body": "1Mi"}}"#)
        #expect(inner.status == 400 && inner.body.contains("body"))
        #expect(try await Self.post(runs, "no JSON").status == 400)
        let both = try await Self.post(
            runs,
            #"{"image": "x", "command": ["a"], "code": "b", "language": "sh"}"#
        )
        #expect(both.status == 400 && both.body.contains("beside 'command'"))
        #expect(runs.requests.withLock { $0.isEmpty })
        try await TestGateway.run(runs: runs) { gateway in
            let open = try await gateway.client.send(
                "POST",
                "/v1/run",
                headers: ["Content-Type: application/json"],
                body: "{}"
            )
            #expect(open.status == 401)
            let form = [TestGateway.authorization, "Content-Type: multipart/form-data; boundary=x"]
            #expect(try await gateway.client.send("POST", "/v1/run", headers: form, body: "x").status == 415)
            let large = "{" + String(repeating: " ", count: RunBounds.bodyBytesMax) + "}"
            let json = [TestGateway.authorization, "Content-Type: application/json"]
            #expect(
                try await gateway.client.send("POST", "/v1/run", headers: json, body: large).status == 413
            )
            #expect(try await gateway.client.send("GET", "/v1/run", headers: json).status == 405)
        }
    }

    @Test("refuses a body that is too long by its own word at once, and invites none")
    func declared() async throws {
        try await TestGateway.run(runs: FakeRuns.ending(.ok)) { gateway in
            let length = RunBounds.bodyBytesMax + 1
            let fields = [
                TestGateway.authorization, "Content-Type: application/json", "Content-Length: \(length)",
                "Expect: 100-continue", "Connection: close",
            ]
            let head = "POST /v1/run HTTP/1.1\r\nHost: x\r\n" + fields.joined(separator: "\r\n") + "\r\n\r\n"
            let answer = try await gateway.client.raw(head)
            #expect(answer.status == 413 && answer.body.contains("body_too_large"), "\(answer)")
        }
    }

    @Test("holds a bounded memory of requests and outputs, and gives it back with each answer")
    func memory() async throws {
        let (runs, memory) = (FakeRuns.ending(.ok), ByteBudget())
        let box = Box()
        func post(_ body: String) async throws -> Int {
            try await TestGateway.run(runs: runs, runMemory: memory) { gateway in
                let fields = [TestGateway.authorization, "Content-Type: application/json"]
                box.answer = try await gateway.client.send("POST", "/v1/run", headers: fields, body: body)
            }
            return try #require(box.answer).status
        }
        let small = #"{"image": "x", "limits": {"output": "4Ki"}}"#
        var others: ByteBudget.Share? = ByteBudget.Share(memory)
        let own = small.utf8.count + 8192
        #expect(others?.take(ByteBudget.bytesMax - own) == true)
        for _ in 0..<3 { #expect(try await post(small) == 200) }
        #expect(others?.take(1) == true)
        #expect(try await post(small) == 503)
        #expect(box.answer?.body.contains("unavailable") == true)
        #expect(box.answer?["retry-after"] == "1")
        #expect(runs.requests.withLock { $0.count } == 3)
        #expect(others?.take(own - 2) == true)
        #expect(try await post(small) == 503)
        others = nil
        #expect(try await post(#"{"image": "x"}"#) == 200)
    }

    @Test("admits a token with the scope sandbox, which opens nothing else, and no other but admin's")
    func scopes() async throws {
        try await TestGateway.run(runs: FakeRuns.ending(.ok)) { gateway in
            for (scopes, status) in [
                (#"["sandbox"]"#, 200), (#"["admin"]"#, 200), (#"["deploy","invoke"]"#, 403),
            ] {
                let token = try await gateway.token(#"{"scopes":\#(scopes)}"#)
                let fields = ["Authorization: Bearer " + token.text, "Content-Type: application/json"]
                let body = #"{"image": "x"}"#
                let answer = try await gateway.client.send("POST", "/v1/run", headers: fields, body: body)
                #expect(answer.status == status, "\(scopes): \(answer.body)")
                guard scopes.contains("sandbox") else { continue }
                let other = try await gateway.client.send("GET", "/system/functions", headers: fields)
                #expect(other.status == 403)
            }
        }
    }

    @Test(
        "leaves no line in the audit log, which one token could fill, unless its caller may not run anything"
    )
    func audit() async throws {
        try await TestGateway.run(runs: FakeRuns.ending(.ok)) { gateway in
            let fields = [TestGateway.authorization, "Content-Type: application/json"]
            for path in ["/v1/run", "/v1/run?a=b"] {
                let body = #"{"image": "x"}"#
                let answer = try await gateway.client.send("POST", path, headers: fields, body: body)
                // A query that the path does not have is refused.
                #expect(answer.status == (path == "/v1/run" ? 200 : 400))
            }
            let log = gateway.directory + "/audit/audit.log"
            let mistaken = try await gateway.client.send("POST", "/v1/run", headers: fields, body: "{}")
            #expect(mistaken.status == 400 && !FileManager.default.fileExists(atPath: log))
            let open = ["Content-Type: application/json"]
            #expect(try await gateway.client.send("POST", "/v1/run", headers: open, body: "{}").status == 401)
            let token = try await gateway.token(#"{"scopes":["deploy"]}"#)
            let other = ["Authorization: Bearer " + token.text] + open
            #expect(
                try await gateway.client.send("POST", "/v1/run", headers: other, body: "{}").status == 403
            )
            let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            let runs = lines.filter { $0.contains(#""path":"/v1/run""#) }
            #expect(runs.count == 1 && runs[0].contains("403"), "\(lines)")
        }
    }

    @Test("ends a stream of events with how the run ended")
    func events() async throws {
        let answer = try await Self.post(.ending(.exit), headers: ["Accept: text/event-stream"])
        #expect(answer.status == 200 && answer.body.hasPrefix("event: exit\ndata: {"))
        #expect(answer.body.contains(#""exit_code":3"#) && !answer.body.contains("stdout"))
    }
}
