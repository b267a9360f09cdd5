// SPDX-License-Identifier: Apache-2.0
// An answer whose head goes out before the function has ended. FunctionHandler makes it; Hummingbird's writer
// pulls it.

import FunctionModel
import HTTPTypes
import Hummingbird
import Scheduler

/// Output on its way to the client, as fast as the client takes it.
struct FunctionStreaming: Sendable {
    let output: any OutputStream
    let ledger: Ledger
    /// Whether the client takes trailers.
    var sendsTrailers = true

    /// The head, and the body behind it.
    ///
    /// A function that names no type may speak events: its first output tells.
    func response(to request: Request) async -> Response {
        var headers = HTTPFields()
        var first: ByteBuffer?
        if let type = ledger.function.contentType {
            headers[.contentType] = type
        } else {
            first = await output.next()
            headers[.contentType] = EventStream.type(of: first, for: request.headers)
        }
        headers[.callID] = ledger.call.id
        if sendsTrailers { headers[.trailer] = "X-Exit-Code, X-Duration-Seconds" }
        let begun = first
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { try await write(begun, to: &$0) }
        )
    }

    /// Sends everything, then the trailers.
    ///
    /// - Throws: when the function failed or the client went away. The connection is then closed without the
    ///   end of the chunked body, so that no client can take the body for whole (RFC 9112, section 8).
    @concurrent private func write(_ first: ByteBuffer?, to writer: inout any ResponseBodyWriter) async throws
    {
        let failure = await withTaskCancellationHandler {
            await forward(first, to: &writer)
        } onCancel: {
            output.cancel()
        }
        let record = await output.ending()
        if let failure {
            ledger.account(status: Outcome.cancelled.httpStatus, record)
            throw failure
        }
        ledger.account(status: record.outcome == .ok ? 200 : record.outcome.httpStatus, record)
        let isWhole = record.outcome == .ok
        guard sendsTrailers else {
            guard isWhole else { throw Abandoned() }
            return try await writer.finish(nil)
        }
        guard isWhole || record.limitsReached != nil else { throw Abandoned() }
        var trailers = HTTPFields()
        ledger.appendEnding(record, to: &trailers)
        if !isWhole { ledger.call.connection.abort() }
        try await writer.finish(trailers)
        if !isWhole { throw Abandoned() }
    }

    @concurrent private func forward(_ first: ByteBuffer?, to writer: inout any ResponseBodyWriter) async
        -> (any Error)?
    {
        var next = first
        if next == nil { next = await output.next() }
        while let piece = next {
            await ledger.call.connection.turns.next()
            do {
                try await writer.write(piece)
            } catch {
                output.cancel()
                return error
            }
            next = await output.next()
        }
        return nil
    }
}
