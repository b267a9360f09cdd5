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

        /// A folder with a configuration whose spans go to the collector.
        private static func settings(for collector: CollectorUnderTest) throws -> (TemporaryFolder, String) {
            let settings = try TemporaryFolder()
            let address = "http://127.0.0.1:\(collector.port)/v1/traces"
            try settings.write("otlp: \"\(address)\"\n", to: "config.yaml")
            return (settings, settings.url.appendingPathComponent("config.yaml").path)
        }

        /// Two attempts, and a schedule's first call.
        private func exportedAll(_ collector: CollectorUnderTest) async throws -> [Export.Span] {
            var spans: [Export.Span] = []
            for _ in 0..<800 {
                spans = try exported(collector)
                if spans.count >= 4, spans.contains(where: { $0.name == "schedule second" }) { break }
                try await Task.sleep(for: .milliseconds(25))
            }
            return spans
        }

        private static func values(_ span: Export.Span) -> [String: String] {
            let pairs = span.attributes.map { ($0.key, $0.value.values.first ?? "") }
            return Dictionary(pairs) { first, _ in first }
        }

        @Test("each attempt of a queued call is a span below its acceptance, each call of a schedule a trace")
        func withoutClient() async throws {
            let collector = try CollectorUnderTest()
            defer { collector.stop() }
            let (settings, file) = try Self.settings(for: collector)
            defer { settings.remove() }
            let script = "echo \"$Http_Traceparent\" >&2\nexit 3\n"
            let queued = try await Fixtures.shell(
                script,
                name: "queued",
                configuration: "async: {attempts: 2, min_wait: 100ms, max_wait: 100ms}"
            )
            defer { queued.remove() }
            let second = try await Fixtures.shell(
                script,
                name: "second",
                configuration: "schedules: [{cron: \"* * * * * *\"}]"
            )
            defer { second.remove() }
            try await GatewayUnderTest.with(arguments: ["--config", file]) { gateway in
                try await gateway.require("deploy", queued.url.path)
                let answer = try await gateway.call(
                    "/async-function/queued",
                    method: "POST",
                    headers: [
                        "traceparent": "00-\(Self.trace)-\(Self.span)-01", "X-Call-Id": "queued-call",
                    ]
                )
                #expect(answer.status == 202)
                #expect(try await gateway.queued("queued-call", "failed").attempts == 2)
                try await gateway.require("deploy", second.url.path)
                let spans = try await exportedAll(collector)
                let accepted = try #require(spans.first { $0.name == "POST queued" })
                #expect(accepted.parentSpanId == Self.span && accepted.traceId == Self.trace)
                let attempts = spans.filter { $0.name == "async queued" }
                #expect(attempts.count == 2)
                #expect(attempts.allSatisfy { $0.parentSpanId == accepted.spanId })
                #expect(attempts.allSatisfy { $0.traceId == Self.trace })
                #expect(attempts.map { Self.values($0)["mayfly.attempt"] } == ["1", "2"])
                let first = try Self.values(#require(attempts.first))
                #expect(first["faas.invocation_id"] == "queued-call" && first["mayfly.outcome"] == "exit")
                #expect(first["http.response.status_code"] == "500" && first["faas.trigger"] == "pubsub")
                try await expectShown(attempts, in: gateway, "queued")
                let fired = try #require(spans.first { $0.name == "schedule second" })
                #expect(fired.parentSpanId == nil && fired.traceId != Self.trace)
                #expect(Self.values(fired)["faas.cron"] == "* * * * * *")
                try await expectShown([fired], in: gateway, "second")
            }
        }

        /// The function has written its `traceparent`.
        private func expectShown(
            _ spans: [Export.Span],
            in gateway: GatewayUnderTest,
            _ function: String
        ) async throws {
            let logs = try await gateway.require("logs", function)
            #expect(spans.allSatisfy { logs.contains("00-\($0.traceId)-\($0.spanId)-01") }, "\(logs)")
        }

        @Test("each call is a span below its caller's, and the function gets it as traceparent")
        func spans() async throws {
            let collector = try CollectorUnderTest()
            defer { collector.stop() }
            let (settings, file) = try Self.settings(for: collector)
            defer { settings.remove() }
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
