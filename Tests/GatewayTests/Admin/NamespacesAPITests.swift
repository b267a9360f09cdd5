// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's namespace verbs, and who reaches what of a namespace.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import Testing

@testable import Gateway

@Suite("Namespaces")
struct NamespacesAPITests {
    private static let json = [TestGateway.authorization, "Content-Type: application/json"]

    @Test(
        "each verb is answered",
        arguments: [
            ("GET", "/system/namespaces", nil, 200, "[\"openfaas-fn\",\"team\"]"),
            ("GET", "/system/namespace/openfaas-fn", nil, 200, "\"name\":\"openfaas-fn\""),
            ("GET", "/system/namespace/team", nil, 200, "\"labels\":{\"a\":\"b\"}"),
            ("GET", "/system/namespace/other", nil, 404, "no namespace 'other'"),
            ("POST", "/system/namespace/", "{\"name\":\"openfaas-fn\"}", 409, "exists already"),
            ("POST", "/system/namespace/", "{\"name\":\"team\"}", 409, "exists already"),
            ("POST", "/system/namespace/", "{\"name\":\"other\"}", 201, "\"name\":\"other\""),
            ("POST", "/system/namespace", "{\"name\":\"Other\"}", 400, "lower-case"),
            ("POST", "/system/namespace", "{\"name\":\"../x\"}", 400, "lower-case"),
            ("POST", "/system/namespace", "{\"name\":\"a.b\"}", 400, "lower-case"),
            ("POST", "/system/namespace", "{\"name\":\"other\",\"x\":1}", 400, "unknown key 'x'"),
            (
                "PUT", "/system/namespace/openfaas-fn", "{\"name\":\"openfaas-fn\",\"labels\":{\"a\":\"b\"}}",
                200, ""
            ),
            ("PUT", "/system/namespace/team", "{\"name\":\"other\"}", 400, "not the namespace of the path"),
            ("PUT", "/system/namespace/other", "{\"name\":\"other\"}", 404, "no namespace 'other'"),
            ("DELETE", "/system/namespace/openfaas-fn", nil, 409, "the default one"),
            ("DELETE", "/system/namespace/team", nil, 200, ""),
            ("DELETE", "/system/namespace/other", nil, 404, "no namespace 'other'"),
            ("PATCH", "/system/namespace/openfaas-fn", nil, 405, "DELETE, GET, PUT"),
            ("GET", "/system/functions?namespace=other", nil, 400, "no namespace 'other'"),
            ("GET", "/system/functions?namespace=../x", nil, 400, "no namespace"),
            ("GET", "/system/functions?namespace=team", nil, 200, "[]"),
            ("GET", "/system/function/hello?namespace=team", nil, 404, "no function named 'hello.team'"),
            ("GET", "/system/function/hello.team?namespace=other", nil, 400, "namespace"),
            ("GET", "/system/secrets?namespace=other", nil, 400, "no namespace 'other'"),
            (
                "POST", "/system/secrets", "{\"name\":\"k\",\"value\":\"v\",\"namespace\":\"other\"}", 400,
                "no namespace"
            ),
        ] as [(String, String, String?, Int, String)]
    )
    func verbs(method: String, path: String, body: String?, status: Int, words: String) async throws {
        try await TestGateway.run { gateway in
            let team = "{\"name\":\"team\",\"labels\":{\"a\":\"b\"}}"
            let made = try await gateway.client.send(
                "POST",
                "/system/namespace/",
                headers: Self.json,
                body: team
            )
            #expect(made.status == 201)
            let answer = try await gateway.client.send(method, path, headers: Self.json, body: body)
            #expect(answer.status == status)
            #expect(answer.body.contains(words), "\(answer.body)")
        }
    }

    private static func withTeams(_ test: (TestGateway) async throws -> Void) async throws {
        let names = ["hello", "hello.team-a", "hello.team-b"]
        try await TestGateway.run(.ending(.ok), names.map { try makeRevision($0) }) { gateway in
            for team in ["team-a", "team-b"] {
                let body = "{\"name\":\"\(team)\"}"
                _ = try await gateway.client.send("POST", "/system/namespace/", headers: json, body: body)
            }
            try await test(gateway)
        }
    }

    @Test("one with a secret is not removed, and a new one begins without any")
    func removal() async throws {
        try await Self.withTeams { gateway in
            func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> WireAnswer {
                try await gateway.client.send(method, path, headers: Self.json, body: body)
            }
            let secret = #"{"name":"key","value":"v","namespace":"team-a"}"#
            #expect(try await send("POST", "/system/secrets", secret).status == 201)
            #expect(gateway.catalog.changedSecrets == ["key of team-a"])
            let refused = try await send("DELETE", "/system/namespace/team-a")
            #expect(refused.status == 409 && refused.body.contains("key"))
            #expect(try await send("GET", "/system/secrets").body == "[]")
            let list = #"[{"name":"key","namespace":"team-a"}]"#
            #expect(try await send("GET", "/system/secrets?namespace=team-a").body == list)
            #expect(try await send("GET", "/system/secrets?namespace=team-b").body == "[]")
            try await gateway.secrets.within("late").create("key", [1])
            #expect(try await send("POST", "/system/namespace/", #"{"name":"late"}"#).status == 201)
            #expect(try await send("GET", "/system/secrets?namespace=late").body == "[]")
        }
    }

    @Test("a function of each is called by its own name, and listed in its own namespace")
    func calls() async throws {
        try await Self.withTeams { gateway in
            for (path, name) in [
                ("/function/hello", "hello"), ("/function/hello.openfaas-fn", "hello"),
                ("/function/hello.team-a/x", "hello.team-a"), ("/function/hello.team-b", "hello.team-b"),
            ] {
                let answer = try await gateway.client.send("GET", path, headers: [])
                #expect(answer.status == 200, "\(path)")
                let page = try await gateway.client.send("GET", "/metrics", headers: Self.json).body
                let local = name.contains(".") ? name : name + ".openfaas-fn"
                #expect(page.contains("gateway_function_invocation_started{function_name=\"\(local)\"} "))
            }
            #expect(try await gateway.client.send("GET", "/function/hello.team-c").status == 404)
            let list = try await gateway.client.send(
                "GET",
                "/system/functions?namespace=team-a",
                headers: Self.json
            )
            #expect(list.body.contains(#""namespace":"team-a""#) && !list.body.contains("team-b"))
            let one = try await gateway.client.send(
                "GET",
                "/system/function/hello?namespace=team-b",
                headers: Self.json
            )
            #expect(one.body.contains(#""name":"hello""#) && one.body.contains(#""namespace":"team-b""#))
        }
    }

    @Test(
        "a token of one namespace reaches nothing of another",
        arguments: [
            ("GET", "/system/functions?namespace=team-a", nil, 200),
            ("GET", "/system/function/hello.team-a", nil, 200),
            ("GET", "/system/function/hello?namespace=team-a", nil, 200),
            ("GET", "/system/function/hello", nil, 403), ("GET", "/system/function/hello.team-b", nil, 403),
            ("GET", "/system/function/hello?namespace=team-b", nil, 403),
            ("GET", "/system/secrets?namespace=team-a", nil, 200), ("GET", "/system/secrets", nil, 403),
            ("GET", "/system/secrets?namespace=team-b", nil, 403),
            ("POST", "/system/secrets", #"{"name":"k","value":"v","namespace":"team-a"}"#, 201),
            ("POST", "/system/secrets", #"{"name":"k","value":"v","namespace":"team-b"}"#, 403),
            (
                "POST", "/system/secrets?namespace=team-a", #"{"name":"k","value":"v","namespace":"team-b"}"#,
                403
            ),
            ("POST", "/system/secrets", #"{"name":"k","value":"v"}"#, 403),
            ("GET", "/system/logs?name=hello&namespace=team-a", nil, 200),
            ("GET", "/system/logs?name=hello", nil, 403),
            ("GET", "/system/logs?name=hello.team-b", nil, 403),
            ("GET", "/system/logs?name=hello.team-a&namespace=team-b", nil, 400),
            ("GET", "/v1/invocations", nil, 403), ("GET", "/v1/invocations?namespace=team-a", nil, 200),
            ("GET", "/v1/invocations?namespace=team-b", nil, 403),
            ("GET", "/v1/invocations?function=hello&namespace=team-b", nil, 403),
            ("GET", "/v1/schedules?namespace=team-b", nil, 403), ("GET", "/v1/schedules", nil, 403),
            ("GET", "/v1/queue?namespace=team-a", nil, 403),
            ("GET", "/v1/queue?function=hello.team-a", nil, 200),
            ("DELETE", "/system/functions", #"{"functionName":"hello","namespace":"team-b"}"#, 403),
            ("DELETE", "/system/functions?namespace=team-b", #"{"functionName":"hello"}"#, 403),
            ("DELETE", "/system/functions", #"{"functionName":"hello.team-a"}"#, 202),
            ("PUT", "/system/functions", #"{"service":"hello","image":"i","namespace":"team-b"}"#, 403),
            ("POST", "/system/functions", #"{"service":"hello","image":"i"}"#, 403),
            ("POST", "/system/functions", #"{"service":"new","image":"i","namespace":"team-a"}"#, 202),
            ("POST", "/v1/functions/hello/rollback?namespace=team-b", nil, 403),
            ("GET", "/v1/functions/hello.team-b/aliases", nil, 403),
            ("GET", "/v1/functions/hello/aliases?namespace=team-a", nil, 200),
            ("GET", "/system/namespace/team-b", nil, 403), ("GET", "/system/namespace/team-a", nil, 200),
            ("POST", "/system/namespace/", #"{"name":"x"}"#, 403),
            ("DELETE", "/system/namespace/team-a", nil, 403),
            ("GET", "/v1/images", nil, 403), ("GET", "/v1/tokens", nil, 403),
        ] as [(String, String, String?, Int)]
    )
    func limited(method: String, path: String, body: String?, status: Int) async throws {
        try await Self.withTeams { gateway in
            let token = try await gateway.token(
                #"{"scopes":["read","deploy","invoke"],"namespaces":["team-a"]}"#
            )
            let headers = ["Authorization: Bearer " + token.text, "Content-Type: application/json"]
            let answer = try await gateway.client.send(method, path, headers: headers, body: body)
            #expect(answer.status == status, "\(answer.body)")
            let names = try await gateway.client.send("GET", "/system/namespaces", headers: headers)
            #expect(names.body == #"["team-a"]"#)
        }
    }

    @Test("tokens of namespaces are checked like those of functions, and invoke only there")
    func tokens() async throws {
        let revisions = try ["hello", "hello.team-a"].map { name in
            try makeRevision(name) { $0.authentication = .token }
        }
        try await TestGateway.run(.ending(.ok), revisions) { gateway in
            for body in [
                #"{"scopes":["admin"],"namespaces":["a"]}"#, #"{"namespaces":["A"]}"#,
                #"{"scopes":["sandbox"],"namespaces":["a"]}"#,
            ] {
                let answer = try await gateway.client.send(
                    "POST",
                    "/v1/tokens",
                    headers: Self.json,
                    body: body
                )
                #expect(answer.status == 400 && answer.body.contains("namespace"), "\(answer.body)")
            }
            let token = try await gateway.token(#"{"namespaces":["team-a"]}"#)
            let headers = ["Authorization: Bearer " + token.text]
            #expect(try await gateway.client.send("GET", "/function/hello", headers: headers).status == 403)
            #expect(
                try await gateway.client.send("GET", "/function/hello.team-a", headers: headers).status == 200
            )
        }
    }
}
