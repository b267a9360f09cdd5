// SPDX-License-Identifier: Apache-2.0
// The event that a Lambda function gets of a request.

import Foundation
import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Contracts

@Suite("The event of a Lambda function")
struct LambdaInvocationTests {
    private static func head(_ fields: HTTPFields = [:], query: String? = nil) -> RequestHead {
        var head = RequestHead(
            method: .post,
            target: "/function/f/a%20b",
            scriptName: "/function/f",
            pathRest: "/a%20b",
            query: query.map { $0[...] },
            callID: "id"
        )
        head.authority = "f.example.org:8080"
        head.peer.remoteAddress = "192.0.2.1"
        head.receivedNanoseconds = 1_584_040_000_123_456_789
        head.fields = fields
        return head
    }

    private static func make(
        _ head: RequestHead,
        _ body: ByteBuffer = ByteBuffer(),
        trigger: Trigger = .http
    ) throws -> LambdaInvocation {
        try LambdaInvocation(FunctionName("f"), head, body: body, trigger: trigger, random: (255, 1))
    }

    private static func event(_ head: RequestHead, _ body: ByteBuffer = ByteBuffer()) throws -> [String: Any]
    {
        let bytes = try make(head, body).event
        let value = try JSONSerialization.jsonObject(with: Data(bytes.readableBytesView))
        return try #require(value as? [String: Any])
    }

    @Test("has the members of payload 2.0")
    func payload() throws {
        let fields: HTTPFields = [
            .userAgent: "test/1", .cookie: "a=1; b=2", .contentType: "application/json",
            .connection: "x-hop", HTTPField.Name("X-Hop")!: "1", HTTPField.Name("X-Two")!: "1",
        ]
        var head = Self.head(fields, query: "x=1&x=%C3%A4+b&y&=z")
        head.fields.append(HTTPField(name: HTTPField.Name("x-two")!, value: "2"))
        let event = try Self.event(head, ByteBuffer(string: "{\"q\":\"\u{e4}\\\"\n\"}"))
        #expect(event["version"] as? String == "2.0")
        #expect(event["routeKey"] as? String == "$default")
        #expect(event["rawPath"] as? String == "/a%20b")
        #expect(event["rawQueryString"] as? String == "x=1&x=%C3%A4+b&y&=z")
        #expect(event["cookies"] as? [String] == ["a=1", "b=2"])
        let parameters = event["queryStringParameters"] as? [String: String]
        #expect(parameters == ["x": "1,\u{e4} b", "y": "", "": "z"])
        let headers = try #require(event["headers"] as? [String: String])
        #expect(headers["host"] == "f.example.org:8080" && headers["x-two"] == "1,2")
        #expect(headers["x-forwarded-for"] == "192.0.2.1" && headers["x-forwarded-proto"] == "http")
        #expect(headers["cookie"] == nil && headers["x-hop"] == nil && headers["connection"] == nil)
        #expect(headers["x-amzn-trace-id"] == "Root=1-5e6a8840-00000000000000ff00000001;Sampled=0")
        #expect(event["body"] as? String == "{\"q\":\"\u{e4}\\\"\n\"}")
        #expect(event["isBase64Encoded"] as? Bool == false)
        let context = try #require(event["requestContext"] as? [String: Any])
        #expect(context["domainName"] as? String == "f.example.org")
        #expect(context["domainPrefix"] as? String == "f" && context["stage"] as? String == "$default")
        #expect(context["requestId"] as? String == "id" && context["apiId"] as? String == "f")
        #expect(context["time"] as? String == "12/Mar/2020:19:06:40 +0000")
        #expect(context["timeEpoch"] as? Int64 == 1_584_040_000_123)
        let http = try #require(context["http"] as? [String: String])
        #expect(
            http == [
                "method": "POST", "path": "/a%20b", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "test/1",
            ]
        )
    }

    @Test("leaves out what a request does not have")
    func absent() throws {
        var head = Self.head()
        head.pathRest = ""
        let event = try Self.event(head)
        #expect(event["rawPath"] as? String == "/" && event["rawQueryString"] as? String == "")
        #expect(event["cookies"] == nil && event["body"] == nil && event["queryStringParameters"] == nil)
        #expect(event["isBase64Encoded"] as? Bool == false)
    }

    @Test(
        "has a body in Base64 unless its type and its bytes are text",
        arguments: [
            ("text/plain; charset=utf-8", "a", false), ("application/problem+json", "a", false),
            (nil, "a", false), ("application/x-www-form-urlencoded", "a=b", true), ("image/png", "a", true),
        ]
    )
    func bodies(type: String?, body: String, isEncoded: Bool) throws {
        var fields = HTTPFields()
        fields[.contentType] = type
        let event = try Self.event(Self.head(fields), ByteBuffer(string: body))
        #expect(event["isBase64Encoded"] as? Bool == isEncoded)
        #expect(event["body"] as? String == (isEncoded ? Data(body.utf8).base64EncodedString() : body))
        let bytes = try Self.event(Self.head([.contentType: "text/plain"]), ByteBuffer(bytes: [0xff, 0]))
        #expect(bytes["body"] as? String == "/wA=")
    }

    @Test("is the body itself where no HTTP client waits, and an empty object without one")
    func raw() throws {
        let body = ByteBuffer(string: #" {"a":[1,2]} "#)
        for trigger in [Trigger.asynchronous, .schedule, .cli] {
            let invocation = try Self.make(Self.head(), body, trigger: trigger)
            #expect(invocation.event == body && !invocation.isHTTP)
            #expect(try Self.make(Self.head(), trigger: trigger).event == ByteBuffer(string: "{}"))
        }
        for text in ["{", "hello", "{}{}", "\u{0}"] {
            #expect(throws: RequestFault.eventNotJSON, "\(text)") {
                try Self.make(Self.head(), ByteBuffer(string: text), trigger: .asynchronous)
            }
        }
    }

    @Test("is refused over 6 MiB, in Base64 too")
    func tooLarge() throws {
        let bytes = ByteBuffer(repeating: UInt8(ascii: "1"), count: 5_000_000)
        #expect(throws: RequestFault.eventTooLarge) {
            try Self.make(Self.head([.contentType: "image/png"]), bytes)
        }
        let text = ByteBuffer(string: "\"" + String(repeating: "1", count: 5_000_000) + "\"")
        _ = try Self.make(Self.head(), text, trigger: .asynchronous)
        let larger = ByteBuffer(repeating: UInt8(ascii: "1"), count: RuntimeState.payloadBytesMax + 1)
        #expect(throws: RequestFault.eventTooLarge) {
            try Self.make(Self.head(), larger, trigger: .asynchronous)
        }
    }

    @Test("comes with the header fields of the API")
    func fields() throws {
        let traced = try Self.make(Self.head([HTTPField.Name("X-Amzn-Trace-Id")!: "Root=1-2-3"]))
        let fields = traced.fields(deadlineMilliseconds: 12)
        #expect(
            fields.map { "\($0.name): \($0.value)" } == [
                "Content-Type: application/json", "Lambda-Runtime-Aws-Request-Id: id",
                "Lambda-Runtime-Deadline-Ms: 12",
                "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f",
                "Lambda-Runtime-Trace-Id: Root=1-2-3",
            ]
        )
    }
}
