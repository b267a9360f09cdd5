// SPDX-License-Identifier: Apache-2.0
// What runs now: list, stop, kill. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import Glibc
import HTTPTypes
import Hummingbird
import Scheduler

/// GET /v1/running, and POST stop and kill below it.
struct RunningAPI: Sendable {
    let running: any RunningWork

    /// A longer grace is a mistake of its unit: the request waits for the end.
    private static let graceMax = TimeSpan.seconds(3600)

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.running, [.get: list])
        router.resource(APIPattern.runningStop.pattern, [.post: stop])
        router.resource(APIPattern.runningKill.pattern, [.post: kill])
    }

    /// `function`: only its calls; `namespace`: only those of its functions.
    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = context.query("function").flatMap { $0.isEmpty ? nil : $0 }
        let function = try name.map { try context.function($0) }
        let namespace = try context.namespace()
        let found = await running.list(of: function).filter { container in
            namespace == nil || container.function?.namespace == namespace
        }
        return try WireJSON.response(found.map(RunningBody.init))
    }

    /// `signal`: a number, in place of the image's; `grace`: in place of the function's, or of 10 s.
    @Sendable private func stop(_ request: Request, _ context: OwnContext) async throws -> Response {
        let grace = try context.query("grace").map { text in
            let span = try TimeSpan(text, field: "grace")
            guard (0...Self.graceMax.nanoseconds).contains(span.nanoseconds) else {
                throw ModelError(field: "grace", value: text, expected: "0s to \(Self.graceMax)")
            }
            return span
        }
        let request = EndRequest.stop(
            signal: try context.query("signal").map(Self.signal),
            grace: grace.map { .nanoseconds($0.nanoseconds) }
        )
        return try await end(context, request)
    }

    /// `signal`: a number; SIGKILL without one.
    @Sendable private func kill(_ request: Request, _ context: OwnContext) async throws -> Response {
        try await end(context, .signal(try context.query("signal").map(Self.signal) ?? SIGKILL))
    }

    private static func signal(_ text: String) throws -> Int32 {
        guard let number = Int32(text), (1...SignalNumber.max).contains(number) else {
            throw ModelError(field: "signal", value: text, expected: "a number from 1 to \(SignalNumber.max)")
        }
        return number
    }

    private func end(_ context: OwnContext, _ request: EndRequest) async throws -> Response {
        let name = context.parameters.get("id") ?? ""
        switch await running.end(name, request) {
        case .done(let id, let hasEnded):
            return try WireJSON.response(EndedBody(id: id, hasEnded: hasEnded))
        case .unknown:
            throw Problem(404, .unknownCall, "nothing of the name '\(name)' runs; it may have ended")
        case .ambiguous(let count):
            throw Problem(
                409,
                .conflict,
                "'\(name)' may mean \(count) that run; name one by its id or container, as 'faasctl ps' shows it"
            )
        }
    }
}

extension RunningBody {
    init(_ one: RunningContainer) {
        self.init(
            kind: one.kind.rawValue,
            id: one.id,
            image: one.image,
            container: one.container,
            startedAt: one.startedAt,
            state: one.isStopping ? "stopping" : "running"
        )
        function = one.function?.text
        ports = one.ports.isEmpty ? nil : one.ports
        cpuMilliseconds = one.usage?.cpuMilliseconds
        memoryBytes = one.usage?.memoryBytes
        processes = one.usage?.processCount
    }
}
