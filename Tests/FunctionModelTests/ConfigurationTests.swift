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
        #expect(configuration.reuse == 1)
    }

    @Test("the coded form is function.yaml's, and reads back the same")
    func coded() throws {
        let configuration = try decode(
            """
            {"routes": ["GET /hello", "/api/*"], "contract": "http", "environment": {"A": "b"},
             "secrets": ["api-key"], "limits": {"memory": "64Mi", "cpu": "500m", "pids": 8, "disk": "1Mi"},
             "timeout": "30s", "grace": 1, "concurrency": 2, "queue": {"length": 3}, "warm": {"min": 20},
             "network": "egress", "egress_allow": ["10.0.0.0/8"], "readonly_root_filesystem": true,
             "schedules": [{"cron": "*/5 * * * *", "timezone": "Europe/Berlin", "overlap": "queue"}],
             "async": {"attempts": 2, "min_wait": "2s", "codes": [500]}, "labels": {"l": "1"},
             "annotations": {"topic": "x"}, "command": ["/bin/x"], "content_type": "text/plain", "port": 81,
             "reuse": 5, "expose_errors": true, "stream": true, "auth": "basic",
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
        #expect(configuration.asynchronous.maxWait == .seconds(300))
        #expect(configuration.authentication == .basic)
        #expect(configuration.egressAllow == ["10.0.0.0/8"])
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
            Fault(field: "reuse") { $0.reuse = 0 },
            Fault(field: "reuse") { ($0.reuse, $0.contract) = (2, .stdio) },
            Fault(field: "reuse") { ($0.reuse, $0.contract) = (2, .cgi) },
            Fault(field: "port") { $0.port = 65536 },
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
            Fault(field: "egress_allow") { $0.egressAllow = ["10.0.0.0/8", "10.0.0.1/8"] },
            Fault(field: "egress_allow") { $0.egressAllow = ["example.com"] },
            Fault(field: "egress_allow") { $0.egressAllow = ["fd00::/8"] },
            Fault(field: "egress_allow") { $0.egressAllow = ["127.0.0.1"] },
            Fault(field: "egress_allow") { $0.egressAllow = (0...64).map { "10.0.\($0).0/24" } },
            Fault(field: "async.attempts") { $0.asynchronous.attempts = 0 },
            Fault(field: "async.min_wait") { $0.asynchronous.maxWait = .seconds(0) },
            Fault(field: "async.codes") { $0.asynchronous.codes = [500, 99] },
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
            Fault(field: "reuse") { ($0.reuse, $0.contract) = (2, .lambda) },
            Fault(field: "port") { $0.port = 1 },
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
