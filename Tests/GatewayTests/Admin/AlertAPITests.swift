// SPDX-License-Identifier: Apache-2.0
// Alertmanager's webhook.

import Testing

@testable import Gateway

@Suite struct AlertAPITests {
    @Test(
        "an alert is taken when its functions exist, and a body of another form is refused",
        arguments: [
            (
                #"{"version":"4","receiver":"scale-up","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"APIHighInvocationRate","function_name":"hello.openfaas-fn"},"annotations":{}}]}"#,
                200
            ),
            (#"{"alerts":[]}"#, 200), (#"{"alerts":[{}]}"#, 200),
            (#"{"alerts":[{"labels":{"function_name":"other"}}]}"#, 404),
            (#"{"alerts":[{"labels":{"function_name":"-"}}]}"#, 400),
            (#"{"alerts":{}}"#, 400), ("{}", 400), ("", 400), ("x", 400),
        ]
    ) func alerts(_ body: String, _ status: Int) async throws {
        try await TestGateway.run { gateway in
            let headers = [TestGateway.authorization, "Content-Type: application/json"]
            let answer = try await gateway.client.send("POST", "/system/alert", headers: headers, body: body)
            #expect(answer.status == status)
            let anonymous = try await gateway.client.send("POST", "/system/alert", body: body)
            #expect(anonymous.status == 401)
        }
    }
}
