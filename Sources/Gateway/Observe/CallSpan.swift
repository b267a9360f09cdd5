// SPDX-License-Identifier: Apache-2.0
// One call as a span of a trace. CallAccounting makes it at the call's end; Server exports it.

package import FunctionModel
import HTTPTypes

/// A call that has ended.
package struct CallSpan: Hashable, Sendable {
    package var context: TraceContext
    /// The caller's span; nil when the trace begins here.
    package var parentID: String?
    package var function: FunctionName
    package var callID: String
    package var method: String
    package var status: Int
    /// Unix time in nanoseconds.
    package var started: Int64
    package var ended: Int64
    /// Nil when nothing ran.
    package var record: Invocation?
}

/// What became of the spans since the start.
package struct SpanCounts: Hashable, Sendable {
    /// The collector has taken them.
    package var exported = 0
    /// There was no room for them, or the collector did not take them.
    package var dropped = 0

    package init() {}
}

/// Takes spans; never waits.
package protocol SpanSink: Sendable {
    /// Takes one, or counts it as dropped when there is no room.
    func take(_ span: CallSpan)
    var counts: SpanCounts { get }
}

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
        fields[.traceParent] = context.field
        // Says something of a trace that does not go on.
        if parentID == nil { fields[.traceState] = nil }
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
                method: method,
                status: status,
                started: call.arrived.unixNanoseconds,
                ended: WallTime.now().unixNanoseconds,
                record: record
            )
        )
    }
}
