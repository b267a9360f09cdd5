// SPDX-License-Identifier: Apache-2.0
// What callers with less than everything must not reach by a way around: other versions, other interfaces, hosts.

import Contracts
import FoundationEssentials
import FunctionModel
import NIOCore
import Scheduler
import Testing

@testable import Gateway

@Suite("Limited callers")
struct LimitedCallersTests {
    private static let json = "Content-Type: application/json"

    private static func bearer(_ gateway: TestGateway, _ token: String) async throws -> [String] {
        ["Authorization: Bearer " + (try await gateway.token(token).text), json]
    }

    @Test("a function that claims the gateway's own host gets no administrative request")
    func host() async throws {
        let thief = try makeRevision("thief") { $0.routes = [try Route("127.0.0.1/*")] }
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, [thief]) { gateway in
            let list = try await gateway.client.raw(
                "GET /system/functions HTTP/1.1\r\nHost: 127.0.0.1\r\n\(TestGateway.authorization)\r\n"
                    + "Connection: close\r\n\r\n"
            )
            #expect(list.status == 200 && list.body.contains("thief"))
            #expect(invoker.requests.isEmpty)
            let other = try await gateway.client.raw(
                "GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            )
            #expect(other.status == 200 && invoker.requests.count == 1)
        }
    }

    @Test("what a function asks of its callers counts in AWS's interface and for kept revisions too")
    func demands() async throws {
        let revisions = try (1...2).map { number in
            var revision = try makeRevision("hello") { $0.authentication = .basic }
            revision.number = number
            return revision
        }
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, [revisions[1]]) { gateway in
            gateway.catalog.keep([revisions[0]], of: revisions[0].function)
            let caller = try await Self.bearer(gateway, #"{"scopes":["invoke"]}"#)
            for path in ["/2015-03-31/functions/hello/invocations", "/function/hello", "/function/hello:1"] {
                let answer = try await gateway.client.send("POST", path, headers: caller, body: "{}")
                #expect(answer.status == 403, "\(path)")
                #expect(invoker.requests.isEmpty, "\(path)")
            }
            let admin = try await gateway.client.send(
                "POST",
                "/2015-03-31/functions/hello/invocations",
                headers: [TestGateway.authorization],
                body: "{}"
            )
            #expect(admin.status == 200)
        }
    }

    @Test("sizes that annotations claim do not overflow their sum, and count for those who may see them")
    func sizes() async throws {
        let functions = try ["a", "b"].map { name in
            try makeRevision(name) { $0.annotations["lambda/code-size"] = "9223372036854775807" }
        }
        try await TestGateway.run(.ending(.ok), functions) { gateway in
            let path = "/2016-08-19/account-settings"
            let all = try await gateway.client.send("GET", path, headers: [TestGateway.authorization])
            #expect(all.status == 200 && all.body.contains(#""FunctionCount":2"#), "\(all.body)")
            let caller = try await Self.bearer(gateway, #"{"scopes":["read"],"functions":["a"]}"#)
            let one = try await gateway.client.send("GET", path, headers: caller)
            #expect(one.status == 403 || one.body.contains(#""FunctionCount":1"#), "\(one.body)")
        }
    }

    @Test("a rollback gives a token of one function no secret that the function does not have now")
    func rollback() async throws {
        var old = try makeRevision("hello") { $0.secrets = ["db-password"] }
        old.number = 1
        var current = try makeRevision("hello")
        current.number = 2
        let kept = old
        try await TestGateway.run(.ending(.ok), [current]) { gateway in
            gateway.catalog.keep([kept], of: kept.function)
            let caller = try await Self.bearer(gateway, #"{"scopes":["deploy"],"functions":["hello"]}"#)
            let path = "/v1/functions/hello/rollback"
            for target in [path, path + "?revision=1"] {
                let answer = try await gateway.client.send("POST", target, headers: caller)
                #expect(answer.status == 403 && answer.body.contains("db-password"), "\(target)")
            }
        }
    }

    @Test("a limited token lets a function use no container that it does not use now")
    func uses() async throws {
        var old = try makeRevision("hello") { $0.uses = ["database"] }
        old.number = 1
        var current = try makeRevision("hello")
        current.number = 2
        let kept = old
        try await TestGateway.run(.ending(.ok), [current]) { gateway in
            gateway.catalog.keep([kept], of: kept.function)
            let path = "/v1/functions/hello/rollback"
            for limit in [#""functions":["hello"]"#, #""namespaces":["openfaas-fn"]"#] {
                let caller = try await Self.bearer(gateway, #"{"scopes":["deploy"],\#(limit)}"#)
                let answer = try await gateway.client.send("POST", path, headers: caller)
                #expect(answer.status == 403 && answer.body.contains("database"), "\(answer.body)")
            }
        }
    }

    @Test("a token of the default namespace reads nothing of runs, one of a function sees no other namespace")
    func namespaces() async throws {
        try await TestGateway.run { gateway in
            let one = try await Self.bearer(gateway, #"{"scopes":["read"],"namespaces":["openfaas-fn"]}"#)
            let log = try await gateway.client.send("GET", "/system/logs?name=_run", headers: one)
            #expect(log.status == 403)
            let created = try await gateway.client.send(
                "POST",
                "/system/namespace/",
                headers: [TestGateway.authorization, Self.json],
                body: #"{"name":"team-b"}"#
            )
            #expect(created.status == 201)
            let caller = try await Self.bearer(gateway, #"{"scopes":["read"],"functions":["hello"]}"#)
            let list = try await gateway.client.send("GET", "/system/namespaces", headers: caller)
            #expect(!list.body.contains("team-b"), "\(list.status) \(list.body)")
        }
    }
}
