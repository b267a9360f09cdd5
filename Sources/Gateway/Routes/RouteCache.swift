// SPDX-License-Identifier: Apache-2.0
// Keeps the current route table. Edge asks it once per request.

import FunctionModel
import Scheduler
import Synchronization

/// The route table of the catalog's present generation.
final class RouteCache: Sendable {
    private struct Snapshot: Sendable {
        var generation: Int
        var table: RouteTable
    }

    let catalog: any FunctionCatalog
    private let metrics: MetricsRegistry
    private let rates = RateRegistry()
    private let snapshot: Mutex<Snapshot>

    init(_ catalog: any FunctionCatalog, metrics: MetricsRegistry) {
        self.catalog = catalog
        self.metrics = metrics
        let table = RouteTable([], metrics: metrics.function)
        // A generation that no catalog has, so that the first request builds the table.
        snapshot = Mutex(Snapshot(generation: -1, table: table))
    }

    /// The table, rebuilt by the first request after a change.
    ///
    /// The generation is read before the functions: a change in between only makes the next request build again.
    func table() -> RouteTable {
        let generation = catalog.generation
        let known = snapshot.withLock { $0 }
        if known.generation == generation { return known.table }
        let revisions = catalog.revisions()
        let versions = catalog.versions()
        let table = RouteTable(
            revisions,
            versions: versions,
            metrics: metrics.function,
            rate: rates.limiter
        )
        metrics.keepOnly(Set(revisions.map(\.function)))
        rates.keepOnly(revisions + versions.flatMap(\.revisions))
        snapshot.withLock {
            if $0.generation < generation { $0 = Snapshot(generation: generation, table: table) }
        }
        return table
    }
}
