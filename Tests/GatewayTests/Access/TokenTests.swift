// SPDX-License-Identifier: Apache-2.0
// Bearer tokens: their form, their table, and what they open.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import Testing

@testable import Gateway

/// The same numbers at every run.
private struct Numbers: RandomNumberGenerator {
    var state: UInt64 = 1
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}

private let noon = Date(timeIntervalSince1970: 1_700_000_000)

@Suite("A token")
struct TokenTests {
    private static func make(_ change: (inout AccessTokenCreation) throws -> Void = { _ in }) throws
        -> (token: StoredToken, text: String)
    {
        var wanted = AccessTokenCreation()
        try change(&wanted)
        var random = Numbers()
        return try TokensAPI.make(wanted, at: noon, using: &random)
    }

    @Test("begins with mf_, with the scope sandbox as E2B's clients want it, and has 160 random bits")
    func form() throws {
        let plain = try Self.make()
        #expect(plain.text.hasPrefix("mf_") && plain.text.utf8.count == 43)
        #expect(AccessToken.isToken(plain.text))
        #expect(plain.token.scopes == [.invoke])
        let sandbox = try Self.make { $0.scopes = [.sandbox] }
        #expect(sandbox.text.hasPrefix("e2b_") && sandbox.text.utf8.count == 44)
        #expect(plain.token.hash == AccessToken.hash(plain.text))
        var random = SystemRandomNumberGenerator()
        let texts = Set((0..<100).map { _ in AccessToken.make([.read], using: &random) })
        #expect(texts.count == 100)
    }

    @Test(
        "is found in an Authorization field as bearer, and as the password of any user",
        arguments: [
            ("Bearer mf_0123456789abcdef0123456789abcdef01234567", true),
            ("bearer  mf_0123456789abcdef0123456789abcdef01234567", true),
            ("Bearer e2b_0123456789abcdef0123456789abcdef01234567", true),
            ("Bearer mf_0123456789ABCDEF0123456789abcdef01234567", false),
            ("Bearer mf_0123", false), ("Bearer ", false), ("Bearer", false), ("", false),
            ("Digest mf_0123456789abcdef0123456789abcdef01234567", false),
            // any:mf_0123456789abcdef0123456789abcdef01234567
            ("Basic YW55Om1mXzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc=", true),
            ("Basic YWRtaW46c2VjcmV0", false), ("Basic ???", false),
            ("Bearer mf_" + String(repeating: "a", count: 5000), false),
        ]
    ) func field(_ field: String, _ isToken: Bool) { #expect((AccessToken.inField(field) != nil) == isToken) }

    @Test("is known by its hash until it expires or is revoked, and its last use is noted once")
    func table() throws {
        var table = TokenTable()
        let (token, text) = try Self.make { $0.expires = .seconds(60) }
        let other = try Self.make { $0.scopes = [.read] }.token
        #expect(token.expiresAt == noon + 60)
        table.replace([token])
        let hash = AccessToken.hash(text)
        #expect(table.caller(hash, at: noon)?.tokenID == token.id)
        #expect(table.caller(hash, at: noon + 59)?.tokenID == token.id)
        #expect(table.caller(hash, at: noon + 60) == nil)
        #expect(table.caller(AccessToken.hash(text + "0"), at: noon) == nil)
        #expect(table.takeUses() == [token.id: noon + 59])
        #expect(table.takeUses().isEmpty)
        table.restoreUses([token.id: noon])
        table.remove(token.id)
        #expect(table.caller(hash, at: noon) == nil)
        #expect(table.takeUses().isEmpty)
        table.insert(other)
        #expect(table.caller(hash, at: noon) == nil || other.hash == hash)
    }

    @Test("whose hash shares its first half with a known one is refused")
    func halfHash() throws {
        var table = TokenTable()
        let (token, text) = try Self.make()
        table.replace([token])
        let hex = AccessToken.hash(text).hex
        let near = try #require(Digest(hex: hex.prefix(63) + (hex.hasSuffix("0") ? "1" : "0")))
        #expect(table.caller(near, at: noon) == nil)
    }

    @Test("has what its scopes include, and nothing else")
    func scopes() throws {
        func rights(_ scope: TokenScope) throws -> Set<TokenScope> {
            let caller = Caller(try Self.make { $0.scopes = [scope] }.token)
            return Set(TokenScope.allCases.filter { caller.has($0) })
        }
        #expect(try rights(.admin) == Set(TokenScope.allCases))
        #expect(try rights(.deploy) == [.deploy, .read])
        for scope in [TokenScope.invoke, .read, .sandbox] { #expect(try rights(scope) == [scope]) }
    }

    @Test(
        "is refused with a name, scope or limit that makes no sense",
        arguments: [
            (#"{"name":"a\nb"}"#, "name: "), (#"{"scopes":[]}"#, "scopes: "),
            (#"{"functions":["-"]}"#, "name: "), (#"{"expires":"0s"}"#, "expires: "),
            (#"{"functions":["a"],"scopes":["admin"]}"#, "functions: "),
            (#"{"scopes":["root"]}"#, "scopes"), (#"{"expires":"soon"}"#, "expires: "),
            (#"{"scope":["read"]}"#, "unknown key 'scope'"), ("[]", "the body"), ("", "the body"),
        ]
    ) func mistakes(_ body: String, _ detail: String) async throws {
        try await TestGateway.run { gateway in
            let json = [TestGateway.authorization, "Content-Type: application/json"]
            let answer = try await gateway.client.send("POST", "/v1/tokens", headers: json, body: body)
            #expect(answer.status == 400)
            #expect(answer.body.contains(detail), "\(answer.body)")
            #expect(try await gateway.store.tokens().isEmpty)
        }
    }

    @Test(
        "opens what its scope names; once revoked, the next request is refused; it is stored as a hash only"
    )
    func life() async throws {
        try await TestGateway.run { gateway in
            let token = try await gateway.token(#"{"name":"ci","scopes":["read"],"expires":"1h"}"#)
            let bearer = "Authorization: Bearer " + token.text
            let list = try await gateway.client.send("GET", "/system/functions", headers: [bearer])
            #expect(list.status == 200)
            #expect(list.body.contains("hello"))
            let remove = try await gateway.client.send(
                "DELETE",
                "/system/functions",
                headers: [bearer],
                body: #"{"functionName":"hello"}"#
            )
            #expect(remove.status == 403)
            #expect(remove.body.contains("does not have the scope 'deploy'"))
            let others = try await gateway.client.send("GET", "/v1/tokens", headers: [bearer])
            #expect(others.status == 403)
            let stored = try await gateway.client.send(
                "GET",
                "/v1/tokens",
                headers: [TestGateway.authorization]
            )
            #expect(stored.body.contains(#""name":"ci""#) && stored.body.contains(#""last_used_at":"#))
            #expect(!stored.body.contains(token.text))
            #expect(try await gateway.store.tokens().map(\.hash) == [AccessToken.hash(token.text)])
            let path = "/v1/tokens/" + token.id
            let revoked = try await gateway.client.send(
                "DELETE",
                path,
                headers: [TestGateway.authorization]
            )
            #expect(revoked.status == 204)
            let refused = try await gateway.client.send("GET", "/system/functions", headers: [bearer])
            #expect(refused.status == 401)
            let again = try await gateway.client.send("DELETE", path, headers: [TestGateway.authorization])
            #expect(again.status == 404)
        }
    }

    @Test("that is limited to functions reads and changes those alone, and mounts no further secret")
    func limited() async throws {
        let revisions = [try makeRevision("mine") { $0.secrets = ["known"] }, try makeRevision("other")]
        try await TestGateway.run(.ending(.ok), revisions) { gateway in
            let token = try await gateway.token(#"{"scopes":["deploy"],"functions":["mine"]}"#)
            let headers = ["Authorization: Bearer " + token.text, "Content-Type: application/json"]
            func status(_ method: String, _ path: String, _ body: String? = nil) async throws -> Int {
                try await gateway.client.send(method, path, headers: headers, body: body).status
            }
            func body(_ name: String, _ secret: String) -> String {
                #"{"service":"\#(name)","image":"a","secrets":["\#(secret)"]}"#
            }
            let list = try await gateway.client.send("GET", "/system/functions", headers: headers)
            #expect(list.body.contains("mine") && !list.body.contains("other"))
            #expect(try await status("GET", "/system/function/mine") == 200)
            #expect(try await status("GET", "/system/function/mine.openfaas-fn") == 200)
            #expect(try await status("GET", "/system/function/other") == 403)
            #expect(try await status("PUT", "/system/functions", body("mine", "known")) == 202)
            #expect(try await status("PUT", "/system/functions", body("mine", "more")) == 403)
            #expect(try await status("POST", "/system/functions", body("new", "known")) == 403)
            #expect(try await status("PUT", "/system/functions", body("other", "known")) == 403)
            #expect(
                try await status("DELETE", "/system/functions", #"{"functionName":"other"}"#) == 403
            )
            #expect(try await status("POST", "/v1/functions/other/rollback") == 403)
            #expect(try await status("GET", "/v1/invocations?function=mine") == 200)
            #expect(try await status("GET", "/v1/invocations?function=other") == 403)
            #expect(try await status("GET", "/v1/invocations") == 403)
            #expect(try await status("GET", "/system/logs?name=other") == 403)
            #expect(try await status("GET", "/system/secrets") == 403)
            #expect(try await status("GET", "/v1/images") == 403)
            #expect(gateway.catalog.revisions().map(\.function.text) == ["mine", "other"])
            let deployment = try await gateway.client.send(
                "POST",
                "/v1/deployments",
                headers: headers,
                body: body("other", "known")
            )
            #expect(deployment.body.contains("not for the function 'other'"))
        }
    }

    @Test("is not shown to functions, whatever they ask for; another bearer token is")
    func hidden() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker) { gateway in
            let token = try await gateway.token(#"{"scopes":["read"]}"#)
            for field in ["Bearer " + token.text, "Bearer of-the-function"] {
                _ = try await gateway.client.send(
                    "GET",
                    "/function/hello",
                    headers: ["Authorization: " + field]
                )
            }
            let seen = invoker.requests.map { $0.variableTexts.contains { $0.contains("Bearer") } }
            #expect(seen == [false, true])
        }
    }
}

extension TestGateway {
    /// A new token of the gateway's own API.
    func token(_ body: String) async throws -> (id: String, text: String) {
        let headers = [Self.authorization, "Content-Type: application/json"]
        let answer = try await client.send("POST", "/v1/tokens", headers: headers, body: body)
        #expect(answer.status == 201)
        #expect(answer["cache-control"] == "no-store")
        let made = try APIJSON.decode(AccessTokenBody.self, from: Data(answer.body.utf8))
        return (made.id, try #require(made.token))
    }
}
