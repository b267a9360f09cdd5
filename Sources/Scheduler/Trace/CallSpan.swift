// SPDX-License-Identifier: Apache-2.0
// One call as a span of a trace. CallTrace of Gateway and TracedInvoker make it at the call's end; Server exports it.

package import FoundationEssentials
package import FunctionModel

/// A call, or one attempt of a queued one, that has ended.
package struct CallSpan: Hashable, Sendable {
    /// What made the call, as far as its span says it.
    package enum Origin: Hashable, Sendable {
        case http(method: String)
        /// An attempt of an asynchronous call, from 1; attempts that a gateway's death cut short do not count.
        case asynchronous(attempt: Int)
        /// A schedule's expression, and the time that the call is for.
        case schedule(cron: String, due: Date)

        /// As records have it.
        package var trigger: Trigger {
            switch self {
            case .http: .http
            case .asynchronous: .asynchronous
            case .schedule: .schedule
            }
        }
    }

    package var context: TraceContext
    /// The caller's span; nil when the trace begins here.
    package var parentID: String?
    package var function: FunctionName
    package var callID: String
    package var origin: Origin
    /// HTTP status, as the edge's table gives it; nil for a function that is gone.
    package var status: Int?
    /// Unix time in nanoseconds.
    package var started: Int64
    package var ended: Int64
    /// Nil when nothing ran.
    package var record: Invocation?

    package init(
        context: TraceContext,
        parentID: String?,
        function: FunctionName,
        callID: String,
        origin: Origin,
        status: Int?,
        started: Int64,
        ended: Int64,
        record: Invocation?
    ) {
        self.context = context
        self.parentID = parentID
        self.function = function
        self.callID = callID
        self.origin = origin
        self.status = status
        self.started = started
        self.ended = ended
        self.record = record
    }
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
