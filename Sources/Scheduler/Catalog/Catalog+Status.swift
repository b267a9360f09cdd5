// SPDX-License-Identifier: Apache-2.0
// The status of functions and schedules, as list, describe and schedules show it. Gateway asks for it.

import FoundationEssentials
package import FunctionModel
import FunctionStore
import Schedules

extension Catalog {
    /// The status of a function; nil when there is no function of this name.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    package func status(_ name: FunctionName) async throws(CatalogError) -> FunctionStatus? {
        try await statuses().first { $0.revision.function == name }
    }

    /// The status of every function, sorted by name.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    package func statuses() async throws(CatalogError) -> [FunctionStatus] {
        let counts = try await stored { repositories throws(StoreError) in
            try await repositories.history.invocationCounts()
        }
        return entries.map { entry in
            var status = FunctionStatus(revision: entry.revision)
            status.invocationCount = counts[entry.revision.function] ?? 0
            status.failure = entry.failure
            if let pool = entry.live.flatMap({ fleet.status($0.pool) }) {
                status.warm = pool.warm
                status.running = pool.running
                status.waiting = pool.waiting
                status.failure = pool.failure
                status.template = pool.template
            }
            return status
        }
    }

    /// Every schedule with its next due time, sorted by function and index.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    package func schedules() async throws(CatalogError) -> [ScheduleStatus] {
        let states = try await stored { repositories throws(StoreError) in
            try await repositories.schedules.schedules(of: nil)
        }
        let byKey = Dictionary(states.map { ($0.key, $0) }) { first, _ in first }
        return revisions().flatMap { revision -> [ScheduleStatus] in
            // A configuration that was accepted parses; one from an older version may not, and runs nothing.
            let schedules = (try? ScheduleSet(revision.configuration))?.schedules ?? []
            return schedules.enumerated().map { index, schedule in
                let state = byKey[schedule.key(of: revision.function)]
                return ScheduleStatus(
                    function: revision.function,
                    index: index,
                    configuration: schedule.configuration,
                    nextDue: state?.nextDue,
                    lastRun: state?.lastRun
                )
            }
        }
    }
}
