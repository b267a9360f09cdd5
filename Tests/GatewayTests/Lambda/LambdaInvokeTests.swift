// SPDX-License-Identifier: Apache-2.0
// Calls through AWS Lambda's API, and requests that are signed.

import Contracts
import Foundation
import FunctionModel
import HTTPTypes
import NIOCore
import OCI
import Scheduler
import Testing

@testable import Gateway

@Suite("Calls through AWS Lambda's API")
struct LambdaInvokeTests {
    private static let path = "/2015-03-31/functions/hello/invocations"
    private static let admin = [TestGateway.authorization]

    private static func functions() throws -> [Revision] {
        try [makeRevision("hello") { $0.contract = .lambda }]
    }

    @Test("answer with the function's payload and the version that ran")
    func payload() async throws {
        let echo = FakeInvoker.makeEcho()
        try await TestGateway.run(echo, try Self.functions()) { gateway in
            let answer = try await gateway.client.send(
                "POST",
                Self.path,
                headers: Self.admin + ["X-Amz-Client-Context: eyJhIjoxfQ=="],
                body: #"{"n":1}"#
            )
            #expect(answer.status == 200 && answer.body == #"{"n":1}"#, "\(answer.body)")
            #expect(answer["x-amz-executed-version"] == "$LATEST")
            #expect(answer["x-amz-function-error"] == nil && answer["x-amz-log-result"] == nil)
            let head = try #require(echo.requests.first).head
            #expect(head.isEvent && head.fields[.authorization] == nil && head.user == "admin")
            #expect(head.fields[.clientContext] == "eyJhIjoxfQ==")
            let version = try await gateway.client.send(
                "POST",
                Self.path + "?Qualifier=1",
                headers: Self.admin
            )
            #expect(version.status == 200 && version["x-amz-executed-version"] == "1")
            #expect(echo.requests.last?.version == .revision(1))
            let alias = try await gateway.client.send(
                "POST",
                Self.path + "?Qualifier=prod",
                headers: Self.admin
            )
            #expect(alias.status == 200 && alias["x-amz-executed-version"] == "1")
            #expect(try echo.requests.last?.version == .alias(AliasName("prod")))
        }
    }

    @Test("of another type are queued, or only checked")
    func types() async throws {
        let echo = FakeInvoker.makeEcho()
        try await TestGateway.run(echo, try Self.functions()) { gateway in
            func send(_ type: String, _ body: String = "{}") async throws -> WireAnswer {
                try await gateway.client.send(
                    "POST",
                    Self.path,
                    headers: Self.admin + ["X-Amz-Invocation-Type: " + type],
                    body: body
                )
            }
            #expect(try await send("DryRun").status == 204)
            #expect(echo.requests.isEmpty)
            #expect(try await send("Event").status == 202)
            #expect(echo.requests.map(\.trigger) == [.asynchronous])
            let wrong = try await send("Later")
            #expect(wrong.status == 400 && wrong.body.contains("InvocationType"))
            let text = try await send("RequestResponse", "no JSON")
            #expect(text.status == 400 && text["x-amzn-errortype"] == "InvalidRequestContentException")
            let large = try await send("Event", "\"" + String(repeating: "a", count: 1 << 20) + "\"")
            #expect(large.status == 413 && large["x-amzn-errortype"] == "RequestTooLargeException")
            let larger = try await send(
                "RequestResponse",
                "\"" + String(repeating: "a", count: 6_291_556) + "\""
            )
            #expect(larger.status == 413 && larger["x-amzn-errortype"] == "RequestTooLargeException")
            let old = try await gateway.client.send(
                "POST",
                "/2014-11-13/functions/hello/invoke-async/",
                headers: Self.admin,
                body: "{}"
            )
            #expect(old.status == 202)
        }
    }

    @Test(
        "whose function fails have status 200 and the error as payload",
        arguments: [
            (Outcome.exit, "Runtime.ExitError"), (.signal, "Runtime.ExitError"),
            (.oom, "Runtime.OutOfMemory"),
            (.timeout, "Sandbox.Timeout"), (.platform, "Runtime.InvalidResponse"), (.lost, "Sandbox.Failure"),
        ]
    ) func failures(_ outcome: Outcome, _ type: String) async throws {
        try await TestGateway.run(.ending(outcome), try Self.functions()) { gateway in
            let answer = try await gateway.client.send("POST", Self.path, headers: Self.admin)
            #expect(answer.status == 200 && answer["x-amz-function-error"] == "Unhandled")
            #expect(answer.body.contains(#""errorType":"\#(type)""#), "\(answer.body)")
        }
    }

    @Test("whose function reports an error have its own words")
    func report() async throws {
        let invoker = FakeInvoker.ending(.exit, output: #"{"errorType":"E"}"#) { $0.cause = .functionFailed }
        try await TestGateway.run(invoker, try Self.functions()) { gateway in
            let answer = try await gateway.client.send("POST", Self.path, headers: Self.admin)
            #expect(answer.body == #"{"errorType":"E"}"# && answer["x-amz-function-error"] == "Unhandled")
        }
    }

    @Test("of a version or an alias that is not there are of an unknown function")
    func unknownVersion() async throws {
        let refusal = InvocationRefusal.unknownVersion(try FunctionName("hello"), .revision(9))
        try await TestGateway.run(.refusing(refusal), try Self.functions()) { gateway in
            let none = try await gateway.client.send("POST", Self.path + "?Qualifier=9", headers: Self.admin)
            #expect(none.status == 404 && none["x-amzn-errortype"] == "ResourceNotFoundException")
            #expect(none.body.contains("function:hello:9"))
        }
    }

    @Test("that find no room are throttled in AWS's words")
    func busy() async throws {
        try await TestGateway.run(.refusing(.busy(retryAfterSeconds: 2)), try Self.functions()) { gateway in
            let answer = try await gateway.client.send("POST", Self.path, headers: Self.admin)
            #expect(answer.status == 429 && answer["x-amzn-errortype"] == "TooManyRequestsException")
            #expect(answer["retry-after"] == "2" && answer.body.contains("ReservedFunctionConcurrent"))
        }
    }

    @Test("are streamed as events, with the error in the last one")
    func stream() async throws {
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            let record = FakeInvoker.record(function, request.id, .timeout)
            return .streaming(ResponseHead(), FakeOutput(["ab", "cd"], record))
        }
        try await TestGateway.run(invoker, try Self.functions()) { gateway in
            let answer = try await gateway.client.send(
                "POST",
                "/2021-11-15/functions/hello/response-streaming-invocations",
                headers: Self.admin
            )
            #expect(answer.status == 200 && answer.isWhole)
            #expect(answer["content-type"] == "application/vnd.amazon.eventstream")
            #expect(answer.body.contains("ab") && answer.body.contains("cd"))
            #expect(answer.body.contains("InvokeComplete") && answer.body.contains("Sandbox.Timeout"))
        }
    }

    // MARK: Signatures

    /// A GET that is signed with a key, now.
    private static func sign(_ target: String, key: String, secret: String, seconds: Int) throws -> [String] {
        let time = SignatureTime.text(unixSeconds: seconds)
        let date = String(time.prefix(8))
        var head = HTTPRequest(method: .get, scheme: nil, authority: "localhost", path: target)
        head.headerFields[.amazonDate] = time
        let request = CanonicalRequest(head, ["host", "x-amz-date"], payload: Digest(of: "".utf8).hex)
        var code = Array(("AWS4" + secret).utf8)
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(date)/r/lambda/aws4_request\n\(request.hash)"
        for part in [date, "r", "lambda", "aws4_request", text] {
            var mac = WebhookMAC(key: code)
            mac.update(Array(part.utf8))
            code = mac.finishBytes()
        }
        let signature = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return [
            "X-Amz-Date: " + time,
            "Authorization: AWS4-HMAC-SHA256 Credential=\(key)/\(date)/r/lambda/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=" + signature,
        ]
    }

    @Test("and all others may be signed with a token's id and secret, which the token's creation shows")
    func signed() async throws {
        try await TestGateway.run(.ending(.ok), try Self.functions()) { gateway in
            let target = "/2015-03-31/functions/hello"
            let now = Int(Date().timeIntervalSince1970)
            let created = try await gateway.client.send(
                "POST",
                "/v1/tokens",
                headers: Self.admin + ["Content-Type: application/json"],
                body: #"{"scopes":["read"]}"#
            )
            let token = try #require(
                try JSONSerialization.jsonObject(with: Data(created.bytes)) as? [String: Any]
            )
            let id = try #require(token["id"] as? String)
            let secret = try #require(token["secret_access_key"] as? String)
            func get(_ key: String, _ secret: String, _ seconds: Int) async throws -> WireAnswer {
                let headers = try Self.sign(target, key: key, secret: secret, seconds: seconds)
                return try await gateway.client.send("GET", target, headers: headers)
            }
            #expect(try await get(id, secret, now).status == 200)
            #expect(try await get("admin", "secret", now).status == 200)
            let wrong = try await get(id, secret + "x", now)
            #expect(wrong.status == 403 && wrong["x-amzn-errortype"] == "InvalidSignatureException")
            let late = try await get(id, secret, now - 3600)
            #expect(late.status == 403 && late.body.contains("Signature expired"))
            let unknown = try await get("nothing", secret, now)
            #expect(unknown.status == 403 && unknown["x-amzn-errortype"] == "UnrecognizedClientException")
            #expect(
                try await gateway.client.send("DELETE", "/v1/tokens/" + id, headers: Self.admin).status == 204
            )
            #expect(try await get(id, secret, now).status == 403)
        }
    }
}
