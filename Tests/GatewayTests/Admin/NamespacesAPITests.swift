// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's namespace verbs over one namespace.

import Testing

@testable import Gateway

@Suite struct NamespacesAPITests {
    @Test(
        "each verb is answered, and an operation that one namespace cannot support is refused",
        arguments: [
            ("GET", "/system/namespaces", nil, 200, "[\"openfaas-fn\"]"),
            ("GET", "/system/namespace/openfaas-fn", nil, 200, "\"name\":\"openfaas-fn\""),
            ("GET", "/system/namespace/other", nil, 404, "no namespace 'other'"),
            ("POST", "/system/namespace/", "{\"name\":\"openfaas-fn\"}", 409, "exists already"),
            ("POST", "/system/namespace/", "{\"name\":\"other\"}", 501, "'other' cannot be made"),
            ("POST", "/system/namespace", "{\"name\":\"other\",\"x\":1}", 400, "unknown key 'x'"),
            ("PUT", "/system/namespace/openfaas-fn", "{\"name\":\"openfaas-fn\"}", 200, ""),
            (
                "PUT", "/system/namespace/openfaas-fn", "{\"name\":\"openfaas-fn\",\"labels\":{\"a\":\"b\"}}",
                501,
                "keeps no labels"
            ),
            (
                "PUT", "/system/namespace/openfaas-fn",
                "{\"name\":\"openfaas-fn\",\"annotations\":{\"a\":\"b\"}}", 501, "keeps no annotations"
            ),
            ("PUT", "/system/namespace/other", "{\"name\":\"other\"}", 404, "no namespace 'other'"),
            ("DELETE", "/system/namespace/openfaas-fn", nil, 409, "cannot be removed"),
            ("DELETE", "/system/namespace/other", nil, 404, "no namespace 'other'"),
            ("PATCH", "/system/namespace/openfaas-fn", nil, 405, "DELETE, GET, PUT"),
        ] as [(String, String, String?, Int, String)]
    )
    func verbs(method: String, path: String, body: String?, status: Int, words: String) async throws {
        try await TestGateway.run { gateway in
            let answer = try await gateway.client.send(
                method,
                path,
                headers: [TestGateway.authorization],
                body: body
            )
            #expect(answer.status == status)
            #expect(answer.body.contains(words), "\(answer.body)")
        }
    }
}
