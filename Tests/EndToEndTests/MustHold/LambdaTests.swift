// SPDX-License-Identifier: Apache-2.0
// Runtimes of AWS Lambda as functions, through the whole gateway.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct LambdaTests {
        @Test("a Lambda function answers, each event in a container of its own")
        func example() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("shell-lambda"))
                for number in 0..<6 {
                    let answer = try await gateway.call("/function/shell-lambda/a%20b/\(number)?x=1")
                    #expect(answer.status == 201, "\(answer.text)")
                    #expect(answer.text == "hello from /a%20b/\(number)\n")
                    #expect(answer.headers["x-calls"] == "1")
                    #expect(answer.headers["content-type"] == "application/json")
                }
                let records = try await gateway.invocations("shell-lambda", atLeast: 6)
                #expect(records.allSatisfy { $0.outcome == "ok" && $0.status == 201 })
                let log = try await gateway.require("logs", "shell-lambda", "--tail", "100")
                #expect(log.contains("answering /a%20b/5"))
                #expect(log.contains("START RequestId: ") && log.contains("\tInit Duration: "), "\(log)")
            }
        }

        @Test("many Lambda functions' calls at once are answered, none by another's runtime")
        func atOnce() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("shell-lambda"))
                let answers = try await gateway.calls(40, atOnce: 8, "/function/shell-lambda/x")
                #expect(answers.allSatisfy { $0.status == 201 && $0.headers["x-calls"] == "1" })
            }
        }

        /// A runtime whose deeds depend on the event's path, or on the event itself.
        private static let runtime = #"""
            api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
            wget() { /bin/busybox wget -q -O /tmp/accepted "$@"; }
            /bin/busybox wget -q -S -O /tmp/event "$api/next" 2>/tmp/head
            id=$(/bin/busybox sed -n 's/^ *lambda-runtime-aws-request-id: *//Ip' /tmp/head | /bin/busybox tr -d '\r')
            case "$(/bin/busybox cat /tmp/event)" in
            *'"rawPath":"/error"'*) wget --post-data '{"errorMessage":"no","errorType":"E"}' "$api/$id/error" ;;
            *'"rawPath":"/text"'*) wget --post-data 'hello' "$api/$id/response" ;;
            *'"rawPath":"/large"'*) /bin/busybox head -c 6291557 /dev/zero | /bin/busybox tr '\0' a > /tmp/large
                wget --post-file /tmp/large "$api/$id/response" ;;
            *'"rawPath":"/next"'*) wget "$api/next" ;;
            *'"rawPath":"/other"'*) wget --post-data '1' "$api/other/response"
                wget --post-data '{"statusCode":200}' "$api/$id/response" ;;
            *'"rawPath":"/exit"'*) exit 7 ;;
            *'"rawPath":"/leave"'*) exit 0 ;;
            *'"rawPath":"/hang"'*) /bin/busybox sleep 100 ;;
            *'"version":"2.0"'*) wget --post-data '{"a":1}' "$api/$id/response" ;;
            *) wget --post-file /tmp/event "$api/$id/response" ;;
            esac
            /bin/busybox sleep 100
            """#

        private static func with(
            _ script: String,
            _ configuration: String = "",
            _ body: (GatewayUnderTest) async throws -> Void
        ) async throws {
            let folder = try await Fixtures.shell(
                script,
                name: "runtime",
                configuration: "contract: lambda\n\(configuration)"
            )
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                try await body(gateway)
            }
        }

        @Test("what a runtime does wrong has a defined status and record, and the next event is answered")
        func wrong() async throws {
            try await Self.with(Self.runtime, "timeout: 2s\ngrace: 100ms") { gateway in
                let statuses = [
                    "error": 500, "text": 502, "large": 502, "next": 502, "other": 200, "exit": 500,
                    "leave": 502, "hang": 504,
                ]
                for (path, status) in statuses {
                    let answer = try await gateway.call("/function/runtime/" + path)
                    #expect(answer.status == status, "\(path): \(answer.text)")
                    let next = try await gateway.call("/function/runtime/")
                    #expect(next.status == 200 && next.text == #"{"a":1}"#, "after \(path)")
                }
                let records = try await gateway.invocations("runtime", atLeast: 16)
                #expect(
                    records.filter { $0.outcome != "ok" }.map(\.outcome).sorted()
                        == ["exit", "exit", "platform", "platform", "platform", "platform", "timeout"]
                )
                let log = try await gateway.require("logs", "runtime", "--tail", "200")
                for line in [
                    "the function reports an error: E: no", "its response is not JSON", "larger than 6 MiB",
                    "asked for the next invocation before", "Task timed out after 2.00 seconds",
                ] {
                    #expect(log.contains(line), "\(line)")
                }
            }
        }

        @Test("an asynchronous call's body is the event, and its answer the call's output")
        func asynchronous() async throws {
            try await Self.with(Self.runtime) { gateway in
                let accepted = try await gateway.call(
                    "/async-function/runtime",
                    method: "POST",
                    body: Data(#"{"order":7}"#.utf8)
                )
                #expect(accepted.status == 202)
                let id = try #require(accepted.headers["x-call-id"])
                let record = try await gateway.invocation("runtime", id: id)
                #expect(record.outcome == "ok" && record.trigger == "async")
                let refused = try await gateway.call(
                    "/async-function/runtime",
                    method: "POST",
                    body: Data("no JSON".utf8)
                )
                let other = try #require(refused.headers["x-call-id"])
                #expect(try await gateway.invocation("runtime", id: other).outcome == "platform")
            }
        }

        @Test(
            "a runtime that reports a failed initialisation, or never asks, is a 502 with its reason in the log"
        )
        func neverReady() async throws {
            let script = #"""
                /bin/busybox wget -q -O - --post-data '{"errorMessage":"no module","errorType":"ImportError"}' \
                    "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"
                /bin/busybox sleep 100
                """#
            try await Self.with(script) { gateway in
                #expect(try await gateway.call("/function/runtime").status == 502)
                let log = try await gateway.require("logs", "runtime")
                #expect(log.contains("its initialisation failed: ImportError: no module"), "\(log)")
            }
            try await Self.with("echo no client >&2; exit 3") { gateway in
                #expect(try await gateway.call("/function/runtime").status == 502)
                let log = try await gateway.require("logs", "runtime")
                #expect(log.contains("ended before it was ready") && log.contains("no client"), "\(log)")
            }
        }
    }
}
