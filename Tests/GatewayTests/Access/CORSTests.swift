// SPDX-License-Identifier: Apache-2.0
// What pages of other origins may do with functions.

import FunctionModel
import Testing

@testable import Gateway

@Suite("A function with cors")
struct CORSTests {
    private static func revisions(_ origins: [String]) throws -> [Revision] {
        [
            try makeRevision("hello") {
                $0.cors = CORSConfiguration(origins: origins)
                $0.routes = [try Route("POST /hello")]
                $0.authentication = .token
            }, try makeRevision("plain") { $0.routes = [try Route("POST /plain")] },
        ]
    }

    private static let preflight = [
        "Origin: https://example.org", "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type, x-a",
    ]

    @Test("has its preflights answered by the gateway, on its own routes too, without credentials")
    func preflight() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, try Self.revisions(["https://example.org"])) { gateway in
            for path in ["/function/hello", "/hello", "/function/hello/x?y=z"] {
                let answer = try await gateway.client.send("OPTIONS", path, headers: Self.preflight)
                #expect(answer.status == 204, "\(path)")
                #expect(answer["access-control-allow-origin"] == "https://example.org")
                #expect(answer["access-control-allow-methods"] == "POST")
                #expect(answer["access-control-allow-headers"] == "content-type, x-a")
                #expect(answer["access-control-max-age"] == "600")
                #expect(answer["vary"]?.contains("Origin") == true)
            }
            let foreign = try await gateway.client.send(
                "OPTIONS",
                "/hello",
                headers: ["Origin: https://evil.example", "Access-Control-Request-Method: POST"]
            )
            #expect(foreign.status == 204)
            #expect(foreign["access-control-allow-origin"] == nil)
            let other = try await gateway.client.send(
                "OPTIONS",
                "/hello",
                headers: ["Origin: https://example.org", "Access-Control-Request-Method: PUT"]
            )
            #expect(other.status == 405)
            #expect(invoker.requests.isEmpty)
        }
    }

    @Test("lets pages of its origins read every answer, errors too, and no other page")
    func answers() async throws {
        try await TestGateway.run(.ending(.ok), try Self.revisions(["https://example.org"])) { gateway in
            let token = try await gateway.token("{}")
            let cases: [([String], Int)] = [([], 401), (["Authorization: Bearer " + token.text], 200)]
            for (fields, status) in cases {
                let headers = ["Origin: https://example.org"] + fields
                let answer = try await gateway.client.send("POST", "/hello", headers: headers, body: "x")
                #expect(answer.status == status)
                #expect(answer["access-control-allow-origin"] == "https://example.org")
                #expect(answer["access-control-expose-headers"]?.contains("X-Call-Id") == true)
                #expect(answer["vary"] == "Origin")
            }
            let foreign = try await gateway.client.send(
                "POST",
                "/hello",
                headers: ["Origin: https://example.org.evil.example"],
                body: "x"
            )
            #expect(foreign["access-control-allow-origin"] == nil)
            #expect(foreign["vary"] == "Origin")
        }
    }

    @Test("of any origin says so with a star; a function without cors gets OPTIONS itself")
    func star() async throws {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, try Self.revisions(["*"])) { gateway in
            let answer = try await gateway.client.send("OPTIONS", "/function/hello", headers: Self.preflight)
            #expect(answer["access-control-allow-origin"] == "*")
            #expect(invoker.requests.isEmpty)
            let plain = try await gateway.client.send("OPTIONS", "/function/plain", headers: Self.preflight)
            #expect(plain.status == 200)
            #expect(plain["access-control-allow-origin"] == nil)
            #expect(invoker.requests.count == 1)
            let routed = try await gateway.client.send("OPTIONS", "/plain", headers: Self.preflight)
            #expect(routed.status == 405)
        }
    }

    @Test(
        "names origins as browsers send them",
        arguments: [
            ("https://example.org", true), ("http://localhost:3000", true), ("*", true),
            ("https://example.org/", false), ("example.org", false), ("https://", false), ("", false),
            ("HTTPS://example.org", false), ("https://Example.org", false), ("https://*.example.org", false),
            ("null", false), ("https://a b", false),
        ]
    ) func origins(_ origin: String, _ isValid: Bool) {
        var configuration = FunctionConfiguration()
        configuration.cors = CORSConfiguration(origins: [origin])
        #expect(((try? configuration.validate()) != nil) == isValid)
    }
}
