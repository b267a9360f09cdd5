// SPDX-License-Identifier: Apache-2.0
// AWS Lambda's API over the wire, with fakes behind it.

import Foundation
import FunctionModel
import GatewayAPI
import Scheduler
import Testing

@testable import Gateway

@Suite("AWS Lambda's API")
struct LambdaAPITests {
    private static let path = "/2015-03-31/functions"
    private static let admin = [TestGateway.authorization, "Content-Type: application/json"]
    private static let creation = #"""
        {"FunctionName":"made","Role":"arn:aws:iam::000000000000:role/r","PackageType":"Image",
        "Code":{"ImageUri":"made:1"},"Timeout":7,"MemorySize":256,"Tags":{"team":"a"},
        "Environment":{"Variables":{"K":"v"}},"ImageConfig":{"Command":["app.handler"]},
        "TracingConfig":{"Mode":"PassThrough"},"VpcConfig":{"SubnetIds":[]}}
        """#

    private static func json(_ answer: WireAnswer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any])
    }

    private static func expectError(
        _ answer: WireAnswer,
        _ status: Int,
        _ type: String,
        _ text: String = "",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == status, "\(answer.body)", sourceLocation: location)
        #expect(answer["x-amzn-errortype"] == type, "\(answer.body)", sourceLocation: location)
        let message = try json(answer)["message"] as? String ?? ""
        #expect(text.isEmpty || message.contains(text), "\(message)", sourceLocation: location)
        #expect(try json(answer)["Message"] as? String == message, sourceLocation: location)
        #expect(answer["x-amzn-requestid"] == answer["x-call-id"], sourceLocation: location)
    }

    @Test("a change takes the place of what it was made of, and of nothing else")
    func conflicts() async throws {
        try await TestGateway.run { gateway in
            func send(_ method: String, _ path: String, _ body: String) async throws -> WireAnswer {
                try await gateway.client.send(method, path, headers: Self.admin, body: body)
            }
            #expect(try await send("POST", Self.path, Self.creation).status == 201)
            let made = Self.path + "/made"
            #expect(try await send("PUT", made + "/configuration", #"{"Timeout":8}"#).status == 200)
            #expect(try await send("PUT", made + "/code", #"{"ImageUri":"made:2"}"#).status == 200)
            #expect(gateway.catalog.replaced == [.nothing, .revision(1), .revision(2)])
            gateway.catalog.refuse(.changedMeanwhile(try FunctionName("made")))
            let late = try await send("PUT", made + "/configuration", #"{"Timeout":9}"#)
            try Self.expectError(late, 409, "ResourceConflictException", "meanwhile")
        }
    }

    @Test("creates a function that faasctl sees, shows it, and removes it")
    func life() async throws {
        try await TestGateway.run { gateway in
            let made = try await gateway.client.send(
                "POST",
                Self.path,
                headers: Self.admin,
                body: Self.creation
            )
            #expect(made.status == 201, "\(made.body)")
            let body = try Self.json(made)
            #expect(body["FunctionArn"] as? String == "arn:aws:lambda:us-east-1:000000000000:function:made")
            #expect(
                body["State"] as? String == "Active" && body["LastUpdateStatus"] as? String == "Successful"
            )
            #expect(body["Timeout"] as? Int == 7 && body["MemorySize"] as? Int == 256)
            #expect((body["LastModified"] as? String)?.hasSuffix("+0000") == true)
            let revision = try #require(gateway.catalog.current(try FunctionName("made")))
            let configuration = revision.configuration
            #expect(configuration.contract == .lambda && configuration.authentication == .token)
            #expect(configuration.timeout == .seconds(7) && configuration.limits.memory == .mebibytes(256))
            #expect(configuration.command == ["app.handler"] && configuration.environment == ["K": "v"])
            #expect(configuration.labels == ["team": "a"])
            let shown = try await gateway.client.send("GET", Self.path + "/made", headers: Self.admin)
            let code = try Self.json(shown)["Code"] as? [String: String]
            #expect(code?["ImageUri"] == "made:1" && code?["RepositoryType"] == "ECR")
            #expect(try Self.json(shown)["Tags"] as? [String: String] == ["team": "a"])
            let again = try await gateway.client.send(
                "POST",
                Self.path,
                headers: Self.admin,
                body: Self.creation
            )
            try Self.expectError(again, 409, "ResourceConflictException", "made")
            let name = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Amade"
            let gone = try await gateway.client.send("DELETE", "\(Self.path)/\(name)", headers: Self.admin)
            #expect(gone.status == 204)
            #expect(try gateway.catalog.current(FunctionName("made")) == nil)
            let missing = try await gateway.client.send("DELETE", "\(Self.path)/made", headers: Self.admin)
            try Self.expectError(missing, 404, "ResourceNotFoundException", "function:made")
        }
    }

    @Test("lists all functions in pages, and to a limited token its own alone")
    func pages() async throws {
        let names = ["a", "b", "c"]
        try await TestGateway.run(.ending(.ok), try names.map { try makeRevision($0) }) { gateway in
            func list(_ query: String, _ headers: [String]) async throws -> ([String], String?) {
                let answer = try await gateway.client.send("GET", "\(Self.path)/?\(query)", headers: headers)
                let body = try Self.json(answer)
                let functions = body["Functions"] as? [[String: Any]] ?? []
                return (functions.compactMap { $0["FunctionName"] as? String }, body["NextMarker"] as? String)
            }
            let first = try await list("MaxItems=2", Self.admin)
            #expect(first.0 == ["a", "b"] && first.1 == "b")
            let second = try await list("MaxItems=2&Marker=b", Self.admin)
            #expect(second.0 == ["c"] && second.1 == nil)
            let token = try await gateway.token(#"{"scopes":["read"],"functions":["b"]}"#)
            let own = try await list("", ["Authorization: Bearer " + token.text])
            #expect(own.0 == ["b"])
            let bad = try await gateway.client.send("GET", Self.path + "?MaxItems=0", headers: Self.admin)
            try Self.expectError(bad, 400, "InvalidParameterValueException", "MaxItems")
        }
    }

    @Test(
        "refuses a wrong creation with the name of the field",
        arguments: [
            (#""Timeout":901"#, "Timeout"), (#""MemorySize":64"#, "MemorySize"),
            (#""Nonsense":1"#, "Nonsense"),
            (#""Timeout":"x""#, "Timeout"), (#""EphemeralStorage":{"Size":1}"#, "EphemeralStorage.Size"),
            (#""TracingConfig":{"Mode":"Active"}"#, "TracingConfig"), (#""Layers":["x"]"#, "Layers"),
            (#""VpcConfig":{"SubnetIds":["s"]}"#, "VpcConfig"), (#""Handler":"a.b""#, "Handler"),
            (#""ImageConfig":{"EntryPoint":["x"]}"#, "EntryPoint"),
            (#""Architectures":["none"]"#, "Architectures"),
            (#""PackageType":"Tar""#, "PackageType"), (#""PackageType":"Zip""#, "ZipFile"),
        ]
    ) func fields(_ member: String, _ name: String) async throws {
        try await TestGateway.run { gateway in
            let body = #"{"FunctionName":"made","Code":{"ImageUri":"x"},\#(member)}"#
            let answer = try await gateway.client.send("POST", Self.path, headers: Self.admin, body: body)
            try Self.expectError(answer, 400, "InvalidParameterValueException", name)
            #expect(try gateway.catalog.current(FunctionName("made")) == nil)
        }
    }

    @Test("changes what a request names, unless it was made for another revision")
    func update() async throws {
        try await TestGateway.run { gateway in
            func put(_ body: String) async throws -> WireAnswer {
                try await gateway.client.send(
                    "PUT",
                    Self.path + "/hello/configuration",
                    headers: Self.admin,
                    body: body
                )
            }
            let first = try Self.json(try await put(#"{"Description":"d","Timeout":9}"#))
            #expect(first["Description"] as? String == "d" && first["Timeout"] as? Int == 9)
            let id = try #require(first["RevisionId"] as? String)
            let second = try await put(#"{"MemorySize":512,"RevisionId":"\#(id)"}"#)
            #expect(second.status == 200, "\(second.body)")
            #expect(try Self.json(second)["Timeout"] as? Int == 9)
            try Self.expectError(
                try await put(#"{"MemorySize":1024,"RevisionId":"\#(id)"}"#),
                412,
                "PreconditionFailedException"
            )
            // Nothing to change is no deploy.
            let before = try #require(gateway.catalog.current(try FunctionName("hello"))).number
            #expect(try await put("{}").status == 200)
            #expect(try gateway.catalog.current(FunctionName("hello"))?.number == before)
        }
    }

    @Test("asks for credentials, a scope and the function in AWS's words")
    func rights() async throws {
        try await TestGateway.run { gateway in
            func get(_ path: String, _ field: String?) async throws -> WireAnswer {
                try await gateway.client.send(
                    "GET",
                    path,
                    headers: field.map { ["Authorization: " + $0] } ?? []
                )
            }
            let path = Self.path + "/hello"
            try Self.expectError(try await get(path, nil), 403, "MissingAuthenticationTokenException")
            try Self.expectError(try await get(path, "Bearer x"), 403, "UnrecognizedClientException")
            let caller = try await gateway.token(#"{"scopes":["invoke"]}"#)
            let denied = try await get(path, "Bearer " + caller.text)
            try Self.expectError(denied, 403, "AccessDeniedException", "'read'")
            let other = try await gateway.token(#"{"scopes":["read"],"functions":["other"]}"#)
            let foreign = try await get(path, "Bearer " + other.text)
            try Self.expectError(foreign, 403, "AccessDeniedException", "'hello'")
            let named = try await get("/2017-03-31/tags/hello", "Bearer " + other.text)
            try Self.expectError(named, 403, "AccessDeniedException", "'hello'")
            let unknown = try await get(
                "/2015-03-31/nothing",
                TestGateway.authorization.dropFirst(15).description
            )
            try Self.expectError(unknown, 404, "UnknownOperationException")
            let layers = try await get(
                "/2018-10-31/layers",
                TestGateway.authorization.dropFirst(15).description
            )
            try Self.expectError(layers, 400, "InvalidParameterValueException", "ListLayers is not served")
            let policy = try await get(path + "/policy", TestGateway.authorization.dropFirst(15).description)
            try Self.expectError(policy, 404, "ResourceNotFoundException", "GetPolicy")
            let rebound = try await gateway.client.send(
                "DELETE",
                path,
                headers: Self.admin + ["Sec-Fetch-Site: cross-site"]
            )
            try Self.expectError(rebound, 403, "AccessDeniedException", "cross-site")
        }
    }

    @Test("keeps concurrency and retries in the function's configuration")
    func settings() async throws {
        try await TestGateway.run { gateway in
            let name = try FunctionName("hello")
            func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> WireAnswer {
                try await gateway.client.send(method, path, headers: Self.admin, body: body)
            }
            func configuration() throws -> FunctionConfiguration {
                try #require(gateway.catalog.current(name)).configuration
            }
            let concurrency = "functions/hello/concurrency"
            #expect(try await send("GET", "/2019-09-30/" + concurrency).body == "{}")
            let put = try await send(
                "PUT",
                "/2017-10-31/" + concurrency,
                #"{"ReservedConcurrentExecutions":3}"#
            )
            #expect(put.status == 200)
            #expect(try configuration().concurrency == 3)
            #expect(try await send("GET", "/2019-09-30/" + concurrency).body.contains(":3"))
            #expect(try await send("DELETE", "/2017-10-31/" + concurrency).status == 204)
            #expect(try configuration().concurrency == 16)
            let events = "/2019-09-25/functions/hello/event-invoke-config"
            try Self.expectError(try await send("GET", events), 404, "ResourceNotFoundException")
            #expect(try await send("PUT", events, #"{"MaximumRetryAttempts":1}"#).status == 200)
            #expect(try configuration().asynchronous.attempts == 2)
            #expect(try await send("POST", events, #"{"MaximumEventAgeInSeconds":60}"#).status == 200)
            #expect(try configuration().asynchronous.maxAge == .seconds(60))
            #expect(try configuration().asynchronous.attempts == 2)
            let far = try await send("POST", events, #"{"MaximumRetryAttempts":3}"#)
            try Self.expectError(far, 400, "InvalidParameterValueException", "MaximumRetryAttempts")
            let destination = #"{"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:x"}}}"#
            try Self.expectError(
                try await send("PUT", events, destination),
                400,
                "InvalidParameterValueException",
                "DestinationConfig"
            )
            #expect(try await send("GET", events + "/list").body.contains("MaximumRetryAttempts"))
            #expect(try await send("DELETE", events).status == 204)
        }
    }

    @Test("keeps URL and tags in the function's configuration, and opens a function with a URL only")
    func urls() async throws {
        try await TestGateway.run { gateway in
            let name = try FunctionName("hello")
            func send(_ method: String, _ path: String, _ body: String? = nil) async throws -> WireAnswer {
                try await gateway.client.send(method, path, headers: Self.admin, body: body)
            }
            func configuration() throws -> FunctionConfiguration {
                try #require(gateway.catalog.current(name)).configuration
            }
            let url = "/2021-10-31/functions/hello/url"
            let made = try await send("POST", url, #"{"AuthType":"AWS_IAM","InvokeMode":"RESPONSE_STREAM"}"#)
            #expect(made.status == 201, "\(made.body)")
            #expect(try Self.json(made)["FunctionUrl"] as? String == "http://localhost/lambda-url/hello/")
            let open = try configuration()
            #expect(open.authentication == .token && open.stream)
            #expect(try configuration().routes.map(\.description) == ["/lambda-url/hello/*"])
            #expect(try await gateway.client.send("GET", "/lambda-url/hello/x").status == 401)
            #expect(try await send("PUT", url, #"{"AuthType":"NONE"}"#).status == 200)
            #expect(try await gateway.client.send("GET", "/lambda-url/hello/x").status == 200)
            try Self.expectError(
                try await send("POST", url, #"{"AuthType":"NONE"}"#),
                409,
                "ResourceConflictException"
            )
            #expect(try await send("DELETE", url).status == 204)
            let closed = try configuration()
            #expect(closed.routes.isEmpty && closed.authentication == .token)
            let tags = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahello"
            #expect(try await send("POST", tags, #"{"Tags":{"a":"1","b":"2"}}"#).status == 204)
            #expect(try await send("DELETE", tags + "?tagKeys=a").status == 204)
            #expect(try await send("GET", tags).body == #"{"Tags":{"b":"2"}}"#)
        }
    }
}
