// SPDX-License-Identifier: Apache-2.0
// Going back to an earlier revision. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// POST /v1/functions/NAME/rollback.
struct RollbackAPI: Sendable {
    let catalog: any FunctionCatalog
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.rollback.pattern, [.post: rollback])
    }

    /// As for a deploy: a limited token must not reach secrets or containers that an earlier revision had.
    private func checkReach(_ name: FunctionName, _ number: Int?, _ caller: Caller?) async throws {
        guard let caller, caller.isLimited, let current = catalog.current(name) else { return }
        for kept in try await catalog.keptRevisions(of: name)
        where number.map({ $0 == kept.number }) ?? (kept.number < current.number) {
            let deployment = Deployment(
                name: name,
                imageReference: kept.imageReference,
                configuration: kept.configuration
            )
            try caller.require(deployment, replacing: current)
        }
    }

    /// The body may be empty: the revision before the current one.
    @Sendable private func rollback(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.pathFunction()
        var number: Int?
        if let text = context.query("revision") {
            guard let given = Int(text) else {
                throw ModelError(field: "revision", value: text, expected: "a number")
            }
            number = given
        } else if BodyPlan(request.headers, bytesMax: bodyBytesMax) != .none {
            number = try await WireJSON.decode(RollbackBody.self, request, bytesMax: bodyBytesMax).revision
        }
        try await checkReach(name, number, context.caller)
        let revision = try await catalog.rollback(name, to: number)
        let status = try await catalog.status(name) ?? FunctionStatus(revision: revision)
        return try WireJSON.response(FunctionStatusBody(status, withUsage: false))
    }
}
