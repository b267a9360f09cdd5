// SPDX-License-Identifier: Apache-2.0
// A whole configuration: its defaults, its coded form, and what validation refuses.

import Foundation
import FunctionModel
import Testing

@Suite struct ConfigurationTests {
    private func decode(_ json: String) throws -> FunctionConfiguration {
        try JSONDecoder().decode(FunctionConfiguration.self, from: Data(json.utf8))
    }

    @Test("an empty configuration has the documented defaults and is valid")
    func defaults() throws {
        let configuration = try decode("{}")
        #expect(configuration == FunctionConfiguration())
        try configuration.validate()
        #expect(configuration.contract == .stdio)
        #expect(configuration.limits.memory == .mebibytes(128))
        #expect(configuration.limits.cpu.count == 1000)
        #expect(configuration.limits.body == .mebibytes(16))
        #expect(configuration.timeout == .seconds(60))
        #expect(configuration.grace == .seconds(2))
        #expect(configuration.concurrency == 16)
        #expect(configuration.queue.length == 64)
        #expect(configuration.queue.wait == .seconds(10))
        #expect(configuration.network == .none)
        #expect(configuration.requests == ResourceRequests())
    }

    @Test("the coded form is function.yaml's, and reads back the same")
    func coded() throws {
        let configuration = try decode(
            """
            {"routes": ["GET /hello", "/api/*"], "contract": "stdio", "environment": {"A": "b"},
             "secrets": ["api-key"], "limits": {"memory": "64Mi", "cpu": "500m", "pids": 8, "disk": "1Mi"},
             "requests": {"memory": "32Mi", "cpu": "250m"}, "constraints": ["node.platform.os == linux"],
             "timeout": "30s", "grace": 1, "concurrency": 2, "queue": {"length": 3}, "warm": {"min": 20},
             "network": "egress", "egress_allow": ["10.0.0.0/8"], "uses": ["shop-redis-1:redis"], "readonly_root_filesystem": true,
             "schedules": [{"cron": "*/5 * * * *", "timezone": "Europe/Berlin", "overlap": "queue"}],
             "labels": {"l": "1"},
             "annotations": {"topic": "x"}, "command": ["/bin/x"], "content_type": "text/plain",
             "expose_errors": true, "stream": true, "auth": "basic",
             "capabilities": ["CAP_NET_BIND_SERVICE"]}
            """
        )
        try configuration.validate()
        #expect(configuration.routes.map(\.description) == ["GET /hello", "/api/*"])
        #expect(configuration.grace == .seconds(1))
        #expect(configuration.queue.wait == .seconds(10))
        #expect(configuration.warm.max == 20)
        #expect(configuration.limits.output == .mebibytes(64))
        #expect(configuration.schedules.first?.missed == .once)
        #expect(configuration.requests.memory == .mebibytes(32))
        #expect(configuration.constraints == ["node.platform.os == linux"])
        #expect(configuration.authentication == .basic)
        #expect(configuration.egressAllow == ["10.0.0.0/8"])
        #expect(configuration.services.map(\.container) == ["shop-redis-1"])
        #expect(configuration.services.map(\.alias) == ["redis"])
        #expect(configuration.readOnlyRootFilesystem && configuration.exposeErrors && configuration.stream)
        #expect(configuration.contentType == "text/plain")
        let again = try decode(String(decoding: JSONEncoder().encode(configuration), as: UTF8.self))
        #expect(again == configuration)
    }

    @Test(
        "a value of another type or outside the choices does not decode",
        arguments: [
            "[]", "{\"contract\": \"fastcgi\"}", "{\"network\": \"host\"}", "{\"routes\": [\"/system\"]}",
            "{\"limits\": {\"memory\": -1}}", "{\"limits\": {\"cpu\": \"inf\"}}", "{\"timeout\": \"soon\"}",
            "{\"schedules\": [{}]}", "{\"environment\": {\"A\": 1}}", "{\"concurrency\": 1.5}",
        ]
    )
    func malformed(json: String) {
        #expect(throws: (any Error).self) { try decode(json) }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var field: String
        var change: @Sendable (inout FunctionConfiguration) -> Void
        var testDescription: String { field }
    }

    @Test(
        "validation names the field that is wrong",
        arguments: [
            Fault(field: "limits.memory") { $0.limits.memory = ByteCount(bytes: 4096) },
            Fault(field: "limits.pids") { $0.limits.pids = 0 },
            Fault(field: "limits.pids") { $0.limits.pids = 32769 },
            Fault(field: "limits.disk") { $0.limits.disk = ByteCount(bytes: 4095) },
            Fault(field: "concurrency") { $0.concurrency = 0 },
            Fault(field: "concurrency") { $0.concurrency = 4097 },
            Fault(field: "queue.length") { $0.queue.length = -1 },
            Fault(field: "warm.max") { $0.warm.max = -1 },
            Fault(field: "warm.min") { $0.warm.min = 9 },
            Fault(field: "port") { $0.port = 80 },
            Fault(field: "port") { ($0.contract, $0.port) = (.http, 65536) },
            Fault(field: "ready_path") { ($0.contract, $0.readyPath) = (.http, "up") },
            Fault(field: "prestart") { ($0.contract, $0.prestart) = (.http, true) },
            Fault(field: "template") { $0.template = true },
            Fault(field: "template") { ($0.contract, $0.template) = (.cgi, true) },
            Fault(field: "template") {
                ($0.contract, $0.template, $0.capabilities) = (.http, true, ["CAP_CHOWN"])
            },
            Fault(field: "template") { ($0.prestart, $0.template, $0.network) = (true, true, .egress) },
            Fault(field: "ready_path") { $0.readyPath = "/up" },
            Fault(field: "reuse") { ($0.contract, $0.reuse) = (.http, 0) },
            Fault(field: "reuse") { ($0.contract, $0.reuse) = (.http, 100_001) },
            Fault(field: "reuse") { ($0.contract, $0.reuse) = (.cgi, 2) },
            Fault(field: "reuse") { ($0.prestart, $0.reuse) = (true, 2) },
            Fault(field: "content_type") { ($0.contract, $0.contentType) = (.cgi, "text/plain") },
            Fault(field: "port") { ($0.contract, $0.port) = (.lambda, 9001) },
            Fault(field: "prestart") { ($0.contract, $0.prestart) = (.lambda, true) },
            Fault(field: "requests.memory") { $0.requests.memory = .mebibytes(129) },
            Fault(field: "requests.cpu") { $0.requests.cpu = Millicores(count: 1001) },
            Fault(field: "timeout") { $0.timeout = .seconds(0) },
            Fault(field: "environment") { $0.environment = ["": "x"] },
            Fault(field: "environment") { $0.environment = ["A=B": "x"] },
            Fault(field: "environment") { $0.environment = ["A=\u{301}": "x"] },
            Fault(field: "environment") { $0.environment = ["A": "x\0y"] },
            Fault(field: "secrets") { $0.secrets = ["good", "../../etc/shadow"] },
            Fault(field: "capabilities") { $0.capabilities = ["CAP_SYS_ADMIN"] },
            Fault(field: "capabilities") { $0.capabilities = ["chown"] },
            Fault(field: "command") { $0.command = [] },
            Fault(field: "command") { $0.command = ["", "x"] },
            Fault(field: "command") { $0.command = ["/bin/x", "a\0b"] },
            Fault(field: "content_type") { $0.contentType = "text/plain\r\nSet-Cookie: a=b" },
            Fault(field: "content_type") { $0.contentType = "" },
            Fault(field: "egress_allow") { $0.allowEgress(["10.0.0.0/8", "10.0.0.1/8"]) },
            Fault(field: "egress_allow") { $0.allowEgress(["example.com"]) },
            Fault(field: "egress_allow") { $0.allowEgress(["fd00::/8"]) },
            Fault(field: "egress_allow") { $0.allowEgress(["127.0.0.1"]) },
            Fault(field: "egress_allow") { $0.allowEgress((0...64).map { "10.0.\($0).0/24" }) },
            Fault(field: "egress_allow") { $0.egressAllow = ["10.0.0.0/8"] },
            Fault(field: "uses") { $0.uses = ["redis", "other:redis"] },
            Fault(field: "uses") { $0.uses = ["redis:two words"] },
            Fault(field: "uses") { $0.uses = [""] },
            Fault(field: "uses") { $0.uses = (0...16).map { "redis\($0)" } },
        ]
    )
    func invalid(fault: Fault) {
        var configuration = FunctionConfiguration()
        fault.change(&configuration)
        let error = #expect(throws: ModelError.self) { try configuration.validate() }
        #expect(error?.field == fault.field)
    }

    @Test(
        "the bounds themselves are allowed",
        arguments: [
            Fault(field: "limits.memory") { $0.limits.memory = .mebibytes(2) },
            Fault(field: "limits.disk") { $0.limits.disk = ByteCount(bytes: 4096) },
            Fault(field: "concurrency") { $0.concurrency = 4096 },
            Fault(field: "queue.length") { $0.queue.length = 0 },
            Fault(field: "warm.max") { $0.warm.max = 0 },
            Fault(field: "requests.memory") { $0.requests.memory = .mebibytes(128) },
            Fault(field: "egress_allow") { $0.allowEgress(["10.0.0.0/8"]) },
            Fault(field: "environment") { $0.environment = ["A": "b=c"] },
            Fault(field: "capabilities") {
                $0.capabilities = FunctionConfiguration.capabilitiesAllowed.sorted()
            },
            Fault(field: "command") { $0.command = ["/bin/x", ""] },
        ]
    )
    func bounds(fault: Fault) throws {
        var configuration = FunctionConfiguration()
        fault.change(&configuration)
        try configuration.validate()
    }
}

extension FunctionConfiguration {
    fileprivate mutating func allowEgress(_ networks: [String]) {
        network = .egress
        egressAllow = networks
    }
}

@Suite struct KeyTreeTests {
    @Test("leaves name every key by its path, without the objects above it")
    func leaves() {
        let leaves = FunctionConfiguration.keys.leaves
        for key in ["routes", "environment", "limits.memory", "requests.cpu", "warm.max", "schedules[].cron"]
        {
            #expect(leaves.contains(key))
        }
        #expect(!leaves.contains("limits") && !leaves.contains("schedules"))
        #expect(Set(leaves).count == leaves.count)
    }
}
