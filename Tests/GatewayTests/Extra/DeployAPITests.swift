// SPDX-License-Identifier: Apache-2.0
// A deploy in one request: its end, and what is refused before it begins.

import Foundation
import FunctionModel
import GatewayAPI
import Scheduler
import Testing

@testable import Gateway

@Suite("POST /v1/deployments")
struct DeployAPITests {
    private static func send(_ gateway: TestGateway, _ body: String) async throws -> WireAnswer {
        try await gateway.client.send(
            "POST",
            APIPath.deployments,
            headers: [TestGateway.authorization],
            body: body
        )
    }

    @Test("creates a function and updates it, with its status as the last line")
    func deploys() async throws {
        try await TestGateway.run { gateway in
            for revision in 1...2 {
                let answer = try await Self.send(
                    gateway,
                    #"{"service":"f","image":"f:1","mayfly":{"routes":["/f"]}}"#
                )
                #expect(answer.status == 200)
                #expect(answer["content-type"] == MediaName.lines)
                let line = Data(answer.body.utf8)
                let end = try APIJSON.decode(ProgressEnd<FunctionStatusBody>.self, from: line)
                #expect(end.result?.name == "f")
                #expect(end.result?.mayfly?.revision == revision)
                #expect(end.result?.mayfly?.configuration.routes.map(\.description) == ["/f"])
            }
        }
    }

    @Test(
        "refuses what is wrong with its own status, and with its place",
        arguments: [
            (#"{"service":"f","image":"f","x":1}"#, 400, "line 1, column 28: unknown key 'x'"),
            (
                #"{"service":"f","image":"f","requests":{"memory":"much"}}"#, 400,
                "line 1, column 40: requests.memory: 'much' is not valid"
            ),
        ]
    )
    func refuses(body: String, status: Int, reason: String) async throws {
        try await TestGateway.run { gateway in
            let answer = try await Self.send(gateway, body)
            #expect(answer.status == status)
            #expect(answer.body.contains(reason), "\(answer.body)")
        }
    }

    @Test("a route of another function is a conflict, before any line")
    func conflict() async throws {
        let error = CatalogError.routeTaken(try Route("/taken"), by: try FunctionName("other"))
        try await TestGateway.run { gateway in
            gateway.catalog.refuse(error)
            let answer = try await Self.send(gateway, #"{"service":"f","image":"f"}"#)
            #expect(answer.status == 409)
            #expect(answer["content-type"] == ProblemBody.mediaType)
        }
    }
}
