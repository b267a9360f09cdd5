// SPDX-License-Identifier: Apache-2.0
// Functions with `auth`: who reaches them, and what they see.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Scheduler
import Testing

@testable import Gateway

@Suite("A function")
struct FunctionAccessTests {
    private static func mac(_ text: String, _ key: String) -> String {
        var mac = WebhookMAC(key: Array(key.utf8))
        mac.update(Array(text.utf8))
        return mac.finish()
    }

    @Test(
        "with auth: token asks for a token with the scope invoke that is for it, and hides it from the function"
    )
    func token() async throws {
        let revisions = try ["hello", "other"].map { name in
            try makeRevision(name) { $0.authentication = .token }
        }
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, revisions) { gateway in
            func status(_ field: String?, _ path: String = "/function/hello") async throws -> Int {
                let headers = field.map { ["Authorization: " + $0] } ?? []
                return try await gateway.client.send("POST", path, headers: headers, body: "x").status
            }
            let anonymous = try await gateway.client.send("GET", "/function/hello")
            #expect(anonymous.status == 401)
            #expect(anonymous["www-authenticate"] == "Bearer realm=\"mayfly\"")
            #expect(anonymous["content-type"] == "application/problem+json")
            let invoke = try await gateway.token(#"{"name":"shop","functions":["hello"]}"#)
            let read = try await gateway.token(#"{"scopes":["deploy"]}"#)
            let unlimited = try await gateway.token(#"{"scopes":["invoke"]}"#)
            #expect(try await status("Bearer " + read.text) == 403)
            #expect(try await status("Bearer mf_" + String(repeating: "0", count: 40)) == 401)
            #expect(try await status("Bearer " + invoke.text, "/function/other") == 403)
            #expect(try await status("Bearer " + invoke.text, "/async-function/other") == 403)
            #expect(invoker.requests.isEmpty)
            #expect(try await status("Bearer " + unlimited.text, "/function/other") == 200)
            #expect(try await status("Bearer " + invoke.text) == 200)
            #expect(try await status("Basic YWRtaW46c2VjcmV0") == 200)
            let seen = try #require(invoker.requests.dropFirst().first?.variableTexts)
            #expect(seen.contains("REMOTE_USER=shop") && seen.contains("AUTH_TYPE=Bearer"))
            #expect(!seen.contains { $0.contains(invoke.text) })
        }
    }

    @Test("with auth: basic is reached with a token of the scope admin too, and sees how its caller came in")
    func basic() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, [try makeRevision("hello") { $0.authentication = .basic }]) {
            gateway in
            let admin = try await gateway.token(#"{"name":"ops","scopes":["admin"]}"#)
            let deploy = try await gateway.token(#"{"scopes":["deploy","invoke"]}"#)
            for (field, status) in [
                ("Basic YWRtaW46c2VjcmV0", 200), ("Bearer " + admin.text, 200),
                ("Bearer " + deploy.text, 403),
            ] {
                let answer = try await gateway.client.send(
                    "GET",
                    "/function/hello",
                    headers: ["Authorization: " + field]
                )
                #expect(answer.status == status)
            }
            let seen = invoker.requests.map(\.variableTexts)
            try #require(seen.count == 2)
            #expect(seen[0].contains("REMOTE_USER=admin") && seen[0].contains("AUTH_TYPE=Basic"))
            #expect(seen[1].contains("REMOTE_USER=ops") && seen[1].contains("AUTH_TYPE=Bearer"))
        }
    }

    @Test(
        "with auth: hmac gets signed bodies only, whole or in pieces, and none of their bytes before the check"
    )
    func hmac() async throws {
        let revision = try makeRevision("hello") {
            $0.authentication = .hmac(.init(secret: "hook", scheme: .github))
            $0.limits.body = .mebibytes(1)
        }
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, [revision]) { gateway in
            try await gateway.secrets.create("hook", Array("key\n".utf8))
            let long = String(repeating: "0123456789abcdef", count: 20 << 10)
            for body in ["", "x", long] {
                let good = "X-Hub-Signature-256: sha256=" + Self.mac(body, "key")
                let bad = "X-Hub-Signature-256: sha256=" + Self.mac(body + "y", "key")
                let accepted = try await gateway.client.send(
                    "POST",
                    "/function/hello",
                    headers: [good],
                    body: body
                )
                #expect(accepted.status == 200, "\(body.utf8.count)")
                let refused = try await gateway.client.send(
                    "POST",
                    "/function/hello",
                    headers: [bad],
                    body: body
                )
                #expect(refused.status == 401)
                #expect(refused["content-type"] == "application/problem+json")
            }
            let chunked = try await gateway.client.raw(
                "POST /function/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                    + "X-Hub-Signature-256: sha256=\(Self.mac("onetwo", "key"))\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
            )
            #expect(chunked.status == 200)
            let large = try await gateway.client.send(
                "POST",
                "/function/hello",
                headers: ["X-Hub-Signature-256: sha256=" + Self.mac("", "key")],
                body: String(repeating: "a", count: (1 << 20) + 1)
            )
            #expect(large.status == 413)
            #expect(invoker.requests.count == 4)
        }
    }

    @Test("with auth: hmac follows its secret: a new value counts at once, without one nothing is served")
    func rotation() async throws {
        let revision = try makeRevision("hello") {
            $0.authentication = .hmac(.init(secret: "hook", scheme: .hex))
        }
        try await TestGateway.run(.ending(.ok), [revision]) { gateway in
            func status(_ key: String) async throws -> Int {
                let headers = ["X-Signature: " + Self.mac("x", key)]
                return try await gateway.client.send("POST", "/function/hello", headers: headers, body: "x")
                    .status
            }
            #expect(try await status("old") == 502)
            try await gateway.secrets.create("hook", Array("old".utf8))
            #expect(try await status("old") == 200)
            let json = [TestGateway.authorization, "Content-Type: application/json"]
            let changed = try await gateway.client.send(
                "PUT",
                "/system/secrets",
                headers: json,
                body: #"{"name":"hook","value":"new"}"#
            )
            #expect(changed.status == 200)
            #expect(try await status("old") == 401)
            #expect(try await status("new") == 200)
            try await gateway.secrets.update("hook", [])
            try await gateway.catalog.secretChanged("hook", in: FunctionName.defaultNamespace)
            #expect(try await status("") == 502)
        }
    }

    @Test("with auth: hmac delays the answers of an address that guesses")
    func guesses() async throws {
        let revision = try makeRevision("hello") {
            $0.authentication = .hmac(.init(secret: "hook", scheme: .hex))
        }
        try await TestGateway.run(.ending(.ok), [revision]) { gateway in
            try await gateway.secrets.create("hook", Array("key".utf8))
            let client = gateway.client
            let statuses = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<60 {
                    tasks.addTask {
                        try await client.send(
                            "POST",
                            "/function/hello",
                            headers: ["X-Signature: " + Self.mac("x", "no")],
                            body: "x"
                        ).status
                    }
                }
                return try await tasks.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(Set(statuses) == [401, 429])
        }
    }

    @Test("shares the memory for unchecked bodies with all others, and gives its part back")
    func budget() {
        let budget = ByteBudget()
        var first: ByteBudget.Share? = ByteBudget.Share(budget)
        let second = ByteBudget.Share(budget)
        #expect(first?.take(ByteBudget.bytesMax - 1) == true)
        #expect(!second.take(2))
        #expect(second.take(1))
        first = nil
        #expect(second.take(ByteBudget.bytesMax - 1))
        #expect(!second.take(1))
    }
}
