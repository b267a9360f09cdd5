// SPDX-License-Identifier: Apache-2.0
// Records of invocations, over HTTP.

import Foundation
import FunctionModel
import FunctionStore
import Glibc
import Scheduler
import Testing

@testable import Gateway

@Suite struct HistoryAPITests {
    private static func get(_ gateway: TestGateway, _ path: String) async throws -> WireAnswer {
        try await gateway.client.send("GET", path, headers: [TestGateway.authorization])
    }

    private static func record(_ gateway: TestGateway) throws {
        let name = try FunctionName("hello")
        for (number, outcome) in [Outcome.ok, .exit, .ok].enumerated() {
            let id = "call-\(number)"
            var record = FakeInvoker.record(name, id, outcome)
            record.status = StatusTable.status(of: record)
            record.startedAt = Date(timeIntervalSince1970: 1_700_000_000 + Double(number) + 0.25)
            let line = LogLine(
                function: name,
                revision: 1,
                invocation: id,
                timestamp: record.startedAt,
                text: "line \(number) \"quoted\""
            )
            gateway.recorder.append(record, logs: [line])
        }
    }

    @Test("invocations come newest first, in the form that scripts rely on")
    func invocations() async throws {
        try await TestGateway.run { gateway in
            try Self.record(gateway)
            let all = try await Self.get(gateway, "/v1/invocations")
            let entries = try #require(
                try JSONSerialization.jsonObject(with: Data(all.bytes)) as? [[String: Any]]
            )
            #expect(entries.map { $0["id"] as? String } == ["call-2", "call-1", "call-0"])
            let first = try #require(entries.first)
            #expect(first["started_at"] as? String == "2023-11-14T22:13:22.250Z")
            #expect(first["total_ms"] as? Double == 12.5)
            #expect(first["outcome"] as? String == "ok")
            #expect(first["exit_code"] as? Int == 0)
            #expect(first["trigger"] as? String == "http")
            #expect(first["status"] as? Int == 200)
            let failed = try await Self.get(gateway, "/v1/invocations?function=hello&failed=true")
            #expect(failed.body.contains("call-1"))
            #expect(!failed.body.contains("call-0"))
            let one = try await Self.get(gateway, "/v1/invocations?limit=1&before=call-2")
            #expect(one.body.contains("call-1"))
            #expect(!one.body.contains("call-0"))
            let since = try await Self.get(gateway, "/v1/invocations?since=2023-11-14T22:13:21.250Z")
            #expect(since.body.contains("call-1") && since.body.contains("call-2"))
            #expect(!since.body.contains("call-0"))
            #expect(try await Self.get(gateway, "/v1/invocations?since=1h").status == 400)
            #expect(try await Self.get(gateway, "/v1/invocations?limit=0").status == 400)
            #expect(try await Self.get(gateway, "/v1/invocations?function=other").status == 404)
        }
    }

    @Test("a name that is neither deployed nor in the history is an error, a removed function's is not")
    func unknownNames() async throws {
        try await TestGateway.run(.ending(.ok), []) { gateway in
            for path in [
                "/v1/invocations?function=hello", "/system/logs?name=hello", "/v1/schedules?function=hello",
            ] {
                let answer = try await Self.get(gateway, path)
                #expect(answer.status == 404)
                #expect(answer.body.contains("unknown_function"), "\(answer.body)")
            }
            try Self.record(gateway)
            #expect(try await Self.get(gateway, "/v1/invocations?function=hello").status == 200)
            #expect(try await Self.get(gateway, "/system/logs?name=hello").body.contains("line 2"))
        }
    }

    @Test("a log's invocation may be named by the beginning of its id")
    func shortID() async throws {
        try await TestGateway.run { gateway in
            try Self.record(gateway)
            let path = "/system/logs?name=hello&instance="
            #expect(try await Self.get(gateway, path + "call-1").body.contains("line 1"))
            let many = try await Self.get(gateway, path + "call-")
            #expect(many.status == 400)
            #expect(many.body.contains("is a prefix of several ids"))
            #expect(try await Self.get(gateway, path + "x").status == 404)
            #expect(try await Self.get(gateway, path).body.contains("line 0"))
        }
    }

    @Test("logs come as lines of JSON, filtered as asked")
    func logs() async throws {
        try await TestGateway.run { gateway in
            try Self.record(gateway)
            let all = try await Self.get(gateway, "/system/logs?name=hello&tail=-1")
            #expect(all["content-type"] == "application/x-ndjson")
            let lines = all.body.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(
                lines.first ?? "" == """
                    {"name":"hello","namespace":"openfaas-fn","instance":"call-0",\
                    "timestamp":"2023-11-14T22:13:20.250Z","text":"line 0 \\"quoted\\""}
                    """
            )
            let last = try await Self.get(gateway, "/system/logs?name=hello&tail=1")
            #expect(last.body.split(separator: "\n").count == 1)
            #expect(last.body.contains("line 2"))
            let one = try await Self.get(gateway, "/system/logs?name=hello&instance=call-1")
            #expect(one.body.contains("line 1"))
            let late = try await Self.get(gateway, "/system/logs?name=hello&since=2023-11-14T22:13:21Z")
            #expect(late.body.split(separator: "\n").count == 2)
            #expect(try await Self.get(gateway, "/system/logs").status == 422)
            #expect(try await Self.get(gateway, "/system/logs?name=hello&since=x").status == 422)
        }
    }

    @Test("the answer of a failing function with expose_errors has the end of its stderr")
    func exposedErrors() async throws {
        let revision = try makeRevision("hello") { $0.exposeErrors = true }
        try await TestGateway.run(.ending(.exit) { $0.exitCode = 3 }, [revision]) { gateway in
            try Self.record(gateway)
            let answer = try await gateway.client.send(
                "GET",
                "/function/hello",
                headers: ["X-Call-Id: call-1"]
            )
            #expect(answer.status == 500)
            #expect(answer.body.contains("exit code 3: line 1"))
            #expect(!answer.body.contains("line 0"))
        }
    }

    @Test("schedules come with function.yaml's words and their times")
    func schedules() async throws {
        try await TestGateway.run { gateway in
            var configuration = ScheduleConfiguration(cron: "*/5 * * * *")
            configuration.timezone = "Europe/Berlin"
            gateway.catalog.setSchedules([
                ScheduleStatus(
                    function: try FunctionName("hello"),
                    index: 0,
                    configuration: configuration,
                    nextDue: Date(timeIntervalSince1970: 1_700_000_000),
                    lastRun: nil
                )
            ])
            #expect(
                try await Self.get(gateway, "/v1/schedules").body == """
                    [{"cron":"*/5 * * * *","function":"hello","index":0,"missed":"once","namespace":"openfaas-fn",\
                    "next_due":"2023-11-14T22:13:20.000Z","overlap":"skip","timezone":"Europe/Berlin"}]
                    """
            )
            #expect(try await Self.get(gateway, "/v1/schedules?function=other").status == 404)
        }
    }
}
