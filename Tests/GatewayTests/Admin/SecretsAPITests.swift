// SPDX-License-Identifier: Apache-2.0
// Secrets over HTTP: they go in and never come out.

import FunctionModel
import Testing

@testable import Gateway

@Suite struct SecretsAPITests {
    @Test("secrets are made, changed, listed without values, and removed")
    func life() async throws {
        try await TestGateway.run { gateway in
            func send(_ method: String, _ body: String? = nil) async throws -> WireAnswer {
                try await gateway.client.send(
                    method,
                    "/system/secrets",
                    headers: [TestGateway.authorization],
                    body: body
                )
            }
            let body = "{\"name\":\"key\",\"value\":\"hidden\"}"
            let absent = try await send("PUT", body)
            #expect(absent.status == 404)
            #expect(try await send("POST", body).status == 201)
            #expect(try await send("POST", body).status == 409)
            #expect(gateway.catalog.changedSecrets == ["key"], "functions may wait for it")
            #expect(try await send("PUT", "{\"name\":\"key\",\"rawValue\":\"AAE=\"}").status == 200)
            #expect(gateway.catalog.changedSecrets == ["key", "key"], "warm sandboxes hold the old value")
            #expect(try await send("GET").body == "[{\"name\":\"key\",\"namespace\":\"openfaas-fn\"}]")
            #expect(try await send("POST", "{\"name\":\"../key\",\"value\":\"x\"}").status == 400)
            #expect(try await send("POST", "{\"name\":\"other\"}").status == 400)
            #expect(try await send("POST", "{\"name\":\"other\",\"rawValue\":\"?\"}").status == 400)
            #expect(try await send("DELETE", "{\"name\":\"key\"}").status == 200)
            #expect(try await send("DELETE", "{\"name\":\"key\"}").status == 404)
            #expect(try await send("GET").body == "[]")
        }
    }

    @Test("a secret in use is not removed, the functions are named, unless it is forced")
    func inUse() async throws {
        let users = try ["one", "two"].map { try makeRevision($0) { $0.secrets = ["key"] } }
        try await TestGateway.run(.ending(.ok), users) { gateway in
            func send(_ method: String, _ body: String, query: String = "") async throws -> WireAnswer {
                try await gateway.client.send(
                    method,
                    "/system/secrets" + query,
                    headers: [TestGateway.authorization],
                    body: body
                )
            }
            let name = "{\"name\":\"key\"}"
            #expect(try await send("DELETE", name).status == 404)
            #expect(try await send("POST", "{\"name\":\"key\",\"value\":\"v\"}").status == 201)
            let refused = try await send("DELETE", name)
            #expect(refused.status == 409)
            #expect(refused.body.contains("functions 'one', 'two'"), "\(refused.body)")
            #expect(try await send("DELETE", name, query: "?force=true").status == 200)
            #expect(try await send("POST", "{\"name\":\"key\",\"value\":\"v\"}").status == 201)
            #expect(try await send("DELETE", "{\"name\":\"key\",\"force\":true}").status == 200)
        }
    }
}
