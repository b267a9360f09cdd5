// SPDX-License-Identifier: Apache-2.0
// Spans in the JSON form of OTLP 1.x (ExportTraceServiceRequest). SpanExporter sends it.

import Foundation
import FunctionModel
import Gateway

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
        /// A server's span.
        var kind = 2
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
            Attribute("faas.invoked_name", span.function.text), Attribute("faas.trigger", "http"),
            Attribute("faas.invocation_id", span.callID), Attribute("http.request.method", span.method),
            Attribute("http.response.status_code", span.status),
        ]
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
        return Span(
            traceId: span.context.traceID,
            spanId: span.context.spanID,
            parentSpanId: span.parentID,
            name: "\(span.method) \(span.function)",
            startTimeUnixNano: String(span.started),
            endTimeUnixNano: String(max(span.started, span.ended)),
            attributes: attributes,
            status: span.status >= 500 ? ["code": error] : [:]
        )
    }
}
