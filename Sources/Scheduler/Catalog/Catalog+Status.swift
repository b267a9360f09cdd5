// SPDX-License-Identifier: Apache-2.0
// The status of functions and schedules, as list, describe and schedules show it. Gateway asks for it.

import FoundationEssentials
package import FunctionModel
import FunctionStore
import Schedules
import Synchronization

extension Catalog {
    /// The status of a function; nil when there is no function of this name.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    package func status(_ name: FunctionName) async throws(CatalogError) -> FunctionStatus? {
        let count = try await stored { repositories throws(StoreError) in
            try await repositories.history.invocationCount(of: name)
        }
        let (entry, versions) = snapshot.withLock { ($0.entries[name], $0.versions[name]) }
        return entry.map { status($0, versions, count: count) }
    }

    /// The status of every function, sorted by name.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    package func statuses() async throws(CatalogError) -> [FunctionStatus] {
        let counts = try await stored { repositories throws(StoreError) in
            try await repositories.history.invocationCounts()
        }
        let versions = snapshot.withLock { $0.versions }
        return entries.map { entry in
            let name = entry.revision.function
            return status(entry, versions[name], count: counts[name] ?? 0)
        }
    }

    /// One function's status; its pools are those of all revisions that are served.
    private func status(_ entry: CatalogSnapshot.Entry, _ versions: CatalogSnapshot.Versions?, count: Int)
        -> FunctionStatus
    {
        var status = FunctionStatus(revision: entry.revision)
        status.invocationCount = count
        status.failure = entry.failure
        if let pool = entry.live.flatMap({ fleet.status($0.pool) }) {
            status.warm = pool.warm
            status.running = pool.running
            status.waiting = pool.waiting
            status.failure = pool.failure
            status.template = pool.template
        }
        for other in versions?.served.values.map({ $0 }) ?? [] {
            guard let pool = other.live.flatMap({ fleet.status($0.pool) }) else { continue }
            status.warm += pool.warm
            status.running += pool.running
            status.waiting += pool.waiting
        }
        return status
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
