// SPDX-License-Identifier: Apache-2.0
// Signatures of AWS's own client, and what is wrong with others.

import FunctionModel
import HTTPTypes
import OCI
import Testing

@testable import Gateway

@Suite("A signature of version 4")
struct SignatureV4Tests {
    private static func head(_ vector: SignatureVector) throws -> HTTPRequest {
        var head = HTTPRequest(
            method: try #require(HTTPRequest.Method(vector.method)),
            scheme: nil,
            authority: vector.host,
            path: vector.target
        )
        for (name, value) in vector.fields {
            head.headerFields.append(
                HTTPField(name: try #require(HTTPField.Name(name)), lenientValue: Array(value.utf8))
            )
        }
        return head
    }

    private static func verify(
        _ head: HTTPRequest,
        body: String = "",
        secret: String = SignatureVector.secret,
        now: Int = SignatureVector.now,
        isSecure: Bool = false
    ) throws(LambdaError) {
        let content = SignatureV4.Content(bodyHash: Digest(of: body.utf8).hex, isSecure: isSecure)
        try SignatureV4(head.headerFields[.authorization] ?? "").verify(
            head,
            content,
            secret: secret,
            now: now
        )
    }

    @Test(
        "of botocore is valid, and not with another secret, body, target, host or field",
        arguments: SignatureVector.all
    )
    func botocore(_ vector: SignatureVector) throws {
        let head = try Self.head(vector)
        try Self.verify(head, body: vector.body)
        #expect(throws: LambdaError.wrongSignature) {
            try Self.verify(head, body: vector.body, secret: "other")
        }
        var changed = head
        changed.path = (head.path ?? "") + (head.path?.contains("?") == true ? "&z=1" : "?z=1")
        #expect(throws: LambdaError.wrongSignature) { try Self.verify(changed, body: vector.body) }
        changed = head
        changed.authority = "example.org"
        #expect(throws: LambdaError.wrongSignature) { try Self.verify(changed, body: vector.body) }
        changed = head
        changed.method = .patch
        #expect(throws: LambdaError.wrongSignature) { try Self.verify(changed, body: vector.body) }
        let other = #expect(throws: LambdaError.self) { try Self.verify(head, body: vector.body + "x") }
        #expect(other?.type == "InvalidSignatureException")
    }

    @Test("is valid for 15 minutes to either side of its time", arguments: [-900, 0, 900])
    func window(_ offset: Int) throws {
        try Self.verify(try Self.head(SignatureVector.all[0]), now: SignatureVector.now + offset)
    }

    @Test(
        "is refused outside of 15 minutes, with its time in the message",
        arguments: [-901, 901, 1_000_000]
    )
    func expired(_ offset: Int) throws {
        let head = try Self.head(SignatureVector.all[0])
        let error = #expect(throws: LambdaError.self) {
            try Self.verify(head, now: SignatureVector.now + offset)
        }
        #expect(error?.status == 403 && error?.type == "InvalidSignatureException")
        #expect(error?.message.contains("20260301T123600Z") == true)
    }

    @Test("has to cover host, time and every field of AWS")
    func covered() throws {
        var head = try Self.head(SignatureVector.all[0])
        head.headerFields[.invocationType] = "Event"
        let error = #expect(throws: LambdaError.self) { try Self.verify(head) }
        #expect(error?.message == "'x-amz-invocation-type' has to be a signed header")
        let field = head.headerFields[.authorization] ?? ""
        head.headerFields[.invocationType] = nil
        for name in ["host;", ";x-amz-date"] {
            var other = head
            other.headerFields[.authorization] = field.replacing(name, with: "")
            let error = #expect(throws: LambdaError.self) { try Self.verify(other) }
            #expect(error?.message.contains("has to be a signed header") == true)
        }
    }

    @Test("over an unsigned payload is for TLS, and one in pieces for none")
    func unsigned() throws {
        var head = try Self.head(SignatureVector.all[0])
        head.headerFields[.contentHash] = "UNSIGNED-PAYLOAD"
        head.headerFields[.authorization] = head.headerFields[.authorization]?
            .replacing("host;", with: "host;x-amz-content-sha256;")
        let plain = #expect(throws: LambdaError.self) { try Self.verify(head) }
        #expect(plain?.message == "an unsigned payload is accepted over TLS only")
        // The signature is of another request: it is compared at last.
        #expect(throws: LambdaError.wrongSignature) { try Self.verify(head, body: "any", isSecure: true) }
        head.headerFields[.contentHash] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        let pieces = #expect(throws: LambdaError.self) { try Self.verify(head, isSecure: true) }
        #expect(pieces?.type == "InvalidSignatureException")
    }

    @Test(
        "that is incomplete is refused with what it lacks",
        arguments: [
            "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/lambda/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=/20260301/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/1/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/20260301/r/lambda/aws4_request, SignedHeaders=x;host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/20260301/r/lambda/aws4_request, SignedHeaders=host;host, Signature=0",
            "AWS4-HMAC-SHA256 Signature=1, Signature=2",
            "AWS4-HMAC-SHA256 " + String(repeating: "a", count: 9000),
        ]
    ) func incomplete(_ field: String) {
        let error = #expect(throws: LambdaError.self) { try SignatureV4(field) }
        #expect(error?.type == "IncompleteSignatureException" && error?.status == 400)
    }

    @Test(
        "without a time is refused",
        arguments: [
            ("X-Amz-Date", "2026-03-01T12:36:00Z"), ("X-Amz-Date", "20261301T123600Z"),
            ("X-Amz-Date", "20260301T243600Z"), ("X-Amz-Date", ""), ("Date", "Sunday"),
            ("Date", "Sun, 01 Mar 2026 12:36:00 CET"), ("Other", "1"),
        ]
    ) func timeless(_ name: String, _ value: String) throws {
        let field = HTTPField(name: try #require(HTTPField.Name(name)), lenientValue: Array(value.utf8))
        #expect(throws: LambdaError.self) { try SignatureTime(HTTPFields([field])) }
    }

    @Test(
        "has the time that its fields name",
        arguments: [
            ("X-Amz-Date", "19700101T000000Z", 0), ("X-Amz-Date", "20240229T235959Z", 1_709_251_199),
            ("Date", "Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("X-Amz-Date", "20260301T123600Z", SignatureVector.now),
        ]
    ) func times(_ name: String, _ value: String, _ seconds: Int) throws {
        let field = HTTPField(name: try #require(HTTPField.Name(name)), value: value)
        let time = try SignatureTime(HTTPFields([field]))
        #expect(time.seconds == seconds)
        #expect(time.text == SignatureTime.text(unixSeconds: seconds))
    }
}
