// SPDX-License-Identifier: Apache-2.0
// The history of invocations. OwnPaths adds it.

import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird

/// GET /v1/invocations and GET /v1/invocations/ID.
struct HistoryAPI: Sendable {
    let catalog: any FunctionCatalog
    let store: any HistoryRepository
    let recorder: InvocationRecorder

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.invocations, [.get: list])
    }

    /// `function`, `namespace`, `failed`, `since` (RFC 3339), `limit`, and `before`: a time, or the last id of the page before.
    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        var query = InvocationQuery()
        if let name = context.query("function"), !name.isEmpty { query.function = try context.function(name) }
        query.namespace = try context.namespace()
        query.failedOnly = context.flag("failed")
        if let text = context.query("since"), !text.isEmpty {
            guard let since = APIJSON.date(text) else {
                throw ModelError(field: "since", value: text, expected: "a time of RFC 3339")
            }
            query.since = since
        }
        if let text = context.query("limit") {
            guard let limit = Int(text), (1...InvocationQuery.limitMax).contains(limit) else {
                throw ModelError(field: "limit", value: text, expected: "1 to \(InvocationQuery.limitMax)")
            }
            query.limit = limit
        }
        if let text = context.query("before"), !text.isEmpty {
            query.before = APIJSON.date(text).map { .time($0) } ?? .invocation(text)
        }
        await recorder.flush()
        // A removed function's history still exists: only a name without a history is unknown.
        if let name = query.function, catalog.current(name) == nil, try await !store.hasHistory(of: name) {
            throw Problem.unknownFunction(name.text)
        }
        return try WireJSON.response(await store.invocations(query))
    }
}
