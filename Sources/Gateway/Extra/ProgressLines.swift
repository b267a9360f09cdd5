// SPDX-License-Identifier: Apache-2.0
// A long operation as newline-delimited JSON: its events as they come, then its result or error. APIs drive it.

import FoundationEssentials
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageStore

/// Streams the events of one operation.
enum ProgressLines<Event: Sendable> {
    /// Events kept for a client that reads slowly.
    ///
    /// Newer ones replace older ones: a bar that jumps is right again with the next.
    private static var eventsMax: Int { 1024 }

    /// Runs an operation and answers with its lines.
    ///
    /// An operation that fails before it gets anywhere is a problem with a status of its own; afterwards the last
    /// line is a ``ProgressEnd``, the result.
    ///
    /// - Parameters:
    ///   - operation: given a function that takes events from any thread.
    ///   - isProgress: whether an event says that it got somewhere; the head is sent with the first that does.
    ///   - line: one event as JSON.
    /// - Returns: the answer; the operation is cancelled when its client goes away.
    /// - Throws: what the operation throws.
    static func response<Ended: Codable & Sendable>(
        _ operation: @escaping @Sendable (@escaping @Sendable (Event) -> Void) async throws -> Ended,
        isProgress: @escaping @Sendable (Event) -> Bool,
        line: @escaping @Sendable (Event) throws -> Data
    ) async throws -> Response {
        let (events, source) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(eventsMax))
        let task = Task { () -> Result<Ended, any Error> in
            defer { source.finish() }
            do { return .success(try await operation { source.yield($0) }) } catch { return .failure(error) }
        }
        let (early, hasProgress) = await withTaskCancellationHandler {
            await Self.begin(events, isProgress)
        } onCancel: {
            task.cancel()
        }
        if !hasProgress { _ = try await task.value.get() }
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.lines],
            body: ResponseBody { writer in
                do {
                    for event in early { try await write(line(event), to: &writer) }
                    for await event in events { try await write(line(event), to: &writer) }
                    // The events also end when the client goes away, which the operation does not know.
                    if Task.isCancelled { task.cancel() }
                    try await write(lastLine(await task.value), to: &writer)
                } catch {
                    task.cancel()
                    _ = await task.value
                    throw error
                }
                try await writer.finish(nil)
            }
        )
    }

    /// Events up to the first that is progress; there is none when the operation has ended before.
    private static func begin(
        _ events: AsyncStream<Event>,
        _ isProgress: @Sendable (Event) -> Bool
    ) async -> (early: [Event], hasProgress: Bool) {
        var early: [Event] = []
        for await event in events {
            // Of many retries the last few are enough.
            if early.count == eventsMax { early.removeFirst() }
            early.append(event)
            if isProgress(event) { return (early, true) }
        }
        return (early, false)
    }

    @concurrent private static func write(_ json: Data, to writer: inout any ResponseBodyWriter) async throws
    {
        var buffer = ByteBuffer(bytes: json)
        buffer.writeString("\n")
        try await writer.write(buffer)
    }

    private static func lastLine<Ended: Codable & Sendable>(_ result: Result<Ended, any Error>) throws -> Data
    {
        switch result {
        case .success(let ended): return try APIJSON.encode(ProgressEnd(result: ended))
        case .failure(let error):
            let problem = Problem(translating: error)
            return try APIJSON.encode(
                ProgressEnd<Ended>(error: problem.detail, code: problem.code.rawValue)
            )
        }
    }
}
