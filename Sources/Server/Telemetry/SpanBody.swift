// SPDX-License-Identifier: Apache-2.0
// Spans in the JSON form of OTLP 1.x (ExportTraceServiceRequest). SpanExporter sends it.

import Foundation
import FunctionModel
import Scheduler

/// The body of one export.
enum SpanBody {
    private struct Request: Encodable { var resourceSpans: [ResourceSpans] }

    private struct ResourceSpans: Encodable {
        var resource: Resource
        var scopeSpans: [ScopeSpans]
    }

    private struct Resource: Encodable { var attributes: [Attribute] }

    private struct ScopeSpans: Encodable {
        var scope: [String: String]
        var spans: [Span]
    }

    /// Numbers of 64 bits are texts in OTLP's JSON.
    private struct Span: Encodable {
        var traceId: String
        var spanId: String
        var parentSpanId: String?
        var name: String
        /// SPAN_KIND_SERVER, or SPAN_KIND_CONSUMER for what comes from the queue.
        var kind: Int
        var startTimeUnixNano: String
        var endTimeUnixNano: String
        var attributes: [Attribute]
        var status: [String: Int]
    }

    private struct Attribute: Encodable {
        var key: String
        var value: [String: String]

        init(_ key: String, _ text: String) {
            self.key = key
            value = ["stringValue": text]
        }

        init(_ key: String, _ number: Int) {
            self.key = key
            value = ["intValue": String(number)]
        }
    }

    /// SPAN_KIND_SERVER.
    private static let server = 2
    /// SPAN_KIND_CONSUMER.
    private static let consumer = 5
    /// STATUS_CODE_ERROR.
    private static let error = 2

    /// The spans as JSON.
    ///
    /// - Throws: what the encoder throws; texts and numbers give it no reason to.
    static func encode(_ spans: [CallSpan], version: String) throws -> Data {
        let resource = Resource(attributes: [
            Attribute("service.name", "mayfly"), Attribute("service.version", version),
        ])
        let scope = ScopeSpans(scope: ["name": "mayfly", "version": version], spans: spans.map(span))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(
            Request(resourceSpans: [ResourceSpans(resource: resource, scopeSpans: [scope])])
        )
    }

    private static func span(_ span: CallSpan) -> Span {
        var attributes = [
            Attribute("faas.invoked_name", span.function.text),
            Attribute("faas.invocation_id", span.callID),
        ]
        attributes += of(span.origin)
        if let status = span.status { attributes.append(Attribute("http.response.status_code", status)) }
        if let record = span.record {
            attributes += [
                Attribute("faas.version", String(record.revision)),
                Attribute("mayfly.outcome", record.outcome.rawValue),
                Attribute("mayfly.start", record.start?.rawValue ?? "cold"),
                Attribute("mayfly.queue_us", Int(record.queueMilliseconds * 1000)),
                Attribute("mayfly.start_us", Int(record.startMilliseconds * 1000)),
                Attribute("mayfly.run_us", Int(record.runMilliseconds * 1000)),
            ]
        }
        let shape = shape(span.origin)
        return Span(
            traceId: span.context.traceID,
            spanId: span.context.spanID,
            parentSpanId: span.parentID,
            name: "\(shape.verb) \(span.function)",
            kind: shape.kind,
            startTimeUnixNano: String(span.started),
            endTimeUnixNano: String(max(span.started, span.ended)),
            attributes: attributes,
            status: isFailed(span) ? ["code": error] : [:]
        )
    }

    /// A client's own mistake is no error of a server's; what has no client fails with any such status.
    private static func isFailed(_ span: CallSpan) -> Bool {
        guard let status = span.status else { return true }
        if case .http = span.origin { return status >= 500 }
        return status >= 400
    }

    /// What made the call, in the semantic conventions' names for functions (`faas.`).
    private static func of(_ origin: CallSpan.Origin) -> [Attribute] {
        switch origin {
        case .http(let method):
            [Attribute("faas.trigger", "http"), Attribute("http.request.method", method)]
        case .asynchronous(let attempt):
            [Attribute("faas.trigger", "pubsub"), Attribute("mayfly.attempt", attempt)]
        case .schedule(let cron, let due):
            [
                Attribute("faas.trigger", "timer"), Attribute("faas.cron", cron),
                Attribute("faas.time", due.formatted(.iso8601)),
            ]
        }
    }

    /// The kind of a span, and what its name begins with.
    private static func shape(_ origin: CallSpan.Origin) -> (kind: Int, verb: String) {
        switch origin {
        case .http(let method): (server, method)
        case .asynchronous: (consumer, origin.trigger.rawValue)
        case .schedule: (server, origin.trigger.rawValue)
        }
    }
}
