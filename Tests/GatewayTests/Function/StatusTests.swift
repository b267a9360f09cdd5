// SPDX-License-Identifier: Apache-2.0
// The status table, row by row, as a client sees it.

import Contracts
import FoundationEssentials
import FunctionModel
import NIOCore
import Scheduler
import Testing

@testable import Gateway

@Suite struct StatusTests {
    struct Ending: Sendable, CustomTestStringConvertible {
        var outcome: Outcome
        var exitCode: Int?
        var signal: Int?
        var status: Int
        var code: String
        var header: String?
        var cause: InvocationCause?
        var testDescription: String { "\(outcome) \(exitCode ?? -1) \(signal ?? -1)" }
    }

    @Test(
        "a failed function answers with the status, code and headers of its outcome",
        arguments: [
            Ending(outcome: .exit, exitCode: 1, status: 500, code: "exit_code", header: "1"),
            Ending(outcome: .exit, exitCode: 42, status: 500, code: "exit_code", header: "42"),
            Ending(outcome: .exit, exitCode: 126, status: 500, code: "exit_code", header: "126"),
            Ending(outcome: .exit, exitCode: 127, status: 500, code: "exit_code", header: "127"),
            Ending(outcome: .exit, status: 500, code: "function_error", cause: .functionFailed),
            Ending(outcome: .signal, signal: 11, status: 500, code: "killed_by_signal", header: "139"),
            Ending(outcome: .oom, signal: 9, status: 500, code: "out_of_memory", header: "137"),
            Ending(outcome: .timeout, signal: 15, status: 504, code: "timeout", header: "143"),
            Ending(outcome: .platform, status: 502, code: "malformed_answer"),
            Ending(outcome: .lost, status: 503, code: "lost"),
        ]
    ) func failure(_ ending: Ending) async throws {
        let invoker = FakeInvoker.ending(ending.outcome, output: "secret output") {
            $0.exitCode = ending.exitCode
            $0.signal = ending.signal
            $0.cause = ending.cause
        }
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.send("GET", "/function/hello", headers: ["X-Call-Id: abc"])
            #expect(answer.status == ending.status)
            #expect(
                answer.statusLine.split(separator: " ").count > 2,
                "no reason phrase: \(answer.statusLine)"
            )
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer["x-call-id"] == "abc")
            #expect(answer["x-outcome"] == ending.outcome.rawValue)
            #expect(answer["x-exit-code"] == ending.header)
            #expect(answer["x-exit-signal"] == ending.signal.map(String.init))
            #expect(answer["x-duration-seconds"] == "0.012500")
            #expect(answer.body.contains("\"code\":\"\(ending.code)\""))
            #expect(answer.body.contains("\"call_id\":\"abc\""))
            #expect(!answer.body.contains("secret output"))
            #expect(answer.isWhole)
        }
    }

    @Test(
        "a refused call answers with the status of its refusal",
        arguments: [
            (InvocationRefusal.unknownFunction("hello"), 404, "unknown_function", nil),
            (.busy(retryAfterSeconds: 3), 429, "busy", "3"),
            (.unavailable(reason: "draining", retryAfterSeconds: 5), 503, "unavailable", "5"),
            (.cannotStart(reason: "clone: EPERM"), 502, "cannot_start", nil),
            (.requestInvalid(.eventNotJSON), 400, "malformed_request", nil),
            (.requestInvalid(.eventTooLarge), 413, "body_too_large", nil),
            (.bodyFailed(.bodyTooLarge), 413, "body_too_large", nil),
            (.bodyFailed(.bodyStalled), 408, "request_timeout", nil),
            (.bodyFailed(.bodyMalformed), 400, "malformed_request", nil),
        ] as [(InvocationRefusal, Int, String, String?)]
    ) func refusal(_ refusal: InvocationRefusal, _ status: Int, _ code: String, _ retry: String?) async throws
    {
        try await TestGateway.run(.refusing(refusal)) { gateway in
            let answer = try await gateway.client.send("GET", "/function/hello")
            #expect(answer.status == status)
            #expect(answer["retry-after"] == retry)
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer.body.contains("\"code\":\"\(code)\""))
            #expect(answer["x-exit-code"] == nil)
        }
    }

    @Test("why a function cannot start is for administrators, not for callers")
    func reasons() async throws {
        let reason = "secret 'api-key' is missing in /var/lib/mayfly: mount: errno 2"
        try await TestGateway.run(.refusing(.cannotStart(reason: reason))) { gateway in
            let anonymous = try await gateway.client.send("GET", "/function/hello")
            #expect(anonymous.status == 502)
            for word in ["api-key", "/var/lib", "errno", "mount"] { #expect(!anonymous.body.contains(word)) }
            let wrong = "Authorization: Basic YWRtaW46d3Jvbmc="
            let stranger = try await gateway.client.send("GET", "/function/hello", headers: [wrong])
            #expect(!stranger.body.contains("api-key"))
            let admin = try await gateway.client.send(
                "GET",
                "/function/hello",
                headers: [TestGateway.authorization]
            )
            #expect(admin.body.contains("api-key"))
        }
    }

    @Test("a request that is too large to start a process is 431, with sizes")
    func requestTooLarge() async throws {
        try await TestGateway.run(.refusing(.requestTooLarge(bytes: 131_072, max: 122_880))) { gateway in
            let answer = try await gateway.client.send("GET", "/function/hello")
            #expect(answer.status == 431)
            #expect(answer.body.contains("131072 bytes") && answer.body.contains("120Ki"))
        }
    }

    @Test("output over its limit is named in the answer's header, or in the trailers of one that has begun")
    func outputLimit() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            let record = FakeInvoker.record(function, request.id, .signal) {
                $0.signal = 9
                $0.limitsReached = [.output]
            }
            return request.id == "short"
                ? .complete(ResponseHead(), output: ByteBuffer(), record)
                : .streaming(ResponseHead(), FakeOutput(["abc"], record))
        }
        try await TestGateway.run(invoker) { gateway in
            let short = try await gateway.client.send("GET", "/function/hello", headers: ["X-Call-Id: short"])
            #expect(short.status == 500)
            #expect(short["x-limits-reached"] == "output")
            #expect(short.body.contains("limits.output"))
            let bytes = try await gateway.client.exchange([
                "GET /function/hello HTTP/1.1\r\nHost: h\r\nX-Call-Id: long\r\nConnection: close\r\n\r\n"
            ])
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("abc\r\n0\r\n"))
            #expect(text.contains("X-Limits-Reached: output\r\n"))
            #expect(!text.hasSuffix("\r\n\r\n"), "it must not look whole")
        }
    }

    @Test("exit code 0 answers 200 with the output, its type and the call's headers")
    func success() async throws {
        try await TestGateway.run(.ending(.ok, output: "hello\n")) { gateway in
            let answer = try await gateway.client.send("GET", "/function/hello")
            #expect(answer.statusLine == "HTTP/1.1 200 OK")
            #expect(answer.body == "hello\n")
            #expect(answer["content-length"] == "6")
            #expect(answer["content-type"] == "application/octet-stream")
            #expect(answer["x-exit-code"] == "0")
            #expect(answer["x-duration-seconds"] == "0.012500")
            #expect(answer["x-call-id"]?.count == 36)
            #expect(answer["date"]?.hasSuffix(" GMT") == true)
        }
    }

    @Test("an unknown function and an unknown path answer 404 by different codes")
    func unknown() async throws {
        try await TestGateway.run { gateway in
            let function = try await gateway.client.send("GET", "/function/nobody/x")
            #expect(function.status == 404)
            #expect(function.body.contains("\"detail\":\"no function named 'nobody'\""))
            let path = try await gateway.client.send("GET", "/nothing")
            #expect(path.status == 404)
            #expect(path.body.contains("unknown_path"))
        }
    }
}
