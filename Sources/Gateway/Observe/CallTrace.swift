// SPDX-License-Identifier: Apache-2.0
// The trace of one call over HTTP, and its span. CallAccounting ends it.

import FunctionModel
import HTTPTypes
import Scheduler

/// The trace that one call belongs to.
struct CallTrace: Sendable {
    /// The call's own span, or the caller's where calls are not traced.
    let context: TraceContext
    private let parentID: String?
    private let method: String
    /// Nil where calls are not traced.
    private let sink: (any SpanSink)?

    /// Begins a span below that of the caller, or a trace.
    ///
    /// Nil where there is neither a sink nor a caller's trace.
    ///
    /// - Parameters:
    ///   - fields: of the request, with the caller's `traceparent` or without one.
    ///   - method: of the request.
    ///   - sink: gets the span at its end; nil: the caller's context is all there is.
    init?(_ fields: HTTPFields, method: HTTPRequest.Method, _ sink: (any SpanSink)?) {
        let caller = fields[.traceParent].flatMap { TraceContext($0) }
        self.method = method.rawValue
        self.sink = sink
        parentID = caller?.spanID
        if sink != nil {
            var random = SystemRandomNumberGenerator()
            context = caller?.child(using: &random) ?? TraceContext(using: &random)
        } else {
            guard let caller else { return nil }
            context = caller
        }
    }

    /// The trace's id where the trace is sampled.
    var sampledID: String? { context.isSampled ? context.traceID : nil }

    /// Shows the function this call's span as its parent; without spans the caller's fields stay as they came.
    func apply(to fields: inout HTTPFields) {
        guard sink != nil else { return }
        context.apply(to: &fields, isRoot: parentID == nil)
    }

    /// The call has ended.
    ///
    /// - Parameters:
    ///   - function: that was called.
    ///   - call: the request.
    ///   - status: of the answer.
    ///   - record: nil when nothing ran.
    func end(_ function: FunctionName, _ call: ReceivedCall, status: Int, _ record: Invocation?) {
        guard let sink, context.isSampled else { return }
        sink.take(
            CallSpan(
                context: context,
                parentID: parentID,
                function: function,
                callID: call.id,
                origin: .http(method: method),
                status: status,
                started: call.arrived.unixNanoseconds,
                ended: WallTime.now().unixNanoseconds,
                record: record
            )
        )
    }
}
