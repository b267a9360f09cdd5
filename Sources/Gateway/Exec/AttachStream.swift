// SPDX-License-Identifier: Apache-2.0
// The answer that carries the output of a process which entered a container, as frames. ExecAPI makes it.

import FoundationEssentials
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

enum AttachStream {
    /// Takes the caller of a process away with its answer, also when the answer never began.
    private final class Owner: Sendable {
        let process: EnteredProcess
        init(_ process: EnteredProcess) { self.process = process }
        deinit { process.leave() }
    }

    /// The answer; the process ends when it is over, for any cause, unless its caller has detached.
    static func response(_ process: EnteredProcess) -> Response {
        let owner = Owner(process)
        return Response(
            status: .ok,
            headers: [.contentType: AttachFrame.mediaType],
            body: ResponseBody { writer in
                try await send(owner.process, to: &writer)
                try await writer.finish(nil)
            }
        )
    }

    /// The answer about a process that runs on without its caller: its id, and that it was executed or why not.
    static func detached(_ process: EnteredProcess, end: ContainerEndReport?) throws -> Response {
        var bytes = try frame(.started, ContainerStarted(id: process.id)).encoded()
        let ended = ContainerEnded(exitCode: end?.exitCode ?? 0, reason: end?.reason)
        bytes.writeImmutableBuffer(try frame(.ended, ended).encoded())
        return Response(
            status: .ok,
            headers: [.contentType: AttachFrame.mediaType],
            body: ResponseBody(byteBuffer: bytes)
        )
    }

    /// Writes frames as the process writes; it ends when its caller disconnects without having detached.
    @concurrent private static func send(
        _ process: EnteredProcess,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        defer { process.leave() }
        try await withTaskCancellationHandler {
            try await writer.write(frame(.started, ContainerStarted(id: process.id)).encoded())
            while let piece = await process.next() {
                switch piece {
                case .output(let bytes): try await writer.write(AttachFrame.output(bytes).encoded())
                case .errors(let bytes): try await writer.write(AttachFrame.errors(bytes).encoded())
                }
            }
            let end = process.end
            let ended = ContainerEnded(exitCode: end.exitCode, reason: end.reason)
            try await writer.write(frame(.ended, ended).encoded())
        } onCancel: {
            process.leave()
        }
    }

    private enum Kind { case started, ended }

    private static func frame(_ kind: Kind, _ value: some Encodable) throws -> AttachFrame {
        let bytes = ByteBuffer(bytes: try APIJSON.encode(value))
        return kind == .started ? .started(bytes) : .ended(bytes)
    }
}
