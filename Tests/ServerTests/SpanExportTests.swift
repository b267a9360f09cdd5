// SPDX-License-Identifier: Apache-2.0
// The queue of spans, their JSON, and an exporter whose collector is not there.

import Foundation
import FunctionModel
import Logging
import Testing

@testable import Gateway
@testable import Server

@Suite("Spans of calls")
struct SpanExportTests {
    private func span(_ number: Int, status: Int = 200) throws -> CallSpan {
        var random = SystemRandomNumberGenerator()
        return CallSpan(
            context: TraceContext(using: &random),
            parentID: "b7ad6b7169203331",
            function: try FunctionName("hello"),
            callID: "\(number)",
            method: "GET",
            status: status,
            started: 2_000_000_000,
            ended: 1_000_000_000,
            record: nil
        )
    }

    @Test("wait in a bounded queue, go in batches, and are counted")
    func queue() throws {
        var state = SpanQueueState()
        #expect(state.takeBatch().isEmpty)
        for number in 1...SpanQueueState.countMax {
            let step = state.add(try span(number))
            #expect(step == (number >= SpanQueueState.batchMax ? .send : .wait), "\(number)")
        }
        #expect(state.add(try span(0)) == .wait)
        #expect(state.counts.dropped == 1)
        let batch = state.takeBatch()
        #expect(batch.count == SpanQueueState.batchMax && batch.first?.callID == "1")
        // One request at a time.
        #expect(state.takeBatch().isEmpty)
        #expect(state.add(try span(1)) == .wait)
        #expect(state.ended(batch.count, isLost: false) == .send)
        #expect(state.counts.exported == batch.count)
        let second = state.takeBatch()
        #expect(second.first?.callID == "\(SpanQueueState.batchMax + 1)")
        _ = state.ended(second.count, isLost: true)
        #expect(state.counts.dropped == 1 + second.count)
    }

    @Test("have the JSON form of OTLP")
    func json() throws {
        let (fine, failed) = (try span(1), try span(2, status: 502))
        let body = try SpanBody.encode([fine, failed], version: "1.2.3")
        let top = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
        let resource = try #require((top["resourceSpans"] as? [[String: Any]])?.first)
        let attributes = (resource["resource"] as? [String: Any])?["attributes"] as? [[String: Any]]
        #expect(attributes?.first?["key"] as? String == "service.name")
        let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
        let spans = try #require(scope["spans"] as? [[String: Any]])
        #expect(spans.map { $0["traceId"] as? String } == [fine.context.traceID, failed.context.traceID])
        let first = try #require(spans.first)
        #expect(first["spanId"] as? String == fine.context.spanID)
        #expect(first["parentSpanId"] as? String == fine.parentID)
        #expect(first["name"] as? String == "GET hello" && first["kind"] as? Int == 2)
        // Numbers of 64 bits are texts; a clock that was set back gives no negative time.
        #expect(first["startTimeUnixNano"] as? String == "2000000000")
        #expect(first["endTimeUnixNano"] as? String == "2000000000")
        #expect((first["status"] as? [String: Int])?.isEmpty == true)
        #expect((spans.last?["status"] as? [String: Int])?["code"] == 2)
    }

    @Test("that no collector takes are dropped and counted, and the exporter ends")
    func nobody() async throws {
        // Nothing listens on the port of discard.
        let endpoint = try #require(URL(string: "http://127.0.0.1:9/v1/traces"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let exporter = SpanExporter(endpoint: endpoint, version: "1", logger: logger)
        let running = Task { await exporter.run() }
        for number in 0..<3 { exporter.take(try span(number)) }
        running.cancel()
        await running.value
        #expect(exporter.counts.dropped == 3 && exporter.counts.exported == 0)
    }
}
