// SPDX-License-Identifier: Apache-2.0
// Schedules with their next due times. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import HTTPTypes
import Hummingbird
import Scheduler

/// GET /v1/schedules.
struct SchedulesAPI: Sendable {
    let catalog: any FunctionCatalog

    /// One schedule; function.yaml's keys, and how it stands.
    private struct Body: Encodable {
        var function: String
        var index: Int
        var cron: String
        var timezone: String
        var overlap: OverlapPolicy
        var missed: MissedPolicy
        var nextDue: Date?
        var lastRun: Date?

        enum CodingKeys: String, CodingKey {
            case function, index, cron, timezone, overlap, missed
            case nextDue = "next_due"
            case lastRun = "last_run"
        }
    }

    func add(to router: RouterGroup<OwnContext>) {
        router.resource("/v1/schedules", [.get: list])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.query("function").map { text throws(ModelError) in try FunctionName(text) }
        if let name, catalog.current(name) == nil { throw Problem.unknownFunction(name.text) }
        let bodies = try await catalog.schedules().filter { name == nil || $0.function == name }.map {
            Body(
                function: $0.function.text,
                index: $0.index,
                cron: $0.configuration.cron,
                timezone: $0.configuration.timezone ?? "UTC",
                overlap: $0.configuration.overlap,
                missed: $0.configuration.missed,
                nextDue: $0.nextDue,
                lastRun: $0.lastRun
            )
        }
        return try WireJSON.response(bodies)
    }
}
