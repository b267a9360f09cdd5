// SPDX-License-Identifier: Apache-2.0
// The functions that exist and the revision each one serves. Gateway and faasctl drive it; Dispatcher reads it.

package import FunctionModel

/// Deployed functions, in memory and in the store.
package final class Catalog: Sendable {
    /// Old revisions kept for rollback. Five cover a bad day's deploys; more only hold disk.
    package static let revisionsKept = 5

    /// Makes a new revision and switches new calls to it; running calls finish on the old one.
    ///
    /// - Throws: ``CatalogError``; the function is unchanged then.
    package func deploy(_ deployment: Deployment) async throws(CatalogError) -> Revision {
        throw .unavailable(reason: "not started")
    }

    /// Takes a function away; running calls finish.
    ///
    /// - Throws: ``CatalogError``.
    package func remove(_ name: FunctionName) async throws(CatalogError) {
        throw .unavailable(reason: "not started")
    }

    /// Serves an earlier revision's image and configuration again, under a new revision number.
    ///
    /// - Parameters:
    ///   - name: the function.
    ///   - number: the revision to go back to; nil means the one before the current one.
    /// - Throws: ``CatalogError``.
    package func rollback(_ name: FunctionName, to number: Int?) async throws(CatalogError) -> Revision {
        throw .unavailable(reason: "not started")
    }

    /// The revision that new calls get. Does not block.
    package func current(_ name: FunctionName) -> Revision? { nil }

    /// Every current revision, sorted by name. Does not block.
    package func revisions() -> [Revision] { [] }

    /// Counts up with every change, so that a route table knows when to rebuild. Does not block.
    package var generation: Int { 0 }

    /// How a function stands.
    package func status(_ name: FunctionName) async -> FunctionStatus? { nil }

    /// How every function stands, sorted by name.
    package func statuses() async -> [FunctionStatus] { [] }

    /// Every schedule with its next due time, sorted by function and index.
    package func schedules() async -> [ScheduleStatus] { [] }
}
