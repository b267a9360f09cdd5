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

    func response() -> Response {
        var headers = HTTPFields()
        headers[.contentType] = ledger.function.contentType
        headers[.callID] = ledger.call.id
        if sendsTrailers { headers[.trailer] = "X-Exit-Code, X-Duration-Seconds" }
        return Response(status: .ok, headers: headers, body: ResponseBody { try await write(to: &$0) })
    }

    /// Sends everything, then the trailers.
    ///
    /// - Throws: when the function failed or the client went away. The connection is then closed without the
    ///   terminating chunk, so that no client can take the body for whole (RFC 9112, section 8).
    @concurrent private func write(to writer: inout any ResponseBodyWriter) async throws {
        let failure = await withTaskCancellationHandler {
            await forward(to: &writer)
        } onCancel: {
            output.cancel()
        }
        let record = await output.ending()
        if let failure {
            ledger.account(status: Outcome.cancelled.httpStatus, record)
            throw failure
        }
        ledger.account(status: record.outcome == .ok ? 200 : record.outcome.httpStatus, record)
        guard record.outcome == .ok else { throw Abandoned() }
        guard sendsTrailers else { return try await writer.finish(nil) }
        var trailers = HTTPFields()
        ledger.appendEnding(record, to: &trailers)
        try await writer.finish(trailers)
    }

    @concurrent private func forward(to writer: inout any ResponseBodyWriter) async -> (any Error)? {
        while let piece = await output.next() {
            await ledger.call.connection.turns.next()
            do {
                try await writer.write(piece)
            } catch {
                output.cancel()
                return error
            }
        }
        return nil
    }
}
