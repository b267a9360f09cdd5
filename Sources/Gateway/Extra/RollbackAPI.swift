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

    /// The body may be empty: the revision before the current one.
    @Sendable private func rollback(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try FunctionName(context.parameters.require("name"))
        var number: Int?
        if let text = context.query("revision") {
            guard let given = Int(text) else {
                throw ModelError(field: "revision", value: text, expected: "a number")
            }
            number = given
        } else if BodyPlan(request.headers, bytesMax: bodyBytesMax) != .none {
            number = try await WireJSON.decode(RollbackBody.self, request, bytesMax: bodyBytesMax).revision
        }
        let revision = try await catalog.rollback(name, to: number)
        let status = try await catalog.status(name) ?? FunctionStatus(revision: revision)
        return try WireJSON.response(FunctionStatusBody(status, withUsage: false))
    }
}
