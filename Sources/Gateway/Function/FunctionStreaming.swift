// SPDX-License-Identifier: Apache-2.0
// An answer whose head goes out before the function has ended. FunctionHandler makes it; Hummingbird's writer
// pulls it.

import Contracts
import FunctionModel
import HTTPTypes
import Hummingbird
import Scheduler

/// Streams output to the client, as fast as the client takes it.
struct FunctionStreaming: Sendable {
    let head: ResponseHead
    let output: any OutputStream
    let accounting: CallAccounting
    /// Whether trailers follow: the client takes them, and the body's end is not known from its length.
    let sendsTrailers: Bool

    init(head: ResponseHead, output: any OutputStream, accounting: CallAccounting, takesTrailers: Bool) {
        self.head = head
        self.output = output
        self.accounting = accounting
        sendsTrailers = takesTrailers && head.bodyBytes == nil && head.status != 101
    }

    /// The head, and the body behind it.
    func response() -> Response {
        var headers = head.fields
        headers[.contentLength] = head.bodyBytes.map { String($0) }
        headers[.callID] = accounting.call.id
        if sendsTrailers {
            headers[.trailer] = (head.trailerNames + ["X-Exit-Code", "X-Duration-Seconds"]).joined(
                separator: ", "
            )
        }
        return Response(
            status: .init(code: head.status),
            headers: headers,
            body: ResponseBody { try await write(to: &$0) }
        )
    }

    /// Sends everything, then the trailers.
    ///
    /// - Throws: when the function failed or the client went away. The connection is then closed without the
    ///   end of the chunked body, so that no client can take the body for whole (RFC 9112, section 8).
    @concurrent private func write(to writer: inout any ResponseBodyWriter) async throws {
        let failure = await withTaskCancellationHandler {
            await forward(to: &writer)
        } onCancel: {
            output.cancel()
        }
        let record = await output.ending()
        accounting.account(record)
        if let failure { throw failure }
        let isWhole = record.outcome == .ok
        guard sendsTrailers else {
            guard isWhole else { throw Abandoned() }
            return try await writer.finish(nil)
        }
        guard isWhole || record.limitsReached != nil else { throw Abandoned() }
        var trailers = isWhole ? output.trailers : HTTPFields()
        accounting.appendEnding(record, to: &trailers)
        if !isWhole { accounting.call.connection.abort() }
        try await writer.finish(trailers)
        if !isWhole { throw Abandoned() }
    }

    @concurrent private func forward(to writer: inout any ResponseBodyWriter) async -> (any Error)? {
        while let piece = await output.next() {
            await accounting.call.connection.turns.next()
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
