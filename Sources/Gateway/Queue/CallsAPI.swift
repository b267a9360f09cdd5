// SPDX-License-Identifier: Apache-2.0
// One call by its id, asynchronous or not: its state, its record, its output. OwnPaths adds it.

import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird
import NIOCore
import Scheduler

/// GET /v1/invocations/ID and /v1/invocations/ID/output.
struct CallsAPI: Sendable {
    let store: any QueueRepository
    let history: any HistoryRepository
    let recorder: InvocationRecorder

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.call.pattern, [.get: show])
        router.resource(APIPattern.callOutput.pattern, [.get: output])
    }

    @Sendable private func show(_ request: Request, _ context: OwnContext) async throws -> Response {
        let id = try context.callID()
        await recorder.flush()
        var query = InvocationQuery()
        query.id = id
        query.limit = 1
        let record = try await history.invocations(query).first
        if let call = try await store.queuedCall(id) {
            return try WireJSON.response(QueuedCallBody(call, record: record))
        }
        guard let record else { throw Problem.unknownCall(id) }
        return try WireJSON.response(QueuedCallBody(record: record))
    }

    /// What an asynchronous call's last attempt answered, with its Content-Type.
    @Sendable private func output(_ request: Request, _ context: OwnContext) async throws -> Response {
        let id = try context.callID()
        guard let call = try await store.queuedCall(id), let content = try await store.output(of: id) else {
            throw Problem(404, .unknownCall, "no output of a call '\(id.prefix(CallID.lengthMax))' is kept")
        }
        let type = call.result?.head.map(QueuedAnswer.fields)?[.contentType]
        return Response(
            status: .ok,
            headers: [.contentType: type ?? "application/octet-stream"],
            body: try Self.body(content, id)
        )
    }

    private static func body(_ content: QueueContent, _ id: String) throws -> ResponseBody {
        switch content {
        case .none: return ResponseBody()
        case .bytes(let bytes): return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .file(let file):
            return ResponseBody(contentLength: file.sizeBytes) { writer in
                var reader = try QueuedFileReader(file)
                while let piece = try reader.next() { try await writer.write(piece) }
                try await writer.finish(nil)
            }
        }
    }
}
