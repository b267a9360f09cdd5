// SPDX-License-Identifier: Apache-2.0
// Every way a function can end is distinguished: in the answer, its headers, the record and the command line.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct EndingsTests {
        /// One way to end, and everything that reports it.
        struct Ending: Sendable, CustomTestStringConvertible {
            var query: String
            var status: Int
            var outcome: String
            var exitCode: Int?
            var signal: Int?
            /// What `invoke --exit-code` exits with: as a shell reports it, and 124 after a timeout.
            var commandCode: Int32

            /// X-Exit-Code: as a shell reports it.
            var headerCode: Int { exitCode ?? 128 + (signal ?? 0) }

            var testDescription: String { query }
        }

        static let endings = [
            Ending(query: "code=0", status: 200, outcome: "ok", exitCode: 0, commandCode: 0),
            Ending(query: "code=1", status: 500, outcome: "exit", exitCode: 1, commandCode: 1),
            Ending(query: "code=42", status: 500, outcome: "exit", exitCode: 42, commandCode: 42),
            Ending(query: "code=126", status: 500, outcome: "exit", exitCode: 126, commandCode: 126),
            Ending(query: "code=127", status: 500, outcome: "exit", exitCode: 127, commandCode: 127),
            Ending(query: "signal=11", status: 500, outcome: "signal", signal: 11, commandCode: 139),
            Ending(query: "oom=1", status: 500, outcome: "oom", signal: 9, commandCode: 137),
            Ending(query: "sleep=30", status: 504, outcome: "timeout", signal: 9, commandCode: 124),
        ]

        @Test("each end is reported in status, headers, record and exit code")
        func tellsEndings() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("fail"))
                for ending in Self.endings {
                    let answer = try await gateway.call("/function/fail?\(ending.query)")
                    #expect(answer.status == ending.status, "\(ending.query)")
                    #expect(
                        answer.headers["x-exit-code"] == "\(ending.headerCode)",
                        "\(ending.query)"
                    )
                    #expect(answer.headers["x-exit-signal"] == ending.signal.map(String.init))
                    let outcome = answer.headers["x-outcome"]
                    #expect(outcome == (ending.status == 200 ? nil : ending.outcome), "\(ending.query)")
                    #expect(answer.headers["x-duration-seconds"] != nil)
                    let id = try #require(answer.headers["x-call-id"])
                    let record = try await gateway.invocation("fail", id: id)
                    #expect(record.outcome == ending.outcome, "\(ending.query)")
                    #expect(record.exitCode == ending.exitCode, "\(ending.query)")
                    #expect(record.signal == ending.signal, "\(ending.query)")
                    #expect(record.status == ending.status, "\(ending.query)")
                    let result = try await gateway.faasctl(
                        "invoke",
                        "fail",
                        "--query",
                        ending.query,
                        "--exit-code"
                    )
                    #expect(result.code == ending.commandCode, "\(ending.query): \(result.error)")
                }
                let table = try await gateway.require("invocations", "fail", "--failed")
                for word in ["exit 42", "exit 127", "signal 11", "oom", "timeout"] {
                    #expect(table.contains(word), "\(word) in:\n\(table)")
                }
            }
        }

        @Test("a failure after the first output was sent breaks the answer off visibly")
        func breaksOff() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("fail"))
                await #expect(throws: (any Error).self) {
                    try await gateway.call("/function/fail?output=1000000&code=3")
                }
                let result = try await gateway.faasctl(
                    "invoke",
                    "fail",
                    "--query",
                    "output=1000000&code=3"
                )
                #expect(result.code == 1)
                #expect(result.error.contains("ended before it was complete"))
                #expect(result.error.contains("'exit 3'"), "\(result.error)")
                let coded = try await gateway.faasctl(
                    "invoke",
                    "fail",
                    "--query",
                    "output=1000000&code=3",
                    "--exit-code"
                )
                #expect(coded.code == 3)
                let whole = try await gateway.call("/function/fail?output=1000000")
                #expect(whole.body.count == 1_000_000)
            }
        }

        @Test("a long answer ends with its exit code as a trailer")
        func sendsTrailers() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("fail"))
                let url = gateway.address + "/function/fail?output=1000000"
                let result = try await Command.run("/usr/bin/env", ["curl", "-sS", "--raw", url])
                // The last chunk, and the trailers after it (RFC 9112, section 7.1).
                let end = String(decoding: result.output.suffix(100), as: UTF8.self).lowercased()
                #expect(end.contains("\r\n0\r\n"), "\(end)")
                #expect(end.contains("\r\nx-exit-code: 0\r\n"), "\(end)")
                #expect(end.hasSuffix("\r\n\r\n"), "\(end)")
            }
        }

        @Test("an event reaches the client when it is written, and a client that leaves stops the function")
        func events() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("events"))
                let all = try await gateway.call("/function/events?count=3&pause=0")
                #expect(all.headers["content-type"] == "text/event-stream")
                #expect(all.text == (1...3).map { "id: \($0)\ndata: {\"number\": \($0)}\n\n" }.joined())
                // No second event comes: the end of the connection stops the function.
                let url = gateway.address + "/function/events?pause=300"
                let left = try await Command.run("/usr/bin/env", ["curl", "-sN", "--max-time", "3", url])
                #expect(left.code == 28, "curl: the time is over")
                #expect(String(decoding: left.output, as: UTF8.self) == "id: 1\ndata: {\"number\": 1}\n\n")
                let records = try await gateway.invocations("events", atLeast: 2)
                #expect(Set(records.map(\.outcome)) == ["ok", "cancelled"])
            }
        }

        @Test("what a function writes to standard error is in its log, not in its answer")
        func keepsLogs() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("fail"))
                let answer = try await gateway.call("/function/fail?stderr=remember-me&code=1")
                #expect(!answer.text.contains("remember-me"))
                let id = try #require(answer.headers["x-call-id"])
                _ = try await gateway.invocation("fail", id: id)
                let log = try await gateway.require("logs", "fail")
                #expect(log.contains("remember-me"))
                let one = try await gateway.require("logs", "fail", "--invocation", id)
                #expect(one.contains("remember-me"))
            }
        }
    }
}
