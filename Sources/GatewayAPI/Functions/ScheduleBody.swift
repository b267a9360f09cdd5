// SPDX-License-Identifier: Apache-2.0
// One schedule of a function: function.yaml's keys, and its due times.

package import FoundationEssentials
package import FunctionModel

/// One element of GET /v1/schedules.
package struct ScheduleBody: Codable, Hashable, Sendable {
    package var function: String
    package var namespace: String?
    /// Position among the function's schedules, from 0.
    package var index: Int
    package var cron: String
    package var timezone: String
    package var overlap: OverlapPolicy
    package var missed: MissedPolicy
    package var nextDue: Date?
    package var lastRun: Date?

    package enum CodingKeys: String, CodingKey {
        case function, namespace, index, cron, timezone, overlap, missed
        case nextDue = "next_due"
        case lastRun = "last_run"
    }

    package init(function: FunctionName, index: Int, _ schedule: ScheduleConfiguration) {
        self.function = function.localName
        namespace = function.namespace
        self.index = index
        cron = schedule.cron
        timezone = schedule.timezone ?? "UTC"
        overlap = schedule.overlap
        missed = schedule.missed
    }
}
