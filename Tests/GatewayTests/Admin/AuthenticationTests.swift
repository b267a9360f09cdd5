// SPDX-License-Identifier: Apache-2.0
// Authentication: credentials, their files, and the paths that require them.

import FunctionModel
import Glibc
import Scheduler
import Testing

@testable import Gateway

@Suite struct AuthenticationTests {
    @Test(
        "only the right pair is accepted",
        arguments: [
            ("Basic YWRtaW46c2VjcmV0", true), ("basic YWRtaW46c2VjcmV0", true),
            ("Basic  YWRtaW46c2VjcmV0", true),
            ("Basic YWRtaW46c2VjcmVU", false), ("Basic YWRtaW46", false), ("Basic ", false),
            ("Bearer YWRtaW46c2VjcmV0", false), ("Basic YWRtaW46c2VjcmV0c2VjcmV0", false), ("", false),
            ("Basic ???", false),
        ]
    ) func pairs(_ field: String, _ isRight: Bool) {
        let credentials = AdminCredentials(user: "admin", password: "secret")
        #expect((credentials.user(authorizing: field) == "admin") == isRight)
        #expect(credentials.user(authorizing: nil) == nil)
    }

    @Test("credentials are made at the first start, kept at the next, and readable by their owner only")
    func files() throws {
        let directory = try TestGateway.makeDirectory()
        defer { TestGateway.removeDirectory(directory) }
        let first = try AdminCredentials.load(dataDirectory: directory)
        let path = directory + "/secrets/basic-auth-password"
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let second = try AdminCredentials.load(dataDirectory: directory)
        #expect(first.user == "admin")
        #expect(first.authorization == second.authorization)
        #expect(second.user(authorizing: first.authorization) == "admin")
    }

    @Test("an empty credential file is refused, not taken for an empty password")
    func emptyFile() throws {
        let directory = try TestGateway.makeDirectory()
        defer { TestGateway.removeDirectory(directory) }
        mkdir(directory + "/secrets", 0o700)
        close(open(directory + "/secrets/basic-auth-password", O_WRONLY | O_CREAT, 0o600))
        #expect(throws: GatewayError.self) { try AdminCredentials.load(dataDirectory: directory) }
    }

    @Test(
        "administrative paths ask for credentials in OpenFaaS's form",
        arguments: [
            "/system/functions", "/system/function/hello", "/system/info", "/system/secrets",
            "/system/namespaces",
            "/system/logs?name=hello", "/v1/invocations", "/v1/schedules",
        ]
    ) func paths(_ path: String) async throws {
        try await TestGateway.run { gateway in
            let refused = try await gateway.client.send("GET", path)
            #expect(refused.status == 401)
            #expect(refused["www-authenticate"] == "Basic realm=\"Restricted\"")
            #expect(refused.body == "invalid credentials")
            let accepted = try await gateway.client.send("GET", path, headers: [TestGateway.authorization])
            #expect(accepted.status == 200)
        }
    }

    @Test("a function with auth: basic asks for them too, and hides them from the function")
    func function() async throws {
        let revision = try makeRevision("hello") { $0.authentication = .basic }
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, [revision]) { gateway in
            let refused = try await gateway.client.send("GET", "/function/hello")
            #expect(refused.status == 401)
            #expect(refused["www-authenticate"] == "Basic realm=\"Restricted\"")
            #expect(invoker.requests.isEmpty)
            let accepted = try await gateway.client.send(
                "GET",
                "/function/hello",
                headers: [TestGateway.authorization]
            )
            #expect(accepted.status == 200)
            #expect(invoker.requests.first?.variableTexts.contains("REMOTE_USER=admin") == true)
            #expect(invoker.requests.first?.variableTexts.contains { $0.contains("YWRtaW46") } == false)
        }
    }
}
