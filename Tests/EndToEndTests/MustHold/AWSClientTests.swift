// SPDX-License-Identifier: Apache-2.0
// boto3 and AWS's command line against a gateway, with nothing but its address and a token.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct AWSClientTests {
        /// A handler whose deeds depend on the event.
        private static let handler = """
            import json, os, sys, time

            calls = 0

            def handler(event, context):
                global calls
                calls += 1
                if isinstance(event, dict):
                    if "say" in event:
                        print(event["say"])
                    if "raise" in event:
                        raise ValueError(event["raise"])
                    if "exit" in event:
                        os._exit(event["exit"])
                    time.sleep(event.get("sleep", 0))
                own = context.client_context.custom if context.client_context else None
                answer = {"event": event, "name": os.environ.get("NAME"), "custom": own,
                          "image": os.environ.get("IMAGE"), "process": {"calls": calls}}
                if isinstance(event, dict) and "rawPath" in event:
                    return {"statusCode": 200, "body": json.dumps(answer)}
                return answer

            """

        private static func buildHandler(_ gateway: GatewayUnderTest, _ number: Int) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write(handler, to: "app.py")
            try folder.write(
                "FROM runtime:latest\nCOPY app.py .\nENV IMAGE=\(number)\nCMD [\"app.handler\"]\n",
                to: "Dockerfile"
            )
            try await gateway.require("build", folder.url.path, "-t", "handler:\(number)")
        }

        private static func with(_ body: (GatewayUnderTest, [String: String]) async throws -> Void)
            async throws
        {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("lambda_runtimes: {python3.11: \"runtime:latest\"}\n", to: "serve.yaml")
            let configuration = ["--config", folder.url.appendingPathComponent("serve.yaml").path]
            try await DebianBase.with(tag: "debian:bookworm-slim", arguments: configuration) { gateway in
                try await AWSClients.buildRuntime(
                    gateway,
                    base: "debian:bookworm-slim",
                    tag: "runtime:latest"
                )
                for number in [1, 2] { try await buildHandler(gateway, number) }
                let scopes = ["deploy", "invoke", "read"].flatMap { ["--scope", $0] }
                let lines = try await gateway.faasctl(["token", "create", "--aws"] + scopes).text
                var environment = ["AWS_DEFAULT_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"]
                for line in lines.split(separator: "\n") {
                    let pair = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
                    environment[String(pair[0])] = String(try #require(pair.last))
                }
                try await body(gateway, environment)
            }
        }

        @Test(
            "boto3 creates, calls, changes and removes functions; a ZIP package runs in the image of its runtime"
        )
        func boto3() async throws {
            try await Self.with { gateway, environment in
                let python = try await AWSClients.program("python")
                let result = try await Command.run(
                    python,
                    [AWSClients.script("boto3-client"), gateway.address, "handler:1", "handler:2"],
                    environment: environment
                )
                #expect(result.code == 0 && result.text.hasSuffix("every step passed\n"), "\(result)")
                let audit = try String(
                    contentsOfFile: gateway.dataFolder + "/audit/audit.log",
                    encoding: .utf8
                )
                #expect(audit.contains("function py") && !audit.contains("/invocations"), "\(audit)")
            }
        }

        @Test("AWS's command line works unchanged, and sees what faasctl deploys")
        func commandLine() async throws {
            try await Self.with { gateway, environment in
                let program = try await AWSClients.program("aws")
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let output = folder.url.appendingPathComponent("output").path
                func aws(_ line: String, _ words: String...) async throws -> CommandResult {
                    try await Command.run(
                        program,
                        ["lambda"] + line.split(separator: " ").map(String.init) + words
                            + ["--endpoint-url", gateway.address],
                        environment: environment
                    )
                }
                let made = try await aws(
                    "create-function --function-name cli --package-type Image --memory-size 256 --timeout 20 "
                        + "--role arn:aws:iam::000000000000:role/none --code ImageUri=handler:1"
                )
                #expect(made.code == 0 && made.text.contains("\"State\": \"Active\""), "\(made)")
                #expect(try await aws("wait function-active-v2 --function-name cli").code == 0)
                let called = try await aws("invoke --function-name cli --payload", #"{"n": 1}"#, output)
                #expect(called.code == 0, "\(called)")
                #expect(try String(contentsOfFile: output, encoding: .utf8).contains(#""event": {"n": 1}"#))
                let seen = try await gateway.require("describe", "cli")
                #expect(seen.contains("lambda") && seen.contains("handler:1"), "\(seen)")
                try await gateway.require("deploy", Fixtures.function("shell-lambda"))
                try await gateway.require("deploy", Fixtures.function("wordcount"))
                let listed = try await aws("list-functions --query Functions[].FunctionName")
                for name in ["cli", "shell-lambda", "wordcount"] {
                    #expect(listed.text.contains("\"\(name)\""), "\(listed)")
                }
                let counted = try await aws("invoke --function-name wordcount --payload", "a b c", output)
                #expect(counted.code == 0, "\(counted)")
                #expect(try String(contentsOfFile: output, encoding: .utf8).contains("3"))
                let missing = try await aws("get-function --function-name none")
                #expect(
                    missing.code != 0 && missing.error.contains("ResourceNotFoundException"),
                    "\(missing)"
                )
                #expect(try await aws("delete-function --function-name cli").code == 0)
                #expect(try await gateway.faasctl("describe", "cli").code != 0)
            }
        }
    }
}
