// SPDX-License-Identifier: Apache-2.0
// Calls functions for the queue and for schedules, each call as a span. Engine makes one for CallQueue and CronService.

import FoundationEssentials
import FunctionModel
import HTTPTypes
import NIOCore
import Synchronization

/// A ``FunctionInvoker`` whose calls become spans where there is a sink.
struct TracedInvoker: Sendable {
    private let invoker: any FunctionInvoker
    /// Nil where calls are not traced; then functions get the caller's `traceparent` as it came.
    private let sink: (any SpanSink)?
    /// The edge's status table.
    private let statusOf: @Sendable (Invocation) -> Int

    init(
        _ invoker: any FunctionInvoker,
        sink: (any SpanSink)?,
        statusOf: @escaping @Sendable (Invocation) -> Int
    ) {
        self.invoker = invoker
        self.sink = sink
        self.statusOf = statusOf
    }

    /// Runs one invocation; see ``FunctionInvoker``.
    ///
    /// The span ends with the answer's record.
    func invoke(_ function: FunctionName, _ request: InvocationRequest, as origin: CallSpan.Origin)
        async throws(InvocationRefusal) -> InvocationAnswer
    {
        guard let sink else { return try await invoker.invoke(function, request) }
        var request = request
        var random = SystemRandomNumberGenerator()
        let trace = AttemptTrace(function, &request, origin, at: Date(), using: &random)
        let end: @Sendable (Invocation) -> Void = { [statusOf] record in
            trace.ended(record, status: statusOf(record), at: Date()).map(sink.take)
        }
        do throws(InvocationRefusal) {
            let answer = try await invoker.invoke(function, request)
            switch answer {
            case .complete(_, _, let record), .redirected(_, let record): end(record)
            case .streaming(let head, let output):
                return .streaming(head, TracedOutput(output, end))
            }
            return answer
        } catch {
            trace.refused(error, statusOf: statusOf, at: Date()).map(sink.take)
            throw error
        }
    }
}

/// Output whose record ends a span.
private final class TracedOutput: OutputStream {
    private let output: any OutputStream
    private let end: @Sendable (Invocation) -> Void
    private let isEnded = Mutex(false)

    init(_ output: any OutputStream, _ end: @escaping @Sendable (Invocation) -> Void) {
        self.output = output
        self.end = end
    }

    func next() async -> ByteBuffer? { await output.next() }

    func ending() async -> Invocation {
        let record = await output.ending()
        let isFirst = isEnded.withLock { isEnded in
            defer { isEnded = true }
            return !isEnded
        }
        if isFirst { end(record) }
        return record
    }

    var trailers: HTTPFields { output.trailers }

    func cancel() { output.cancel() }
}
