// SPDX-License-Identifier: Apache-2.0
// Answers that are sent while the function runs: InvokeWithResponseStream. LambdaAPI drives it.

import Contracts
import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import NIOCore
import Scheduler

extension LambdaInvocations {
    /// The longest payload of one event; clients read a message whole.
    private static let pieceBytesMax = 256 << 10

    func stream(_ call: LambdaCall) async throws -> Response {
        let type = call.request.headers[.invocationType] ?? "RequestResponse"
        guard ["RequestResponse", "DryRun"].contains(type) else {
            throw LambdaError.parameter(
                "InvocationType: '\(type.prefix(32))' is not valid, expected RequestResponse or DryRun"
            )
        }
        var prepared = try await prepare(call)
        if type == "DryRun" {
            try await checkVersion(prepared)
            return LambdaCall.done
        }
        prepared.invocation.wantsStream = true
        let answer = try await start(prepared, call)
        var headers: HTTPFields = [
            .contentType: EventStream.mediaType, .callID: call.context.call.id,
        ]
        // Of one that streams, only its end says which revision an alias has led to.
        if case .complete(_, _, let record) = answer {
            headers[.executedVersion] = prepared.version(record.revision)
        } else if case .alias? = prepared.invocation.version {
        } else {
            headers[.executedVersion] = prepared.reference.qualifier ?? FunctionReference.latest
        }
        let kept = prepared
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { try await write(answer, kept, to: &$0) }
        )
    }

    /// Sends the answer in pieces, then how it ended.
    @concurrent private func write(
        _ answer: InvocationAnswer,
        _ prepared: Prepared,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        let record: Invocation
        var failure: LambdaPayload?
        switch answer {
        case .complete(_, let output, let ended):
            record = ended
            if record.outcome == .ok { try await send(output, to: &writer) }
            failure = record.outcome == .ok ? nil : Self.failure(output, record)
        case .streaming(_, let output):
            let lost = await withTaskCancellationHandler {
                await forward(output, to: &writer)
            } onCancel: {
                output.cancel()
            }
            record = await output.ending()
            if let lost {
                prepared.accounting.account(record)
                throw lost
            }
            if record.outcome != .ok { failure = Self.failure(ByteBuffer(), record) }
        case .redirected(_, let ended):
            record = ended
            failure = LambdaPayload(error: "Runtime.InvalidResponse", "the function redirects", id: record.id)
        }
        prepared.accounting.account(record)
        try await writer.write(await completion(failure, record, prepared))
        try await writer.finish(nil)
    }

    /// Sends what comes; stops the function when the client has left, and returns why.
    @concurrent private func forward(_ output: any OutputStream, to writer: inout any ResponseBodyWriter)
        async
        -> (any Error)?
    {
        while let piece = await output.next() {
            do { try await send(piece, to: &writer) } catch {
                output.cancel()
                return error
            }
        }
        return nil
    }

    @concurrent private func send(_ bytes: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        var rest = bytes
        while let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytesMax)),
            piece.readableBytes > 0
        {
            try await writer.write(
                EventStream.event("PayloadChunk", contentType: "application/octet-stream", piece)
            )
        }
    }

    private func completion(_ failure: LambdaPayload?, _ record: Invocation, _ prepared: Prepared) async
        -> ByteBuffer
    {
        var members: [(name: String, value: JSONText.Value)] = []
        if let failure {
            members.append(("ErrorCode", .string(failure.functionError ?? "Unhandled")))
            members.append(("ErrorDetails", .string(String(buffer: failure.bytes))))
        }
        if prepared.wantsLog {
            let text = await log(record.id, Self.logBytesMax)
            members.append(("LogResult", .string(Data(text.utf8).base64EncodedString())))
        }
        let payload = ByteBuffer(string: JSONText.object(members))
        return EventStream.event("InvokeComplete", contentType: MediaName.json, payload)
    }
}
