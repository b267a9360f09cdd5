// SPDX-License-Identifier: Apache-2.0
// The queue of spans, their JSON, and an exporter whose collector is not there.

import Foundation
import FunctionModel
import Logging
import Testing

@testable import Scheduler
@testable import Server

@Suite("Spans of calls")
struct SpanExportTests {
    private struct Export: Decodable {
        struct Resource: Decodable { var scopeSpans: [Scope] }
        struct Scope: Decodable { var spans: [Span] }
        struct Span: Decodable {
            var name: String
            var kind: Int
            var attributes: [Attribute]
            var status: [String: Int]
        }
        struct Attribute: Decodable {
            var key: String
            var value: [String: String]
        }
        var resourceSpans: [Resource]
    }

    private func span(
        _ number: Int,
        _ origin: CallSpan.Origin = .http(method: "GET"),
        status: Int? = 200
    ) throws -> CallSpan {
        var random = SystemRandomNumberGenerator()
        return CallSpan(
            context: TraceContext(using: &random),
            parentID: "b7ad6b7169203331",
            function: try FunctionName("hello"),
            callID: "\(number)",
            origin: origin,
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

    @Test("of the queue and of schedules name attempt or time, and fail from status 400 on")
    func origins() throws {
        let due = Date(timeIntervalSince1970: 1_767_225_660)
        let spans = [
            try span(1, .asynchronous(attempt: 2), status: 404),
            try span(2, .schedule(cron: "* * * * *", due: due)),
            try span(3, .asynchronous(attempt: 1), status: nil),
        ]
        let body = try SpanBody.encode(spans, version: "1.2.3")
        let made = try JSONDecoder().decode(Export.self, from: body).resourceSpans
            .flatMap(\.scopeSpans).flatMap(\.spans)
        #expect(made.map(\.name) == ["async hello", "schedule hello", "async hello"])
        #expect(made.map(\.kind) == [5, 2, 5])
        #expect(made.map { $0.status["code"] } == [2, nil, 2])
        let values = made.map { Dictionary($0.attributes.map { ($0.key, $0.value) }) { first, _ in first } }
        #expect(values[0]["faas.trigger"] == ["stringValue": "pubsub"])
        #expect(values[0]["mayfly.attempt"] == ["intValue": "2"])
        #expect(values[0]["http.response.status_code"] == ["intValue": "404"])
        #expect(values[1]["faas.trigger"] == ["stringValue": "timer"])
        #expect(values[1]["faas.cron"] == ["stringValue": "* * * * *"])
        #expect(values[1]["faas.time"] == ["stringValue": "2026-01-01T00:01:00Z"])
        #expect(values[2]["http.response.status_code"] == nil)
        #expect(values.allSatisfy { $0["http.request.method"] == nil })
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
