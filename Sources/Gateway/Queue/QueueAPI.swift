// SPDX-License-Identifier: Apache-2.0
// Asynchronous calls for operators. OwnPaths adds it.

import Contracts
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// GET and DELETE /v1/queue, GET and DELETE /v1/queue/ID, POST /v1/queue/ID/retry.
struct QueueAPI: Sendable {
    let queue: any AsynchronousCalls
    let store: any QueueRepository

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.queue, [.get: list, .delete: purge])
        router.resource(APIPattern.queuedCall.pattern, [.get: show, .delete: cancel])
        router.resource(APIPattern.queuedCallRetry.pattern, [.post: retry])
    }

    /// `function`, `namespace`, `state` (several with commas), `limit`, and `before`: the last id of the page before.
    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        var query = QueueQuery()
        query.function = try function(context)
        query.namespace = try context.namespace()
        query.states = try states(context) ?? []
        query.before = context.query("before")
        if let text = context.query("limit") {
            guard let limit = Int(text), (1...QueueQuery.limitMax).contains(limit) else {
                throw ModelError(field: "limit", value: text, expected: "1 to \(QueueQuery.limitMax)")
            }
            query.limit = limit
        }
        return try WireJSON.response(await store.queuedCalls(query).map { QueuedCallBody($0) })
    }

    /// Dead letters, unless `state` names others; all, or those of `function` or `namespace`.
    @Sendable private func purge(_ request: Request, _ context: OwnContext) async throws -> Response {
        let count = try await store.purge(
            states(context) ?? [.failed],
            of: function(context),
            in: context.namespace()
        )
        return try WireJSON.response(PurgeBody(purged: count))
    }

    @Sendable private func show(_ request: Request, _ context: OwnContext) async throws -> Response {
        try await response(try context.callID())
    }

    @Sendable private func cancel(_ request: Request, _ context: OwnContext) async throws -> Response {
        let id = try context.callID()
        switch try await queue.cancel(id) {
        case .done, .asked: return try await response(id)
        case .unknown: throw Problem.unknownCall(id)
        case .refused(let state): throw Problem.wrongState(id, state, "a call that has not ended")
        }
    }

    @Sendable private func retry(_ request: Request, _ context: OwnContext) async throws -> Response {
        let id = try context.callID()
        switch try await queue.retry(id) {
        case .done, .asked: return try await response(id)
        case .unknown: throw Problem.unknownCall(id)
        case .refused(let state): throw Problem.wrongState(id, state, "failed or cancelled")
        }
    }

    private func response(_ id: String) async throws -> Response {
        guard let call = try await store.queuedCall(id) else { throw Problem.unknownCall(id) }
        return try WireJSON.response(QueuedCallBody(call))
    }

    private func function(_ context: OwnContext) throws(ModelError) -> FunctionName? {
        guard let text = context.query("function"), !text.isEmpty else { return nil }
        return try context.function(text)
    }

    private func states(_ context: OwnContext) throws(ModelError) -> Set<QueuedCallState>? {
        guard let text = context.query("state"), !text.isEmpty else { return nil }
        var states: Set<QueuedCallState> = []
        for word in text.split(separator: ",") {
            guard let state = QueuedCallState(rawValue: String(word)) else {
                let known = QueuedCallState.allCases.map(\.rawValue).joined(separator: ", ")
                throw ModelError(field: "state", value: String(word), expected: known)
            }
            states.insert(state)
        }
        return states
    }
}

extension OwnContext {
    /// The path's `:id`, decoded.
    func callID() throws -> String {
        let text = try parameters.require("id")
        return PercentDecoding.decode(text[...]) ?? text
    }
}
