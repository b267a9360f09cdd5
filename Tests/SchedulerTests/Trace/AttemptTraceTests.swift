// SPDX-License-Identifier: Apache-2.0
// Spans of calls that no client waits for: where they belong, what the function sees, and which there are none of.

import Contracts
import Foundation
import FunctionModel
import FunctionStore
import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import Scheduler

/// Keeps spans.
final class FakeSpanSink: SpanSink {
    private let kept = Mutex<[CallSpan]>([])
    var spans: [CallSpan] { kept.withLock { $0 } }
    var counts: SpanCounts { SpanCounts() }
    func take(_ span: CallSpan) { kept.withLock { $0.append(span) } }
}

@Suite("The span of a call that no client waits for")
struct AttemptTraceTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"
    private static let began = Date(timeIntervalSince1970: 1_767_225_600)

    private func request(_ parent: String? = nil) -> InvocationRequest {
        var head = RequestHead(method: .post, target: "/function/f", scriptName: "/function/f", callID: "x")
        head.fields[.traceParent] = parent
        head.fields[.traceState] = "a=b"
        return InvocationRequest(trigger: .asynchronous, head: head, body: .none, arrivedAt: Self.began)
    }

    private func begin(_ request: inout InvocationRequest, _ origin: CallSpan.Origin) -> AttemptTrace {
        var random = SystemRandomNumberGenerator()
        return AttemptTrace(queueFunction, &request, origin, at: Self.began, using: &random)
    }

    private func record(_ outcome: Outcome) -> Invocation {
        Invocation(
            id: "x",
            function: queueFunction,
            revision: 3,
            trigger: .asynchronous,
            startedAt: Self.began,
            outcome: outcome
        )
    }

    @Test("is below the one that accepted the call, and the function's parent")
    func below() throws {
        var request = request("00-\(Self.trace)-\(Self.span)-01")
        let trace = begin(&request, .asynchronous(attempt: 2))
        let record = record(.exit)
        let span = try #require(trace.ended(record, status: 500, at: Self.began + 2))
        #expect(span.context.traceID == Self.trace && span.parentID == Self.span)
        #expect(span.context.spanID != Self.span)
        #expect(request.head.fields[.traceParent] == span.context.field)
        #expect(request.head.fields[.traceState] == "a=b")
        #expect(span.origin == .asynchronous(attempt: 2) && span.callID == "x" && span.status == 500)
        #expect(span.ended - span.started == 2_000_000_000 && span.record == record)
    }

    @Test("begins a trace where none was handed down", arguments: [nil, "nonsense"])
    func begins(parent: String?) throws {
        var request = request(parent)
        let trace = begin(&request, .schedule(cron: "* * * * *", due: Self.began))
        let span = try #require(trace.ended(record(.ok), status: 200, at: Self.began))
        #expect(span.parentID == nil && span.context.isSampled)
        #expect(request.head.fields[.traceParent] == span.context.field)
        #expect(request.head.fields[.traceState] == nil)
    }

    @Test("is not exported where the trace is not sampled; the function sees the flag")
    func unsampled() {
        var request = request("00-\(Self.trace)-\(Self.span)-00")
        let trace = begin(&request, .asynchronous(attempt: 1))
        #expect(trace.ended(record(.ok), status: 200, at: Self.began) == nil)
        #expect(trace.refused(.cancelled, statusOf: { _ in 499 }, at: Self.began) == nil)
        let shown = request.head.fields[.traceParent] ?? ""
        #expect(shown.hasPrefix("00-\(Self.trace)-") && shown.hasSuffix("-00") && !shown.contains(Self.span))
    }

    @Test("says why a call did not run; a queued call that found no room was no attempt")
    func refused() throws {
        let statusOf: (Invocation) -> Int = {
            $0.cause == .functionBusy ? 429 : $0.outcome == .cancelled ? 499 : 502
        }
        func status(_ refusal: InvocationRefusal, _ origin: CallSpan.Origin) -> Int?? {
            var request = request()
            let trace = begin(&request, origin)
            return trace.refused(refusal, statusOf: statusOf, at: Self.began).map(\.status)
        }
        let attempt = CallSpan.Origin.asynchronous(attempt: 1)
        #expect(status(.busy(retryAfterSeconds: 1), attempt) == .none)
        #expect(status(.unavailable(reason: "full", retryAfterSeconds: 1), attempt) == .none)
        #expect(status(.serviceDown("db", retryAfterSeconds: 1), attempt) == .none)
        #expect(status(.cannotStart(reason: "clone"), attempt) == .some(502))
        #expect(status(.cancelled, attempt) == .some(499))
        #expect(status(.unknownFunction("f"), attempt) == .some(nil))
        let schedule = CallSpan.Origin.schedule(cron: "* * * * *", due: Self.began)
        #expect(status(.busy(retryAfterSeconds: 1), schedule) == .some(429))
    }

    @Test("is made of each attempt of a queued call, below what its caller named")
    func attempts() async throws {
        let sink = FakeSpanSink()
        let world = try QueueWorld(spans: sink) { (attempt, request) throws(InvocationRefusal) in
            ScriptedInvoker.answer(request, attempt < 3 ? .exit : .ok)
        }
        await world.queue.start()
        let request = request("00-\(Self.trace)-\(Self.span)-01")
        #expect(try await world.queue.accept(queueFunction, request, callback: nil) == "x")
        #expect(try await world.call("x", .succeeded) != nil)
        #expect(sink.spans.map(\.origin) == (1...3).map { .asynchronous(attempt: $0) })
        #expect(sink.spans.map(\.status) == [500, 500, 200])
        #expect(sink.spans.allSatisfy { $0.parentID == Self.span && $0.context.traceID == Self.trace })
        let shown = world.invoker.requests.map { $0.head.fields[.traceParent] }
        #expect(shown == sink.spans.map(\.context.field) && Set(shown).count == 3)
        try await world.end()
    }

    @Test("ends once, with the output that goes on after the head")
    func streams() async throws {
        let sink = FakeSpanSink()
        let record = record(.ok)
        let scripted = ScriptedInvoker { (_, _) throws(InvocationRefusal) in
            .streaming(ResponseHead(), OnePiece(record: record))
        }
        let invoker = TracedInvoker(scripted, sink: sink) { _ in 200 }
        let answer = try await invoker.invoke(queueFunction, request(), as: .asynchronous(attempt: 1))
        guard case .streaming(_, let output) = answer else { return _ = Issue.record("no stream") }
        #expect(await output.next() == ByteBuffer(string: "piece") && sink.spans.isEmpty)
        #expect(await output.ending() == record)
        _ = await output.ending()
        #expect(sink.spans.map(\.record) == [record])
    }

    @Test("is none without a sink, and the function sees what its caller sent")
    func untraced() async throws {
        let scripted = ScriptedInvoker { (_, request) throws(InvocationRefusal) in
            ScriptedInvoker.answer(request)
        }
        let invoker = TracedInvoker(scripted, sink: nil) { _ in 200 }
        let parent = "00-\(Self.trace)-\(Self.span)-01"
        _ = try await invoker.invoke(queueFunction, request(parent), as: .asynchronous(attempt: 1))
        #expect(scripted.requests.first?.head.fields[.traceParent] == parent)
        #expect(scripted.requests.first?.head.fields[.traceState] == "a=b")
    }
}

/// One piece of output.
private final class OnePiece: Scheduler.OutputStream {
    private let record: Invocation

    init(record: Invocation) { self.record = record }

    func next() async -> ByteBuffer? { ByteBuffer(string: "piece") }
    func ending() async -> Invocation { record }
    var trailers: HTTPFields { HTTPFields() }
    func cancel() {}
}
