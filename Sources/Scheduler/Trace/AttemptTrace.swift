// SPDX-License-Identifier: Apache-2.0
// The span of a call that no client waits for, as a value: where it belongs, and what it says at its end. TracedInvoker
// drives it.

import Contracts
import FoundationEssentials
import FunctionModel
import HTTPTypes

/// One attempt of an asynchronous call, or the call of a schedule, under way.
struct AttemptTrace: Sendable {
    private let context: TraceContext
    private let parentID: String?
    private let function: FunctionName
    private let callID: String
    private let origin: CallSpan.Origin
    private let started: Int64

    /// Begins a span below the one that `request` names, or a trace; the function sees the span as its parent.
    ///
    /// - Parameters:
    ///   - function: that is called.
    ///   - request: of the call; its `traceparent` becomes the span's.
    ///   - origin: what made the call.
    ///   - now: when it begins.
    ///   - random: for the ids.
    init(
        _ function: FunctionName,
        _ request: inout InvocationRequest,
        _ origin: CallSpan.Origin,
        at now: Date,
        using random: inout some RandomNumberGenerator
    ) {
        let parent = request.head.fields[.traceParent].flatMap { TraceContext($0) }
        context = parent?.child(using: &random) ?? TraceContext(using: &random)
        parentID = parent?.spanID
        context.apply(to: &request.head.fields, isRoot: parent == nil)
        self.function = function
        callID = request.id
        self.origin = origin
        started = Self.nanoseconds(now)
    }

    /// The span of a call that ran; nil where the trace is not sampled.
    func ended(_ record: Invocation, status: Int, at now: Date) -> CallSpan? {
        span(status: status, record, now)
    }

    /// The span of a call that did not run; nil where the trace is not sampled.
    ///
    /// An asynchronous call that found no room is made again: that was no attempt, and makes no span.
    ///
    /// - Parameters:
    ///   - refusal: why.
    ///   - statusOf: the edge's status table.
    ///   - now: when it ended.
    /// - Returns: the span.
    func refused(_ refusal: InvocationRefusal, statusOf: (Invocation) -> Int, at now: Date) -> CallSpan? {
        switch refusal {
        case .busy, .unavailable, .serviceDown:
            if case .asynchronous = origin { return nil }
        case .unknownFunction, .unknownVersion: return span(status: nil, nil, now)
        case .cannotStart, .requestTooLarge, .requestInvalid, .bodyFailed, .cancelled: break
        }
        var unrun = Invocation(
            id: callID,
            function: function,
            revision: 0,
            trigger: origin.trigger,
            startedAt: now,
            outcome: refusal == .cancelled ? .cancelled : .platform
        )
        unrun.cause = refusal.cause
        return span(status: statusOf(unrun), nil, now)
    }

    private func span(status: Int?, _ record: Invocation?, _ now: Date) -> CallSpan? {
        guard context.isSampled else { return nil }
        return CallSpan(
            context: context,
            parentID: parentID,
            function: function,
            callID: callID,
            origin: origin,
            status: status,
            started: started,
            ended: Self.nanoseconds(now),
            record: record
        )
    }

    private static func nanoseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1e9) }
}
