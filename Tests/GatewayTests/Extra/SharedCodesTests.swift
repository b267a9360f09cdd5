// SPDX-License-Identifier: Apache-2.0
// What the gateway writes by hand or maps is what clients decode.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import NIOCore
import OCI
import Registry
import Testing

@testable import Gateway

@Suite("Forms that clients decode")
struct SharedCodesTests {
    @Test("the codes that clients compare are codes of a problem")
    func codes() {
        #expect(Problem.Code(rawValue: ProblemBody.unknownFunction) == .unknownFunction)
        #expect(Problem.Code(rawValue: ProblemBody.unknownImage) == .unknownImage)
        #expect(Problem.mediaType == ProblemBody.mediaType)
    }

    @Test("a problem is read with every member")
    func problem() throws {
        var problem = Problem(500, .exitCode, "why \"x\"")
        problem.exitCode = 3
        let json = Data(problem.json(callID: "c").utf8)
        let body = try APIJSON.decode(ProblemBody.self, from: json)
        #expect(body.status == 500)
        #expect(body.code == "exit_code")
        #expect(body.detail == "why \"x\"")
        #expect(body.exitCode == 3)
        #expect(body.callID == "c")
    }

    @Test("a log line is read as the entry that it is")
    func log() throws {
        let line = LogLine(
            function: try FunctionName("f"),
            revision: 1,
            invocation: "i",
            timestamp: Date(timeIntervalSince1970: 1_700_000_000.25),
            text: "one \"two\""
        )
        let text = LogsAPI.text([line])
        let entry = try APIJSON.decode(LogEntry.self, from: Data(text.readableBytesView))
        #expect(entry.name == "f")
        #expect(entry.instance == "i")
        #expect(entry.text == line.text)
        #expect(abs(entry.timestamp.timeIntervalSince(line.timestamp)) < 0.001)
    }

    @Test("every event of a transfer has its line")
    func transfers() throws {
        let digest = try Digest("sha256:" + String(repeating: "a", count: 64))
        let text = digest.description
        let cases: [(TransferEvent, TransferLine)] = [
            (.resolved(reference: "r", digest: digest), TransferLine(.resolved, "r", detail: text)),
            (.started(digest, sizeBytes: 3), TransferLine(.started, text, sizeBytes: 3)),
            (.present(digest, sizeBytes: 3), TransferLine(.present, text, sizeBytes: 3)),
            (
                .progressed(digest, doneBytes: 1, sizeBytes: 3),
                TransferLine(.progressed, text, doneBytes: 1, sizeBytes: 3)
            ),
            (.resumed(digest, fromByte: 2), TransferLine(.resumed, text, doneBytes: 2)),
            (.restarted(digest), TransferLine(.restarted, text)),
            (
                .retrying(what: "w", reason: "why", after: .seconds(1)),
                TransferLine(.retrying, "w", detail: "why")
            ),
            (.mounted(digest, from: "o"), TransferLine(.mounted, text, detail: "o")),
            (.finished(digest, sizeBytes: 3), TransferLine(.finished, text, sizeBytes: 3)),
        ]
        for (event, line) in cases { #expect(TransferLine(event) == line) }
    }
}
