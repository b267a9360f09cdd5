// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's administration as its clients speak it.

import Foundation
import FunctionModel
import GatewayAPI
import Scheduler
import Testing

@testable import Gateway

@Suite struct FunctionsAPITests {
    private static func json(_ answer: WireAnswer) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(answer.bytes), options: [.fragmentsAllowed])
    }

    private static func send(
        _ gateway: TestGateway,
        _ method: String,
        _ path: String,
        _ body: String? = nil
    ) async throws -> WireAnswer {
        try await gateway.client.send(method, path, headers: [TestGateway.authorization], body: body)
    }

    @Test("a deployment carries OpenFaaS's fields into the configuration")
    func deployment() throws {
        let json = """
            {"service":"f.openfaas-fn","image":"f:1","namespace":"openfaas-fn","envProcess":"/bin/cat -n",
             "envVars":{"A":"1","content_type":"text/plain","exec_timeout":"5s","max_inflight":"3"},
             "constraints":["node.platform.os == linux"],"secrets":["s"],"labels":{"l":"1"},
             "annotations":{"topic":"cron-function","schedule":"*/5 * * * *; 0 1 * * *"},
             "limits":{"memory":"64Mi","cpu":"250m"},"requests":{"memory":"1Mi","cpu":"10m"},
             "readOnlyRootFilesystem":true,"registryAuth":"x","network":"y"}
            """
        let deployment = try JSONDecoder().decode(FunctionDeployment.self, from: Data(json.utf8)).deployment()
        let configuration = deployment.configuration
        #expect(deployment.name.text == "f")
        #expect(deployment.imageReference == "f:1")
        #expect(configuration.command == ["/bin/cat", "-n"])
        #expect(configuration.environment["A"] == "1")
        #expect(configuration.contentType == "text/plain")
        #expect(configuration.timeout == .seconds(5))
        #expect(configuration.concurrency == 3)
        #expect(configuration.secrets == ["s"])
        #expect(configuration.labels == ["l": "1"])
        // One place reads this form, so that one due time is one run.
        #expect(configuration.schedules.isEmpty)
        #expect(configuration.annotations["schedule"] == "*/5 * * * *; 0 1 * * *")
        #expect(configuration.constraints == ["node.platform.os == linux"])
        #expect(configuration.requests.memory == .mebibytes(1))
        #expect(configuration.requests.cpu == Millicores(count: 10))
        #expect(configuration.limits.memory == .mebibytes(64))
        #expect(configuration.limits.cpu == Millicores(count: 250))
        #expect(configuration.readOnlyRootFilesystem)
    }

    @Test("Mayfly's configuration has every key, and OpenFaaS's fields override it")
    func ownConfiguration() throws {
        let json = """
            {"service":"f","image":"f","mayfly":{"contract":"stdio","timeout":"7s","concurrency":2,
             "environment":{"A":"1","exec_timeout":"1s"},"routes":["GET /f"]},"envVars":{"B":"2"}}
            """
        let deployment = try JSONDecoder().decode(FunctionDeployment.self, from: Data(json.utf8)).deployment()
        #expect(deployment.configuration.timeout == .seconds(7))
        #expect(deployment.configuration.environment == ["A": "1", "exec_timeout": "1s", "B": "2"])
        #expect(deployment.configuration.routes.map(\.description) == ["GET /f"])
    }

    @Test("deploy, list, describe and remove answer as OpenFaaS's clients expect")
    func life() async throws {
        try await TestGateway.run(.ending(.ok, output: "hi"), []) { gateway in
            let body =
                "{\"service\":\"f\",\"image\":\"f:1\",\"labels\":{\"a\":\"b\"},"
                + "\"constraints\":[\"node.platform.os == linux\"],\"requests\":{\"memory\":\"1Mi\"}}"
            #expect(try await Self.send(gateway, "PUT", "/system/functions", body).status == 404)
            let created = try await Self.send(gateway, "POST", "/system/functions", body)
            #expect(created.status == 202)
            #expect(try await Self.send(gateway, "PUT", "/system/functions", body).status == 202)
            let list = try await Self.send(gateway, "GET", "/system/functions")
            #expect(list["content-type"] == "application/json")
            let entries = try #require(try Self.json(list) as? [[String: Any]])
            let entry = try #require(entries.first)
            #expect(entry["name"] as? String == "f")
            #expect(entry["image"] as? String == "f:1")
            #expect(entry["namespace"] as? String == "openfaas-fn")
            #expect(entry["constraints"] as? [String] == ["node.platform.os == linux"])
            #expect(entry["requests"] as? [String: String] == ["memory": "1Mi"])
            #expect(entry["labels"] as? [String: String] == ["a": "b"])
            #expect(entry["invocationCount"] as? Double == 0)
            #expect(entry["replicas"] as? Int == 1)
            #expect(entry["availableReplicas"] as? Int == 1)
            #expect(entry["createdAt"] as? String == "2023-11-14T22:13:20.000Z")
            let own = try #require(entry["mayfly"] as? [String: Any])
            #expect(own["revision"] as? Int == 2)
            #expect((own["imageDigest"] as? String)?.hasPrefix("sha256:") == true)
            #expect((own["configuration"] as? [String: Any])?["timeout"] as? String == "1m")
            let usage = try await Self.send(gateway, "GET", "/system/function/f.openfaas-fn?usage=1")
            let described = try Self.json(usage) as? [String: Any]
            #expect(described?["usage"] != nil)
            #expect(try await gateway.client.send("POST", "/function/f.openfaas-fn").body == "hi")
            #expect(try await Self.send(gateway, "POST", "/system/scale-function/f", "{}").status == 202)
            let gone = "{\"functionName\":\"f\"}"
            #expect(try await Self.send(gateway, "DELETE", "/system/functions", gone).status == 202)
            #expect(try await Self.send(gateway, "DELETE", "/system/functions", gone).status == 404)
            #expect(try await Self.send(gateway, "GET", "/system/function/f").status == 404)
            #expect(try await gateway.client.send("POST", "/function/f").status == 404)
        }
    }

    @Test(
        "a bad deployment is refused with the field that is wrong",
        arguments: [
            ("{\"service\":\"f\"}", 400, "'image' is missing"),
            ("{", 400, "the body is not JSON"),
            ("{\"service\":\"-f\",\"image\":\"f\"}", 400, "name: '-f' is not valid"),
            ("{\"service\":\"f\",\"image\":\"\"}", 400, "image: "),
            ("{\"service\":\"f\",\"image\":\"f\",\"limits\":{\"memory\":\"x\"}}", 400, "limits.memory: 'x'"),
            (
                "{\"service\":\"f\",\"image\":\"f\",\"mayfly\":{\"timeout\":\"x\"}}", 400,
                "mayfly.timeout: 'x'"
            ),
            ("{\"service\":\"f\",\"image\":\"f\",\"namespace\":\"other\"}", 400, "no namespace 'other'"),
            (
                "{\"service\":\"f\",\n  \"imag\":\"x\",\"image\":\"f\"}", 400,
                "line 2, column 3: unknown key 'imag'"
            ),
            (
                "{\"service\":\"f\",\"image\":\"f\",\"mayfly\":{\"templates\":true}}", 400,
                "line 1, column 38: unknown key 'templates' in 'mayfly'"
            ),
            (
                "{\"service\":\"f\",\"image\":\"f\",\"limits\":{\"gpu\":\"1\"}}", 400,
                "unknown key 'gpu' in 'limits'"
            ),
            (
                "{\"service\":\"f\",\"image\":\"f\",\"envVars\":{\"max_inflight\":\"x\"}}", 400,
                "max_inflight: 'x' is not valid"
            ),
            (
                "{\"service\":\"f\",\"image\":\"f\",\"requests\":{\"memory\":\"much\"}}", 400,
                "line 1, column 40: requests.memory: 'much' is not valid"
            ),
        ]
    ) func bad(_ body: String, _ status: Int, _ reason: String) async throws {
        try await TestGateway.run(.ending(.ok), [try makeRevision("other")]) { gateway in
            let answer = try await Self.send(gateway, "POST", "/system/functions", body)
            #expect(answer.status == status)
            #expect(answer.body.contains(reason), "\(answer.body)")
            #expect(gateway.catalog.revisions().count == 1)
        }
    }

    @Test("a route that another function has is a conflict that names it")
    func routeTaken() async throws {
        let error = CatalogError.routeTaken(try Route("/taken"), by: try FunctionName("other"))
        try await TestGateway.run { gateway in
            gateway.catalog.refuse(error)
            let answer = try await Self.send(
                gateway,
                "POST",
                "/system/functions",
                "{\"service\":\"f\",\"image\":\"f\"}"
            )
            #expect(answer.status == 409)
            #expect(answer.body.contains("route '/taken' belongs to function 'other'"), "\(answer.body)")
        }
    }

    @Test(
        "a catalog's refusal is reported with its own status",
        arguments: [
            (CatalogError.unknownImage(reference: "x"), 400), (.unknownSecret("s"), 400),
            (.unavailable(reason: "draining"), 503), (.storage(reason: "disk"), 500),
        ]
    ) func refusals(_ error: CatalogError, _ status: Int) async throws {
        try await TestGateway.run { gateway in
            gateway.catalog.refuse(error)
            let body = "{\"service\":\"f\",\"image\":\"f\"}"
            let answer = try await Self.send(gateway, "POST", "/system/functions", body)
            #expect(answer.status == status)
            #expect(answer.body.contains(error.description.prefix(10)))
        }
    }

    @Test("a value that the catalog refuses is reported with its place in the body")
    func places() async throws {
        try await TestGateway.run { gateway in
            let error = ModelError(field: "contract", value: "cgi", expected: "stdio")
            gateway.catalog.refuse(.invalid(error))
            let body = "{\"service\":\"f\",\"image\":\"f\",\n \"mayfly\":{\"contract\":\"cgi\"}}"
            let answer = try await Self.send(gateway, "POST", "/system/functions", body)
            #expect(answer.status == 400)
            #expect(answer.body.contains("line 2, column 12: contract: 'cgi' is not valid, expected stdio"))
        }
    }

    @Test("a body that is too large is refused")
    func largeBody() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.limits.adminBodyBytesMax = 100 }) { gateway in
            let body = "{\"service\":\"f\",\"image\":\"" + String(repeating: "a", count: 100) + "\"}"
            let answer = try await Self.send(gateway, "POST", "/system/functions", body)
            #expect(answer.status == 413)
        }
    }

    @Test("a wrong method is answered with the permitted ones")
    func methods() async throws {
        try await TestGateway.run { gateway in
            let answer = try await Self.send(gateway, "PATCH", "/system/functions")
            #expect(answer.status == 405)
            #expect(answer["allow"] == "DELETE, GET, POST, PUT")
            #expect(try await Self.send(gateway, "GET", "/system/nothing").status == 404)
        }
    }

    @Test("info and namespaces name what there is")
    func info() async throws {
        try await TestGateway.run { gateway in
            let info = try #require(
                try Self.json(try await Self.send(gateway, "GET", "/system/info")) as? [String: Any]
            )
            #expect((info["version"] as? [String: String])?["release"] == "1.2.3")
            #expect((info["provider"] as? [String: Any])?["orchestration"] as? String == "mayfly")
            #expect(info["arch"] as? String == InfoAPI.architecture)
            #expect(try await Self.send(gateway, "GET", "/system/namespaces").body == "[\"openfaas-fn\"]")
        }
    }

    @Test("a rollback makes a new revision, or says that there is none to go back to")
    func rollback() async throws {
        try await TestGateway.run { gateway in
            let path = "/v1/functions/hello/rollback"
            #expect(try await Self.send(gateway, "POST", path).status == 404)
            let body = "{\"service\":\"hello\",\"image\":\"f\"}"
            #expect(try await Self.send(gateway, "POST", "/system/functions", body).status == 202)
            let answer = try await Self.send(gateway, "POST", path, "{\"revision\":1}")
            #expect(answer.status == 200)
            #expect(answer.body.contains("\"revision\":3"))
        }
    }
}
