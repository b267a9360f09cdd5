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

    /// What the pools of every function hold, sorted by name; does not read the store.
    ///
    /// Of each function only its name and its pools are copied: a scrape of thousands asks for no more.
    package func loads() -> [FunctionLoad] {
        let pools = snapshot.withLock { state in
            let versions = state.versions
            return state.entries.map { name, entry in (name, Self.pools(entry, versions[name])) }
        }
        return pools.sorted { $0.0 < $1.0 }.map { load($0.0, $0.1).load }
    }

    /// One function's status; its pools are those of all revisions that are served.
    private func status(_ entry: CatalogSnapshot.Entry, _ versions: CatalogSnapshot.Versions?, count: Int)
        -> FunctionStatus
    {
        var status = FunctionStatus(revision: entry.revision)
        let (load, current) = load(entry.revision.function, Self.pools(entry, versions))
        status.invocationCount = count
        status.failure = if let current { current.failure } else { entry.failure }
        status.warm = load.warm
        status.running = load.running
        status.waiting = load.waiting
        status.template = load.template
        return status
    }

    /// The pool of the current revision, if it has one, and those of the other revisions that are served.
    private static func pools(_ entry: CatalogSnapshot.Entry, _ versions: CatalogSnapshot.Versions?)
        -> (current: PoolNumber?, others: [PoolNumber])
    {
        (entry.live?.pool, versions?.served.values.compactMap { $0.live?.pool } ?? [])
    }

    /// - Returns: the sums, and the pool of the current revision.
    private func load(_ name: FunctionName, _ pools: (current: PoolNumber?, others: [PoolNumber]))
        -> (load: FunctionLoad, current: PoolStatus?)
    {
        var load = FunctionLoad(name)
        let current = pools.current.flatMap { fleet.status($0) }
        let others = pools.others.lazy.compactMap { [fleet] in fleet.status($0) }
        for pool in [current].compactMap({ $0 }) + others {
            load.warm += pool.warm
            load.running += pool.running
            load.waiting += pool.waiting
        }
        load.template = current?.template
        return (load, current)
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
