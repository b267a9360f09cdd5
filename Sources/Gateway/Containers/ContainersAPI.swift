// SPDX-License-Identifier: Apache-2.0
// Containers that stay: create, list, start, stop, remove. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import Glibc
import HTTPTypes
import Hummingbird
import Scheduler

/// GET and POST /v1/containers, and what is done to one container.
struct ContainersAPI: Sendable {
    let containers: Containers
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.containers, [.get: list, .post: create])
        router.resource(APIPattern.container.pattern, [.get: show, .delete: remove])
        router.resource(APIPattern.containerStart.pattern, [.post: start])
        router.resource(APIPattern.containerStop.pattern, [.post: stop])
        router.resource(APIPattern.containerRestart.pattern, [.post: restart])
        router.resource(APIPattern.containerKill.pattern, [.post: kill])
        router.resource(APIPattern.containerRename.pattern, [.post: rename])
        router.resource(APIPattern.containerPause.pattern, [.post: pause])
        router.resource(APIPattern.containerUnpause.pattern, [.post: unpause])
        router.resource(APIPattern.containerWait.pattern, [.post: wait])
    }

    /// `all`: also those that do not run; `label`: `K` or `K=V`; repeatable.
    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let labels = context.queryAll("label")
        let found = containers.all.map(Self.body).filter { body in
            (context.flag("all") || body.state.status.isActive)
                && labels.allSatisfy { Self.matches($0, body.request.labels) }
        }
        return try WireJSON.response(found.map { Self.shown($0, to: context) })
    }

    static func matches(_ wanted: String, _ labels: [String: String]) -> Bool {
        let parts = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard let value = labels[parts[0]] else { return false }
        return parts.count == 1 || parts[1] == value
    }

    /// Creates a container; starts it with `start` and with `attach`, which answers with its output.
    ///
    /// One that cannot be started stays, as with Docker.
    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(ContainerRequest.self, request, bytesMax: bodyBytesMax)
        let container = try await containers.create(wanted)
        if context.flag("attach") {
            let attachment = container.attach()
            try await container.start()
            return ContainerStreamsAPI.answer(attachment, endsContainer: wanted.isRemoved)
        }
        if context.flag("start") { try await container.start() }
        return try WireJSON.response(Self.body(container), status: .created)
    }

    /// The values of variables may be secrets: callers who only read see their names.
    private static func shown(_ body: ContainerBody, to context: OwnContext) -> ContainerBody {
        guard context.caller?.has(.admin) != true else { return body }
        var body = body
        body.request.environment = body.request.environment.map {
            String($0.prefix { $0 != "=" }) + "=***"
        }
        return body
    }

    private static func body(_ container: Container) -> ContainerBody {
        var body = ContainerBody(container.definition, command: container.command)
        body.ports = container.publishedPorts
        body.exposedPorts = container.exposedPorts.map { "\($0.containerPort)/\($0.transport.rawValue)" }
        body.networks = container.networkPlaces.map {
            NetworkPlaceBody(name: $0.name, address: $0.address.description, aliases: $0.aliases)
        }
        body.state.health = container.health.map(ContainerBody.Health.init)
        return body
    }

    private func container(_ context: OwnContext) throws -> Container {
        try containers.find(context.parameters.get("id") ?? "")
    }

    @Sendable private func show(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(Self.shown(Self.body(try container(context)), to: context))
    }

    /// `force`: ends it first; `volumes` is accepted: a container has no volumes of its own but its writable layer.
    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        try await container(context).remove(force: context.flag("force"))
        return Response(status: .noContent)
    }

    @Sendable private func start(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        try await container.start()
        return try WireJSON.response(Self.body(container))
    }

    /// `grace`: seconds in place of its own; `signal`: a number or name in place of its own.
    @Sendable private func stop(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        try await Self.stop(container, context)
        return try WireJSON.response(Self.body(container))
    }

    /// As stop and start.
    @Sendable private func restart(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        try await Self.stop(container, context)
        try await container.start()
        return try WireJSON.response(Self.body(container))
    }

    private static func stop(_ container: Container, _ context: OwnContext) async throws {
        let grace = try context.query("grace").map { text in
            guard let seconds = Int(text), (-1...ContainerRequest.stopTimeoutMax).contains(seconds) else {
                let expected = "0 to \(ContainerRequest.stopTimeoutMax) seconds, or -1 for no bound"
                throw ModelError(field: "grace", value: text, expected: expected)
            }
            return Duration.seconds(seconds < 0 ? ContainerRequest.stopTimeoutMax : seconds)
        }
        let signal = try context.query("signal").map(Self.signal)
        guard await container.stop(signal: signal, grace: grace) else {
            throw ContainerError.conflict("container \(container.name) has not ended yet; see 'faasctl ps'")
        }
    }

    /// `signal`: a number or name; SIGKILL without one.
    @Sendable private func kill(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        _ = try await container.kill(try context.query("signal").map(Self.signal) ?? SIGKILL)
        return try WireJSON.response(Self.body(container))
    }

    private static func signal(_ text: String) throws -> Int32 {
        guard let number = SignalNumber.of(text) else {
            throw ModelError(
                field: "signal",
                value: text,
                expected: "1 to \(SignalNumber.max), or a name such as TERM"
            )
        }
        return number
    }

    @Sendable private func pause(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        try await container.pause()
        return try WireJSON.response(Self.body(container))
    }

    @Sendable private func unpause(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        try await container.unpause()
        return try WireJSON.response(Self.body(container))
    }

    /// `name`: the new one.
    @Sendable private func rename(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        guard let name = context.query("name"), !name.isEmpty else {
            throw Problem(400, .invalid, "'name' is missing, expected the container's new name")
        }
        try await containers.rename(container, to: name)
        return try WireJSON.response(Self.body(container))
    }

    /// `condition`: `not-running` (the default), `next-exit` or `removed`.
    @Sendable private func wait(_ request: Request, _ context: OwnContext) async throws -> Response {
        let container = try container(context)
        let text = context.query("condition") ?? Container.WaitCondition.notRunning.rawValue
        guard let condition = Container.WaitCondition(rawValue: text) else {
            throw Problem(
                400,
                .invalid,
                "condition: '\(text)' is not valid, expected not-running, next-exit or removed"
            )
        }
        let code = await container.wait(for: condition)
        let error = container.definition.condition.error
        return try WireJSON.response(ContainerWaitBody(exitCode: code, error: error))
    }
}

extension ContainerBody.Health {
    init(_ report: HealthReport) {
        self.init(
            status: report.health,
            failingStreak: report.failingStreak,
            log: report.probes.map { probe in
                Probe(
                    startedAt: probe.startedAt,
                    endedAt: probe.endedAt,
                    exitCode: probe.exitCode,
                    output: probe.output
                )
            }
        )
    }
}

extension ContainerBody {
    init(_ stored: StoredContainer, command: [String]) {
        let condition = stored.condition
        var state = State(
            status: condition.status,
            exitCode: condition.exitCode,
            error: condition.error,
            isOutOfMemory: condition.isOutOfMemory,
            restartCount: condition.restartCount
        )
        state.startedAt = condition.startedAt
        state.finishedAt = condition.finishedAt
        self.init(
            id: stored.id,
            name: stored.name,
            imageDigest: stored.imageDigest,
            command: command,
            createdAt: stored.createdAt,
            state: state,
            request: stored.request
        )
    }
}
