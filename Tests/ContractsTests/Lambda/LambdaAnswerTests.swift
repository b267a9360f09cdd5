// SPDX-License-Identifier: Apache-2.0
// The HTTP response that a Lambda function's response describes.

import FoundationEssentials
import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Contracts

@Suite("The response of a Lambda function")
struct LambdaAnswerTests {
    private static func read(_ text: String, isHTTP: Bool = true) throws -> LambdaAnswer {
        try LambdaAnswer(ByteBuffer(string: text), isHTTP: isHTTP)
    }

    private static func fields(_ head: ResponseHead) -> [String] {
        head.fields.map { "\($0.name): \($0.value)" }
    }

    @Test("with a statusCode is status, fields, cookies and body")
    func proxy() throws {
        let answer = try Self.read(
            #"{"statusCode":201,"headers":{"X-B":2,"x-a":true,"Content-Length":"99","Connection":"close"},"#
                + #""cookies":["a=1","b=2"],"body":"ä","isBase64Encoded":false,"other":{}}"#
        )
        #expect(answer.head.status == 201 && answer.body == ByteBuffer(string: "ä"))
        #expect(
            Self.fields(answer.head) == [
                "X-B: 2", "x-a: true", "Set-Cookie: a=1", "Set-Cookie: b=2", "Content-Type: application/json",
            ]
        )
        let bytes = try Self.read(
            #"{"statusCode":"200","headers":{"content-type":"image/png"},"body":"/wA=","isBase64Encoded":true}"#
        )
        #expect(bytes.body == ByteBuffer(bytes: [0xff, 0]))
        #expect(Self.fields(bytes.head) == ["content-type: image/png"])
        let empty = try Self.read(#"{"statusCode":204,"body":null,"headers":null,"cookies":null}"#)
        #expect(empty.head.status == 204 && empty.body.readableBytes == 0)
    }

    @Test(
        "without one is the body, as JSON",
        arguments: [#"{"body":"a","status":500}"#, "[1]", #""hello""#, "null", "1"]
    )
    func plain(text: String) throws {
        let answer = try Self.read(text)
        #expect(answer.head.status == 200 && answer.body == ByteBuffer(string: text))
        #expect(Self.fields(answer.head) == ["Content-Type: application/json"])
    }

    @Test("is passed on as it is where no HTTP client waits")
    func raw() throws {
        let text = #"{"statusCode":500,"body":"a"}"#
        #expect(try Self.read(text, isHTTP: false).body == ByteBuffer(string: text))
        #expect(try Self.read("no JSON", isHTTP: false).head.status == 200)
    }

    @Test(
        "that cannot be one breaks a rule",
        arguments: [
            ("", ResponseFault.notJSON), ("hello", .notJSON), (#"{"statusCode":200"#, .notJSON),
            (#"{"statusCode":99}"#, .statusCode), (#"{"statusCode":101}"#, .statusCode),
            (#"{"statusCode":"x"}"#, .statusCode), (#"{"statusCode":[200]}"#, .badResponseForm),
            (#"{"statusCode":200,"body":{}}"#, .badResponseForm),
            (#"{"statusCode":200,"headers":{"a":[1]}}"#, .badResponseForm),
            (#"{"statusCode":200,"headers":{"a b":"c"}}"#, .badField),
            (#"{"statusCode":200,"headers":{"a":"b\r\nc: d"}}"#, .badField),
            (#"{"statusCode":200,"cookies":["a\nb"]}"#, .badField),
            (#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#, .badBase64),
        ]
    )
    func broken(text: String, fault: ResponseFault) {
        #expect(throws: fault) { try Self.read(text) }
    }

    private static let prelude = #"{"statusCode":202,"headers":{"X-A":"1"},"cookies":["c=1"]}"#
    private static let nuls = String(repeating: "\0", count: 8)

    @Test("begins, streamed, with JSON and eight NUL bytes, wherever it is cut", arguments: 1...70)
    func splitPrelude(cut: Int) throws {
        var reader = LambdaPrelude()
        var whole = ByteBuffer(string: Self.prelude + Self.nuls + "body")
        var found: ResponseHead?
        var rest = ByteBuffer()
        while whole.readableBytes > 0 {
            guard var piece = whole.readSlice(length: min(cut, whole.readableBytes)) else { break }
            if found == nil, case .begins(let head) = reader.received(&piece) { found = head }
            if found != nil { rest.writeBuffer(&piece) }
        }
        let head = try #require(found)
        #expect(head.status == 202)
        #expect(Self.fields(head) == ["X-A: 1", "Set-Cookie: c=1", "Content-Type: application/octet-stream"])
        #expect(rest == ByteBuffer(string: "body"))
    }

    @Test("breaks a rule with a prelude that is not JSON, names no status that can be sent, or does not end")
    func brokenPrelude() {
        func read(_ text: String, isEnd: Bool = false) -> ResponseEvent {
            var reader = LambdaPrelude()
            var piece = ByteBuffer(string: text)
            return reader.received(&piece, isEnd: isEnd)
        }
        #expect(read("hello" + Self.nuls) == .malformed(.noPrelude))
        #expect(read(#"{"statusCode":99}"# + Self.nuls) == .malformed(.statusCode))
        #expect(read(#"{"statusCode":200}"# + "\0\0\0\0\0\0\0") == .incomplete)
        #expect(read(#"{"statusCode":200}"#, isEnd: true) == .malformed(.noPrelude))
        #expect(read(String(repeating: " ", count: 65_537)) == .malformed(.headTooLarge))
        #expect(read(String(repeating: " ", count: 70_000) + Self.nuls) == .malformed(.headTooLarge))
        guard case .begins(let head) = read("{}" + Self.nuls) else {
            Issue.record("a prelude without a status is 200")
            return
        }
        #expect(head.status == 200)
    }

    @Test("an error is read from body, header or trailer, on one line of bounded length")
    func failure() {
        let report = ByteBuffer(
            string: #"{"errorMessage":"no\nway","errorType":"ValueError","stackTrace":["x"]}"#
        )
        #expect(RuntimeFailure(header: "Other", body: report).description == "ValueError: no way")
        #expect(RuntimeFailure(header: "Other", body: ByteBuffer(string: "x")).description == "Other")
        #expect(RuntimeFailure(header: nil, body: ByteBuffer()).description == "Unknown")
        let trailer = "eyJlcnJvck1lc3NhZ2UiOiJtaWQifQ=="
        #expect(RuntimeFailure(trailerType: "E", body: trailer).description == "E: mid")
        let long = RuntimeFailure(header: String(repeating: "x", count: 9000), body: ByteBuffer())
        #expect(long.type.utf8.count == RuntimeFailure.textBytesMax)
    }

    @Test("a call's lines have the figures of its record in the words of Lambda")
    func report() throws {
        var record = Invocation(
            id: "i",
            function: try FunctionName("f"),
            revision: 1,
            trigger: .http,
            startedAt: .init(timeIntervalSince1970: 0),
            outcome: .timeout
        )
        record.peakMemoryBytes = 3 << 20 | 1
        #expect(LambdaReport.start("i") == "START RequestId: i Version: $LATEST")
        let lines = LambdaReport.end(
            record,
            milliseconds: 1.006,
            initMilliseconds: 120.5,
            memory: 128 << 20,
            timeout: 3000
        )
        #expect(
            lines == [
                "END RequestId: i", "RequestId: i Task timed out after 3.00 seconds",
                "REPORT RequestId: i\tDuration: 1.01 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB"
                    + "\tMax Memory Used: 4 MB\tInit Duration: 120.50 ms",
            ]
        )
    }
}
