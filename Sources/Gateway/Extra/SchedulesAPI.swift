// SPDX-License-Identifier: Apache-2.0
// Schedules with their next due times. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// GET /v1/schedules.
struct SchedulesAPI: Sendable {
    let catalog: any FunctionCatalog

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.schedules, [.get: list])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.query("function").map { text throws(ModelError) in
            try context.function(text)
        }
        let namespace = try context.namespace()
        if let name, catalog.current(name) == nil { throw Problem.unknownFunction(name.text) }
        let bodies = try await catalog.schedules().filter { name == nil || $0.function == name }
            .filter { namespace == nil || $0.function.namespace == namespace }.map {
                schedule in
                var body = ScheduleBody(
                    function: schedule.function,
                    index: schedule.index,
                    schedule.configuration
                )
                body.nextDue = schedule.nextDue
                body.lastRun = schedule.lastRun
                return body
            }
        return try WireJSON.response(bodies)
    }
}
