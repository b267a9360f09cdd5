// SPDX-License-Identifier: Apache-2.0
// Aliases over HTTP, and calls by alias or revision.

import Contracts
import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Scheduler
import Testing

@testable import Gateway

@Suite("Aliases")
struct AliasesAPITests {
    private static let json = [TestGateway.authorization, "Content-Type: application/json"]

    private static func revisions(_ change: (Int, inout FunctionConfiguration) -> Void = { _, _ in }) throws
        -> [Revision]
    {
        try (1...3).map { number in
            var revision = try makeRevision("hello") { change(number, &$0) }
            revision.number = number
            return revision
        }
    }

    private static func run(
        _ invoker: FakeInvoker = .ending(.ok),
        _ change: (Int, inout FunctionConfiguration) -> Void = { _, _ in },
        _ test: (TestGateway) async throws -> Void
    ) async throws {
        let revisions = try revisions(change)
        try await TestGateway.run(invoker, [revisions[2]]) { gateway in
            gateway.catalog.keep(Array(revisions.prefix(2)), of: revisions[2].function)
            try await test(gateway)
        }
    }

    @Test("are set, listed, shown and removed")
    func life() async throws {
        try await Self.run { gateway in
            let path = "/v1/functions/hello/aliases"
            let body = #"{"revisions":[{"revision":2},{"revision":3,"weight":12.5}]}"#
            let set = try await gateway.client.send("PUT", path + "/prod", headers: Self.json, body: body)
            let text =
                #"{"name":"prod","revisions":[{"revision":2,"weight":87.5},{"revision":3,"weight":12.5}]}"#
            #expect(set.status == 200 && set.body == text)
            let list = try await gateway.client.send("GET", path, headers: Self.json)
            #expect(list.body == "[\(text)]")
            let one = try await gateway.client.send("GET", path + "/prod", headers: Self.json)
            #expect(one.body == text)
            let status = try await gateway.client.send("GET", "/system/function/hello", headers: Self.json)
            #expect(status.body.contains(#""aliases":[\#(text)]"#))
            #expect(status.body.contains(#""aliases":["prod"]"#))
            let removed = try await gateway.client.send("DELETE", path + "/prod", headers: Self.json)
            #expect(removed.status == 204)
            let again = try await gateway.client.send("DELETE", path + "/prod", headers: Self.json)
            #expect(again.status == 404 && again.body.contains("unknown_alias"))
        }
    }

    @Test(
        "with a mistake are refused, with what is wrong",
        arguments: [
            ("prod", #"{"revisions":[{"revision":2,"weight":50}]}"#, 400, "sum up"),
            ("prod", #"{"revisions":[]}"#, 400, "1 to 4"),
            ("prod", #"{"revisions":[{"revision":9}]}"#, 404, "has no revision 9"),
            ("prod", #"{"revisions":[{"revision":2,"wait":50}]}"#, 400, "wait"),
            ("7", #"{"revisions":[{"revision":2}]}"#, 400, "digits alone"),
            ("a.b", #"{"revisions":[{"revision":2}]}"#, 400, "letters"),
            ("prod", #"[]"#, 400, "type"),
        ]
    )
    func refused(_ alias: String, _ body: String, _ status: Int, _ detail: String) async throws {
        try await Self.run { gateway in
            let path = "/v1/functions/hello/aliases/" + alias
            let answer = try await gateway.client.send("PUT", path, headers: Self.json, body: body)
            #expect(answer.status == status)
            #expect(answer.body.contains(detail), "\(answer.body)")
        }
    }

    @Test("choose the revision that runs and its limits, and their names are part of SCRIPT_NAME")
    func calls() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await Self.run(invoker) { number, configuration in
            configuration.limits.body = ByteCount(bytes: number * 10)
        } _: { gateway in
            let alias = "/v1/functions/hello/aliases/prod"
            let body = #"{"revisions":[{"revision":1}]}"#
            _ = try await gateway.client.send("PUT", alias, headers: Self.json, body: body)
            for path in [
                "/function/hello:prod/x", "/function/hello%3Aprod/x", "/function/hello.openfaas-fn:prod/x",
            ] {
                let answer = try await gateway.client.send("POST", path, body: "0123456789")
                #expect(answer.status == 200, "\(path)")
            }
            let tooLarge = try await gateway.client.send("POST", "/function/hello:prod", body: "0123456789a")
            #expect(tooLarge.status == 413)
            #expect(invoker.requests.map(\.version) == [.revision(1), .revision(1), .revision(1)])
            #expect(invoker.requests.allSatisfy { $0.head.scriptName == "/function/hello:prod" })
            #expect(invoker.requests.allSatisfy { $0.head.pathRest == "/x" })
            let unknown = try await gateway.client.send("GET", "/function/hello:beta")
            #expect(unknown.status == 404 && unknown.body.contains("no alias 'beta'"))
            #expect(try await gateway.client.send("GET", "/function/other:prod").status == 404)
            #expect(try await gateway.client.send("GET", "/function/hello:a%20b").status == 400)
        }
    }

    @Test("a queued call keeps its alias, which each of its attempts looks up")
    func queued() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await Self.run(invoker) { gateway in
            let alias = "/v1/functions/hello/aliases/prod"
            let body = #"{"revisions":[{"revision":1}]}"#
            _ = try await gateway.client.send("PUT", alias, headers: Self.json, body: body)
            let answer = try await gateway.client.send("POST", "/async-function/hello:prod", body: "x")
            #expect(answer.status == 202)
            let prod = try AliasName("prod")
            #expect(invoker.requests.map(\.version) == [.alias(prod)])
        }
    }

    @Test("a revision without an alias is for callers with the right to invoke, who stay unknown to it")
    func numbers() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await Self.run(invoker) { gateway in
            func get(_ path: String, _ headers: [String] = []) async throws -> WireAnswer {
                try await gateway.client.send("GET", path, headers: headers)
            }
            #expect(try await get("/function/hello:3").status == 200)
            let anonymous = try await get("/function/hello:1")
            #expect(anonymous.status == 401 && anonymous.body.contains("no alias"))
            #expect(gateway.catalog.versions().isEmpty)
            let foreign = try await gateway.token(#"{"scopes":["invoke"],"functions":["other"]}"#)
            #expect(
                try await get("/function/hello:1", ["Authorization: Bearer " + foreign.text]).status == 403
            )
            let reader = try await gateway.token(#"{"scopes":["read"]}"#)
            #expect(
                try await get("/function/hello:1", ["Authorization: Bearer " + reader.text]).status == 403
            )
            #expect(try await get("/function/hello:1", [TestGateway.authorization]).status == 200)
            #expect(try await get("/function/hello:1").status == 401)
            let missing = try await get("/function/hello:9", [TestGateway.authorization])
            #expect(missing.status == 404 && missing.body.contains("unknown_revision"))
            #expect(invoker.requests.map(\.version) == [.revision(3), .revision(1)])
            #expect(invoker.requests.allSatisfy { $0.head.fields[.authorization] == nil })
        }
    }
}
