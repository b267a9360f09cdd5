// SPDX-License-Identifier: Apache-2.0
// Aliases and versions through AWS Lambda's API, with fakes behind it.

import Foundation
import FunctionModel
import Testing

@testable import Gateway

@Suite("Aliases of AWS Lambda's API")
struct LambdaAliasTests {
    private static let path = "/2015-03-31/functions/hello"

    private static func send(
        _ gateway: TestGateway,
        _ method: String,
        _ path: String,
        _ body: String? = nil
    ) async throws -> WireAnswer {
        let headers = [TestGateway.authorization, "Content-Type: application/json"]
        return try await gateway.client.send(method, Self.path + path, headers: headers, body: body)
    }

    /// The current revision is 2, and 1 is kept.
    private static func with(_ body: (TestGateway) async throws -> Void) async throws {
        let name = try FunctionName("hello")
        let old = try makeRevision("hello")
        var new = old
        new.number = 2
        try await TestGateway.run(.ending(.ok), [new]) { gateway in
            gateway.catalog.keep([old], of: name)
            try await body(gateway)
        }
    }

    @Test("are those of the function: the version gets what the others' weights leave")
    func weights() async throws {
        try await Self.with { gateway in
            let name = try FunctionName("hello")
            let wanted =
                #"{"Name":"live","FunctionVersion":"2","RoutingConfig":{"AdditionalVersionWeights":{"1":0.1}}}"#
            let made = try await Self.send(gateway, "POST", "/aliases", wanted)
            #expect(made.status == 201, "\(made.body)")
            #expect(made.body.contains(#""FunctionVersion":"2""#) && made.body.contains(#"{"1":0.1}"#))
            #expect(made.body.contains("function:hello:live"))
            let alias = try #require(gateway.catalog.aliases(of: name)?.first)
            #expect(alias.targets.map(\.revision) == [1, 2])
            #expect(alias.targets.map(\.share.percent) == [10, 90])
            #expect(try await Self.send(gateway, "POST", "/aliases", wanted).status == 409)
            let moved = try await Self.send(
                gateway,
                "PUT",
                "/aliases/live",
                #"{"FunctionVersion":"1","RoutingConfig":{}}"#
            )
            #expect(moved.status == 200, "\(moved.body)")
            #expect(gateway.catalog.aliases(of: name)?.first?.targets.map(\.revision) == [1])
            let seen = try await Self.send(gateway, "GET", "/configuration?Qualifier=live")
            #expect(seen.body.contains(#""Version":"1""#), "\(seen.body)")
            let listed = try await Self.send(gateway, "GET", "/aliases?FunctionVersion=2")
            #expect(listed.body == #"{"Aliases":[]}"#)
            #expect(try await Self.send(gateway, "GET", "/aliases").body.contains("live"))
            #expect(try await Self.send(gateway, "DELETE", "/aliases/live").status == 204)
            let gone = try await Self.send(gateway, "GET", "/aliases/live")
            #expect(gone.status == 404 && gone["x-amzn-errortype"] == "ResourceNotFoundException")
        }
    }

    @Test(
        "are refused with the field that is wrong",
        arguments: [
            (#"{"Name":"7","FunctionVersion":"2"}"#, "alias"),
            (#"{"Name":"a","FunctionVersion":"$LATEST"}"#, "FunctionVersion"),
            (#"{"Name":"a","FunctionVersion":"2","Description":"d"}"#, "Description"),
            (
                #"{"Name":"a","FunctionVersion":"2","RoutingConfig":{"AdditionalVersionWeights":{"1":2}}}"#,
                "RoutingConfig"
            ),
            (
                #"{"Name":"a","FunctionVersion":"2","RoutingConfig":{"AdditionalVersionWeights":{"2":0.1}}}"#,
                "RoutingConfig"
            ),
        ]
    ) func wrong(_ body: String, _ field: String) async throws {
        try await Self.with { gateway in
            let answer = try await Self.send(gateway, "POST", "/aliases", body)
            #expect(answer.status == 400 && answer.body.contains(field), "\(answer.body)")
            #expect(answer["x-amzn-errortype"] == "InvalidParameterValueException")
        }
    }

    @Test("name versions, which are the revisions that are kept")
    func versions() async throws {
        try await Self.with { gateway in
            let listed = try await Self.send(gateway, "GET", "/versions")
            let json = try JSONSerialization.jsonObject(with: Data(listed.bytes)) as? [String: Any]
            let versions = (json?["Versions"] as? [[String: Any]] ?? []).compactMap {
                $0["Version"] as? String
            }
            #expect(versions == ["$LATEST", "1", "2"])
            let published = try await Self.send(gateway, "POST", "/versions")
            #expect(
                published.status == 201 && published.body.contains(#""Version":"2""#),
                "\(published.body)"
            )
            let wrong = try await Self.send(gateway, "POST", "/versions", #"{"CodeSha256":"x"}"#)
            #expect(wrong.status == 400 && wrong.body.contains("CodeSha256"))
            let none = try await Self.send(gateway, "GET", "?Qualifier=9")
            #expect(none.status == 404)
        }
    }
}
