// SPDX-License-Identifier: Apache-2.0
// The record's JSON form, which scripts rely on, and the statuses of outcomes.

import Foundation
import FunctionModel
import Testing

@Suite struct InvocationFormTests {
    @Test("an invocation's JSON has exactly the documented keys")
    func keys() throws {
        var invocation = Invocation(
            id: "call-1",
            function: try FunctionName("hello"),
            revision: 3,
            trigger: .asynchronous,
            startedAt: Date(timeIntervalSince1970: 0),
            status: 500,
            outcome: .exit
        )
        invocation.exitCode = 42
        invocation.signal = 9
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        let data = try encoder.encode(invocation)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            object.keys.sorted() == [
                "bytes_in", "bytes_out", "cpu_ms", "exit_code", "fresh", "function", "id", "namespace",
                "outcome",
                "peak_memory_bytes", "queue_ms", "revision", "run_ms", "signal", "start_ms", "started_at",
                "status",
                "total_ms", "trigger", "warm",
            ]
        )
        #expect(object["trigger"] as? String == "async")
        #expect(object["started_at"] as? String == "1970-01-01T00:00:00Z")
        #expect(object["namespace"] as? String == "openfaas-fn")
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        #expect(try decoder.decode(Invocation.self, from: data) == invocation)
    }

    @Test("an error says field, value and what was expected, in one line")
    func text() {
        let error = ModelError(field: "limits.memory", value: "lots", expected: "a size")
        #expect(error.description == "limits.memory: 'lots' is not valid, expected a size")
    }
}
