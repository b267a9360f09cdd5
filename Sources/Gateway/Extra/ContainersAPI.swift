// SPDX-License-Identifier: Apache-2.0
// One container attached to its caller: its output is the answer, and it ends with the connection. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// POST /v1/containers, and input, size and signals below it.
struct ContainersAPI: Sendable {
    let containers: AttachedContainers
    let bodyBytesMax: Int

    /// Input taken at once; a caller sends more in further requests, one after the other.
    static let inputBytesMax = 1 << 20

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.containers, [.post: start])
        router.resource(APIPattern.containerInput.pattern, [.post: input])
        router.resource(APIPattern.containerSize.pattern, [.post: resize])
        router.resource(APIPattern.containerSignal.pattern, [.post: signal])
    }

    /// Ends a container with its answer, also when the answer never began.
    private final class ContainerOwner: Sendable {
        let container: AttachedContainer
        init(_ container: AttachedContainer) { self.container = container }
        deinit { container.close() }
    }

    /// A mistake in the request is a problem body; once the container runs, its last frame reports the end.
    @Sendable private func start(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(ContainerRequest.self, request, bytesMax: bodyBytesMax)
        let owner = ContainerOwner(try await containers.start(wanted))
        return Response(
            status: .ok,
            headers: [.contentType: AttachFrame.mediaType],
            body: ResponseBody { writer in
                try await Self.send(owner.container, to: &writer)
                try await writer.finish(nil)
            }
        )
    }

    /// Writes frames as the container does; the container ends when its caller disconnects.
    @concurrent private static func send(
        _ container: AttachedContainer,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        defer { container.close() }
        try await withTaskCancellationHandler {
            let started = try APIJSON.encode(ContainerStarted(id: container.id))
            try await writer.write(AttachFrame.started(ByteBuffer(bytes: started)).encoded())
            while let piece = await container.next() {
                switch piece {
                case .output(let bytes): try await writer.write(AttachFrame.output(bytes).encoded())
                case .errors(let bytes): try await writer.write(AttachFrame.errors(bytes).encoded())
                }
            }
            let end = container.end
            let ended = try APIJSON.encode(ContainerEnded(exitCode: end.exitCode, reason: end.reason))
            try await writer.write(AttachFrame.ended(ByteBuffer(bytes: ended)).encoded())
        } onCancel: {
            container.close()
        }
    }

    private func container(_ context: OwnContext) throws -> AttachedContainer {
        guard let id = context.parameters.get("id"), let container = containers.find(id) else {
            throw Problem(404, .unknownPath, "no such container; it may have ended")
        }
        return container
    }

    /// The body goes to stdin; `end` closes it behind that.
    @Sendable private func input(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        let bytes = try await request.body.collect(upTo: Self.inputBytesMax)
        guard await container.write(bytes) else {
            throw Problem(
                409,
                .conflict,
                "another request writes to this container; send one after the other"
            )
        }
        if context.flag("end") { container.closeInput() }
        return Response(status: .noContent)
    }

    /// `rows` and `columns`.
    @Sendable private func resize(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        guard let rows = context.query("rows").flatMap(UInt16.init),
            let columns = context.query("columns").flatMap(UInt16.init)
        else { throw Problem(400, .invalid, "'rows' and 'columns' have to be numbers up to 65535") }
        container.resize(rows: rows, columns: columns)
        return Response(status: .noContent)
    }

    /// `number`, as kill(1) has it.
    @Sendable private func signal(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        guard let number = context.query("number").flatMap(Int32.init), (1...64).contains(number) else {
            throw Problem(400, .invalid, "'number' has to be a signal, 1 to 64")
        }
        container.signal(number)
        return Response(status: .noContent)
    }
}
