// SPDX-License-Identifier: Apache-2.0
// The description of /v1 against the routes and the bodies, and what queries are checked for.

import Foundation
import FunctionModel
import GatewayAPI
import HTTPTypes
import Testing

@testable import Gateway

@Suite("The description of /v1")
struct DescriptionTests {
    @Test("has every route of /v1, and none that is not served")
    func complete() {
        let routes = Set(
            RouteRules.all.filter { $0.pattern.hasPrefix("/v1/") }.map {
                "\($0.method.rawValue) \($0.pattern)"
            }
        )
        let described = Set(
            APIDescription.operations.all.flatMap { pattern, operations in
                operations.keys.map { "\($0) \(pattern)" }
            }
        )
        for route in routes.subtracting(described).sorted() {
            Issue.record("\(route): describe it in Sources/GatewayAPI/Description/APIDescription+….swift")
        }
        #expect(described.subtracting(routes).isEmpty)
    }

    @Test(
        "is served as OpenAPI 3.1, whose references lead somewhere and whose operations have names of their own"
    )
    func document() async throws {
        try await TestGateway.run { gateway in
            let answer = try await gateway.client.send(
                "GET",
                "/v1/openapi.json",
                headers: [TestGateway.authorization]
            )
            #expect(answer.status == 200 && answer["content-type"] == "application/json")
            let object = try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any]
            let document = try #require(object)
            #expect(document["openapi"] as? String == "3.1.0")
            let components = try #require(document["components"] as? [String: [String: Any]])
            let schemas = Set(components["schemas"]?.keys.map { $0 } ?? [])
            for reference in answer.body.matches(of: #/#\/components\/schemas\/([A-Za-z]+)/#) {
                #expect(schemas.contains(String(reference.output.1)), "\(reference.output.1)")
            }
            let names = answer.body.matches(of: #/"operationId":"([A-Za-z.]+)"/#).map { String($0.output.1) }
            #expect(names.count > 40 && Set(names).count == names.count)
            let anonymous = try await gateway.client.send("GET", "/v1/openapi.json")
            #expect(anonymous.status == 401)
        }
    }

    @Test("gives the bodies of requests the keys that they have, and types for none that they lack")
    func bodies() {
        for (pattern, operations) in APIDescription.operations.all {
            for (method, operation) in operations {
                switch operation.body {
                case .json(let keys, let types, let required):
                    #expect(!keys.names.isEmpty, "\(method) \(pattern)")
                    #expect(Set(types.keys).isSubset(of: keys.names), "\(method) \(pattern)")
                    #expect(Set(required).isSubset(of: keys.names), "\(method) \(pattern)")
                case .optionalJSON(let keys, let types):
                    #expect(Set(types.keys).isSubset(of: keys.names), "\(method) \(pattern)")
                case .bytes, nil: break
                }
                #expect(
                    Set(operation.query.map(\.name)).count == operation.query.count,
                    "\(method) \(pattern)"
                )
            }
        }
    }

    @Test(
        "is what queries are checked by",
        arguments: [
            ("limit=5&failed=true", nil), ("failed", nil), ("failed=", nil), ("failed=FALSE", nil), ("", nil),
            ("&&", nil),
            ("since=", "RFC 3339"), ("wrong=1", "unknown parameter 'wrong'"),
            ("limit=5&limit=6", "more than once"),
            ("failed=maybe", "true or false"), ("limit=0", "1 to 10000"), ("limit=x", "1 to 10000"),
            ("%00=1", "encoded"), ("before=%00", "encoded"),
        ] as [(String, String?)]
    )
    func queries(query: String, mistake: String?) async throws {
        try await TestGateway.run { gateway in
            let answer = try await gateway.client.send(
                "GET",
                "/v1/invocations?" + query,
                headers: [TestGateway.authorization]
            )
            #expect(answer.status == (mistake == nil ? 200 : 400))
            #expect(answer.body.contains(mistake ?? "["), "\(answer.body)")
        }
    }

    @Test("text of JSON is escaped, and members keep their order")
    func json() {
        let value: JSONValue = ["b": "a\"\\\n\u{1}ä", "a": [1, true, [:]]]
        #expect(value.json == #"{"b":"a\"\\\n\u0001ä","a":[1,true,{}]}"#)
    }
}
