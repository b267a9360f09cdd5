// SPDX-License-Identifier: Apache-2.0
// The streams of a container: its output as an answer, its input, its terminal's size, its log. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// Attach, detach, input, size, signals and logs of one container.
struct ContainerStreamsAPI: Sendable {
    let containers: Containers
    /// Their input, size and signals have the same paths.
    let entered: EnteredProcesses?

    /// Input taken at once; a caller sends more in further requests, one after the other.
    static let inputBytesMax = 1 << 20

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.containerAttach.pattern, [.post: attach])
        router.resource(APIPattern.containerInput.pattern, [.post: input])
        router.resource(APIPattern.containerSize.pattern, [.post: resize])
        router.resource(APIPattern.containerSignal.pattern, [.post: signal])
        router.resource(APIPattern.containerDetach.pattern, [.post: detach])
        router.resource(APIPattern.containerLogs.pattern, [.get: logs])
    }

    /// Takes its caller away with the answer, also when the answer never began.
    private final class Caller: Sendable {
        let attachment: ContainerAttachment
        private let endsContainer: Bool

        init(_ attachment: ContainerAttachment, endsContainer: Bool) {
            self.attachment = attachment
            self.endsContainer = endsContainer
        }

        deinit { leave() }

        func leave() {
            attachment.close()
            let container = attachment.container
            guard endsContainer, !container.isDetached else { return }
            // It may have ended already.
            Task { try? await container.remove(force: true) }
        }
    }

    /// The answer that carries a container's output.
    ///
    /// - Parameters:
    ///   - attachment: at its streams.
    ///   - endsContainer: whether it ends with its caller, unless that detaches.
    /// - Returns: a response whose body is frames.
    static func answer(_ attachment: ContainerAttachment, endsContainer: Bool) -> Response {
        let caller = Caller(attachment, endsContainer: endsContainer)
        return Response(
            status: .ok,
            headers: [.contentType: AttachFrame.mediaType],
            body: ResponseBody { writer in
                try await Self.send(caller, to: &writer)
                try await writer.finish(nil)
            }
        )
    }

    /// Writes frames as the container does.
    @concurrent private static func send(
        _ caller: Caller,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        defer { caller.leave() }
        let attachment = caller.attachment
        try await withTaskCancellationHandler {
            let started = try APIJSON.encode(ContainerStarted(id: attachment.container.id))
            try await writer.write(AttachFrame.started(ByteBuffer(bytes: started)).encoded())
            while let piece = await attachment.next() {
                switch piece {
                case .output(let bytes): try await writer.write(AttachFrame.output(bytes).encoded())
                case .errors(let bytes): try await writer.write(AttachFrame.errors(bytes).encoded())
                }
            }
            let end = attachment.end
            let ended = try APIJSON.encode(ContainerEnded(exitCode: end.exitCode, reason: end.reason))
            try await writer.write(AttachFrame.ended(ByteBuffer(bytes: ended)).encoded())
        } onCancel: {
            caller.leave()
        }
    }

    /// `start`: starts it, too.
    @Sendable private func attach(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        if !context.flag("start") {
            guard container.status.isActive else {
                throw ContainerError.conflict("cannot attach to a stopped container, start it first")
            }
            guard container.status != .paused else {
                throw ContainerError.conflict("cannot attach to a paused container, unpause it first")
            }
        }
        let attachment = container.attach()
        if context.flag("start") { try await container.start() }
        return Self.answer(attachment, endsContainer: false)
    }

    private func container(_ context: OwnContext) throws -> Container {
        try containers.find(context.parameters.get("id") ?? "")
    }

    private func streams(_ context: OwnContext) throws -> any InputTaker {
        let id = context.parameters.get("id") ?? ""
        return try entered?.find(id) ?? containers.find(id)
    }

    /// The body goes to stdin; `end` closes it behind that.
    @Sendable private func input(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try streams(context)
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
        let container = try streams(context)
        guard let rows = context.query("rows").flatMap(UInt16.init),
            let columns = context.query("columns").flatMap(UInt16.init)
        else { throw Problem(400, .invalid, "'rows' and 'columns' have to be numbers up to 65535") }
        container.resize(rows: rows, columns: columns)
        return Response(status: .noContent)
    }

    /// The caller disconnects next; what would end with it runs on.
    @Sendable private func detach(_ request: Request, _ context: OwnContext) async throws -> Response {
        try streams(context).detach()
        return Response(status: .noContent)
    }

    /// `number`, as kill(1) has it.
    @Sendable private func signal(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try streams(context)
        guard let number = context.query("number").flatMap(Int32.init), (1...64).contains(number) else {
            throw Problem(400, .invalid, "'number' has to be a signal, 1 to 64")
        }
        container.signal(number)
        return Response(status: .noContent)
    }

    /// `follow`; `since` and `until`: RFC 3339 or seconds since 1970; `tail`: the last lines, `all` for all of them.
    @Sendable private func logs(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        var query = ContainerLogQuery()
        query.follows = context.flag("follow")
        query.since = try Self.moment(context, "since")
        query.until = try Self.moment(context, "until")
        if let text = context.query("tail"), text != "all" {
            guard let tail = Int(text), tail >= 0 else {
                throw Problem(
                    400,
                    .invalid,
                    "tail: '\(text)' is not valid, expected a number of lines or 'all'"
                )
            }
            query.tail = tail
        }
        let reader = container.logs(query)
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.lines],
            body: ResponseBody { writer in
                while let lines = await reader.next() { try await writer.write(ByteBuffer(bytes: lines)) }
                try await writer.finish(nil)
            }
        )
    }

    private static func moment(_ context: OwnContext, _ name: String) throws -> Date? {
        guard let text = context.query(name), !text.isEmpty else { return nil }
        if let seconds = Double(text), seconds.isFinite { return Date(timeIntervalSince1970: seconds) }
        guard let date = APIJSON.date(text) else {
            throw Problem(400, .invalid, "\(name): '\(text)' is not valid, expected a time of RFC 3339")
        }
        return date
    }
}
