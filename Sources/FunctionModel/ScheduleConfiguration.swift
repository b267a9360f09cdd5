// SPDX-License-Identifier: Apache-2.0
// One entry of `schedules:`. The expression's own syntax is checked by Scheduler, which has the time zones.

/// The handling of a run that is due while the previous one still runs.
package enum OverlapPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    case allow, skip, queue, replace
}

/// The handling of runs that were due while the gateway was down.
package enum MissedPolicy: String, Hashable, Sendable, Codable, CaseIterable { case skip, once, all }

/// The times at which a function runs, and its input.
package struct ScheduleConfiguration: Hashable, Sendable, Codable {
    package var cron: String
    /// IANA name; UTC when absent.
    package var timezone: String?
    package var overlap: OverlapPolicy = .skip
    package var missed: MissedPolicy = .once
    /// How late a missed run may still start.
    package var deadline: TimeSpan = .seconds(3600)
    /// Body of the run's request.
    package var input: String = ""

    package init(cron: String) { self.cron = cron }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case cron, timezone, overlap, missed, deadline, input
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        cron = try values.decode(String.self, forKey: .cron)
        timezone = try values.decodeIfPresent(String.self, forKey: .timezone)
        overlap = try values.decodeIfPresent(OverlapPolicy.self, forKey: .overlap) ?? overlap
        missed = try values.decodeIfPresent(MissedPolicy.self, forKey: .missed) ?? missed
        deadline = try values.decodeIfPresent(TimeSpan.self, forKey: .deadline) ?? deadline
        input = try values.decodeIfPresent(String.self, forKey: .input) ?? input
    }
}
