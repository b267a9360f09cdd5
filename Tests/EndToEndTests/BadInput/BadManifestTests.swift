// SPDX-License-Identifier: Apache-2.0
// Wrong names, manifests and folders: a clear error, nothing lost.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct BadManifestTests {
        @Test("wrong input is reported in one line that names the mistake, and changes nothing")
        func tellsMistakes() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                try await Self.unknownFunction(gateway)
                try await Self.unknownKey(gateway)
                try await Self.missingDockerfile(gateway)
                try await Self.neverFiring(gateway)
                try await Self.commandNotFound(gateway)
                try await Self.commandNotExecutable(gateway)
                #expect(try await gateway.call("/hello").status == 200)
                let list = try await gateway.require("list", "--output", "json")
                #expect(list.contains("\"hello\""))
                #expect(!list.contains("\"bad\""))
            }
        }

        /// Runs faasctl and expects one line that holds every word.
        private static func expectFailure(
            _ gateway: GatewayUnderTest,
            _ arguments: [String],
            code: Int32 = 1,
            words: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let result = try await gateway.faasctl(arguments)
            #expect(result.code == code, "\(result.error)", sourceLocation: sourceLocation)
            // A build shows its steps before; what failed is the last line, and the only one of its kind.
            let lines = result.error.split(separator: "\n").filter { $0.hasPrefix("faasctl: ") }
            #expect(lines.count == 1, "\(result.error)", sourceLocation: sourceLocation)
            for word in words {
                #expect(
                    result.error.contains(word),
                    "\(word) in: \(result.error)",
                    sourceLocation: sourceLocation
                )
            }
        }

        private static func unknownFunction(_ gateway: GatewayUnderTest) async throws {
            let answer = try await gateway.call("/function/nobody")
            #expect(answer.status == 404)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(answer.text.contains("\"unknown_function\""))
            for arguments in [
                ["invoke", "nobody"], ["describe", "nobody"], ["remove", "nobody"], ["rollback", "nobody"],
                ["logs", "nobody"],
            ] {
                try await expectFailure(gateway, arguments, words: ["nobody"])
            }
        }

        private static func unknownKey(_ gateway: GatewayUnderTest) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("FROM scratch\n", to: "Dockerfile")
            try folder.write("name: bad\nbuild: .\nlimits:\n  memroy: 1Gi\n", to: "function.yaml")
            try await expectFailure(
                gateway,
                ["deploy", folder.url.path],
                words: ["function.yaml:4:3", "'memroy'", "did you mean 'memory'?"]
            )
        }

        private static func missingDockerfile(_ gateway: GatewayUnderTest) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("name: bad\nbuild: .\n", to: "function.yaml")
            try await expectFailure(gateway, ["deploy", folder.url.path], words: ["no Dockerfile"])
            try await expectFailure(
                gateway,
                ["deploy", folder.url.path + "/absent"],
                words: ["no such file or directory"]
            )
        }

        private static func neverFiring(_ gateway: GatewayUnderTest) async throws {
            let echo = try await Fixtures.function("echo")
            for (cron, word) in [
                ("0 0 30 2 *", "no such day-of-month"), ("61 * * * *", "minute"), ("* * *", "fields"),
            ] {
                try await expectFailure(
                    gateway,
                    ["deploy", echo, "--name", "bad", "--schedule", cron],
                    words: [word]
                )
            }
        }

        /// A command that is not in the image: reported at deploy, or as exit code 127 of each call.
        private static func commandNotFound(_ gateway: GatewayUnderTest) async throws {
            let echo = try await Fixtures.function("echo")
            try await gateway.require("deploy", echo, "--name", "lost", "--", "/no/such/program")
            let answer = try await gateway.call("/function/lost")
            #expect(answer.status == 500)
            #expect(answer.headers["x-exit-code"] == "127")
            #expect(answer.text.contains("not found"), "\(answer.text)")
            let id = try #require(answer.headers["x-call-id"])
            let record = try await gateway.invocation("lost", id: id)
            #expect(record.exitCode == 127)
            #expect(record.outcome == "exit")
        }

        private static func commandNotExecutable(_ gateway: GatewayUnderTest) async throws {
            let script = try await Fixtures.function("wordcount")
            try await gateway.require("deploy", script, "--name", "text", "--", "/run.sh")
            let answer = try await gateway.call("/function/text")
            #expect(answer.status == 500)
            #expect(answer.headers["x-exit-code"] == "126")
        }
    }
}
