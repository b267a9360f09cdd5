// SPDX-License-Identifier: Apache-2.0
// Traces of calls: what is read of the caller's, and what the function and the sink get.

import Contracts
import FunctionModel
import HTTPTypes
import Scheduler
import Synchronization
import Testing

@testable import Gateway

@Suite("The trace of a call")
struct TraceTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    private final class Sink: SpanSink {
        private let kept = Mutex<[CallSpan]>([])
        var spans: [CallSpan] { kept.withLock { $0 } }
        var counts: SpanCounts { SpanCounts() }
        func take(_ span: CallSpan) { kept.withLock { $0.append(span) } }
    }

    @Test(
        "is that of a well-formed traceparent",
        arguments: [
            ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", false),
            ("00-\(trace)-\(span)-03", true), ("cc-\(trace)-\(span)-01-what-follows", true),
        ]
    )
    func read(field: String, isSampled: Bool) throws {
        let context = try #require(TraceContext(field))
        #expect(context.traceID == Self.trace && context.spanID == Self.span)
        #expect(context.isSampled == isSampled)
    }

    @Test(
        "is a new one for any other field",
        arguments: [
            "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace.dropLast())-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-\(trace)-\(span)-0x", "0-\(trace)-\(span)-01", "00-\(trace)-\(span)-1",
        ]
    )
    func malformed(field: String) {
        #expect(TraceContext(field) == nil)
    }

    private func call(_ sink: Sink?, _ fields: [String]) async throws -> HTTPFields {
        let invoker = FakeInvoker.ending(.ok)
        try await TestGateway.run(invoker, nil, { $0.spans = sink }) { gateway in
            _ = try await gateway.client.send("POST", "/function/hello", headers: fields, body: "x")
        }
        return try #require(invoker.requests.first).head.fields
    }

    @Test("goes on below the caller's span, and the function gets the call's own")
    func goesOn() async throws {
        let sink = Sink()
        let fields = try await call(
            sink,
            ["traceparent: 00-\(Self.trace)-\(Self.span)-01", "tracestate: a=b", "X-Call-Id: my-call"]
        )
        let made = try #require(sink.spans.first)
        #expect(sink.spans.count == 1)
        #expect(made.parentID == Self.span && made.context.traceID == Self.trace)
        #expect(made.context.spanID != Self.span)
        #expect(fields[.traceParent] == "00-\(Self.trace)-\(made.context.spanID)-01")
        #expect(fields[.traceState] == "a=b")
        #expect(made.callID == "my-call" && made.origin == .http(method: "POST") && made.status == 200)
        #expect(made.function.text == "hello" && made.record != nil && made.started <= made.ended)
    }

    @Test(
        "goes on in calls through AWS Lambda's API, queued ones among them",
        arguments: ["RequestResponse", "Event"]
    )
    func lambda(type: String) async throws {
        let sink = Sink()
        let echo = FakeInvoker.makeEcho()
        try await TestGateway.run(echo, nil, { $0.spans = sink }) { gateway in
            let fields = [
                TestGateway.authorization, "X-Amz-Invocation-Type: \(type)",
                "traceparent: 00-\(Self.trace)-\(Self.span)-01",
            ]
            let path = "/2015-03-31/functions/hello/invocations"
            _ = try await gateway.client.send("POST", path, headers: fields, body: "{}")
        }
        let made = try #require(sink.spans.first)
        #expect(made.parentID == Self.span && made.context.traceID == Self.trace)
        #expect(echo.requests.first?.head.fields[.traceParent] == made.context.field)
    }

    @Test("begins with the call where the caller has none")
    func begins() async throws {
        let sink = Sink()
        let fields = try await call(sink, ["traceparent: nonsense", "tracestate: a=b"])
        let made = try #require(sink.spans.first)
        #expect(made.parentID == nil && made.context.isSampled)
        #expect(fields[.traceParent] == made.context.field)
        #expect(fields[.traceState] == nil)
        #expect(TraceContext(made.context.field) == made.context)
    }

    @Test("is not exported where the caller's is not kept, nor without a sink")
    func unsampled() async throws {
        let sink = Sink()
        let fields = try await call(sink, ["traceparent: 00-\(Self.trace)-\(Self.span)-00"])
        #expect(sink.spans.isEmpty)
        #expect(fields[.traceParent]?.hasSuffix("-00") == true)
        #expect(fields[.traceParent]?.hasPrefix("00-\(Self.trace)-") == true)
        let without = "00-\(Self.trace)-\(Self.span)-01"
        let plain = try await call(nil, ["traceparent: \(without)", "tracestate: a=b"])
        #expect(plain[.traceParent] == without && plain[.traceState] == "a=b")
    }
}
