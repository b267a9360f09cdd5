// SPDX-License-Identifier: Apache-2.0
// Spans of real calls at a collector of the test's own.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct TraceTests {
        private static let trace = "0af7651916cd43dd8448eb211c80319c"
        private static let span = "b7ad6b7169203331"

        private struct Export: Decodable {
            struct Resource: Decodable { var scopeSpans: [Scope] }
            struct Scope: Decodable { var spans: [Span] }
            struct Span: Decodable {
                var traceId: String
                var spanId: String
                var parentSpanId: String?
                var name: String
                var attributes: [Attribute]
            }
            struct Attribute: Decodable {
                var key: String
                var value: [String: String]
            }
            var resourceSpans: [Resource]
        }

        private func exported(_ collector: CollectorUnderTest) throws -> [Export.Span] {
            try collector.received.flatMap {
                try JSONDecoder().decode(Export.self, from: $0.body).resourceSpans
                    .flatMap(\.scopeSpans).flatMap(\.spans)
            }
        }

        @Test("each call is a span below its caller's, and the function gets it as traceparent")
        func spans() async throws {
            let collector = try CollectorUnderTest()
            defer { collector.stop() }
            let settings = try TemporaryFolder()
            defer { settings.remove() }
            let address = "http://127.0.0.1:\(collector.port)/v1/traces"
            try settings.write("otlp: \"\(address)\"\n", to: "config.yaml")
            let file = settings.url.appendingPathComponent("config.yaml").path
            let folder = try await Fixtures.shell("echo \"$Http_Traceparent\"", name: "traced")
            defer { folder.remove() }
            try await GatewayUnderTest.with(arguments: ["--config", file]) { gateway in
                try await gateway.require("deploy", folder.url.path)
                let parent = "00-\(Self.trace)-\(Self.span)-01"
                let answer = try await gateway.call(
                    "/function/traced",
                    headers: ["traceparent": parent, "X-Call-Id": "traced-call"]
                )
                let shown = answer.text.split(separator: "\n").first.map(String.init) ?? ""
                #expect(shown.hasPrefix("00-\(Self.trace)-") && shown != parent, "\(shown)")
                let other = try await gateway.call("/function/traced")
                #expect(other.text.hasPrefix("00-") && !other.text.contains(Self.trace), "\(other.text)")
                for _ in 0..<400 {
                    if try exported(collector).count >= 2 { break }
                    try await Task.sleep(for: .milliseconds(25))
                }
                let head = try #require(collector.received.first?.head)
                #expect(head.hasPrefix("post /v1/traces ") && head.contains("application/json"), "\(head)")
                let spans = try exported(collector)
                #expect(spans.count == 2)
                let span = try #require(spans.first { $0.traceId == Self.trace })
                #expect(span.parentSpanId == Self.span && shown.contains("-\(span.spanId)-"))
                #expect(span.name == "GET traced")
                let values = Dictionary(span.attributes.map { ($0.key, $0.value) }) { first, _ in first }
                #expect(values["faas.invocation_id"]?["stringValue"] == "traced-call")
                #expect(values["mayfly.outcome"]?["stringValue"] == "ok")
                #expect((values["mayfly.run_us"]?["intValue"]).flatMap(Int.init) ?? 0 > 0)
                try await loses(gateway, collector)
            }
        }

        /// A collector that hangs holds up no call, and what it does not take is counted.
        private func loses(_ gateway: GatewayUnderTest, _ collector: CollectorUnderTest) async throws {
            collector.fallSilent()
            let before = collector.received.count
            _ = try await gateway.call("/function/traced")
            for _ in 0..<400 where collector.received.count == before {
                try await Task.sleep(for: .milliseconds(25))
            }
            #expect(collector.received.count > before)
            let clock = ContinuousClock()
            let time = try await clock.measure { _ = try await gateway.call("/function/traced") }
            #expect(time < Patience.duration(.seconds(2)))
            let dropped = "mayfly_spans_dropped_total 1"
            var page = try await gateway.call("/metrics").lines
            for _ in 0..<400 {
                if page.contains(dropped) { break }
                try await Task.sleep(for: .milliseconds(25))
                page = try await gateway.call("/metrics").lines
            }
            #expect(page.contains(dropped) && page.contains("mayfly_spans_exported_total 2"))
        }
    }
}
