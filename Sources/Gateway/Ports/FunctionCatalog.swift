// SPDX-License-Identifier: Apache-2.0
// The part of Scheduler's catalog that the edge needs, as a protocol for tests. Catalog is the only real conformer.

import FunctionModel
import Scheduler

/// Deployed functions: read on every request, changed by the admin API.
protocol FunctionCatalog: Sendable {
    /// Counts up with every change. Does not block.
    var generation: Int { get }
    /// Does not block.
    func revisions() -> [Revision]
    /// Does not block.
    func current(_ name: FunctionName) -> Revision?
    func deploy(_ deployment: Deployment) async throws(CatalogError) -> Revision
    func remove(_ name: FunctionName) async throws(CatalogError)
    func rollback(_ name: FunctionName, to number: Int?) async throws(CatalogError) -> Revision
    /// Aliases, and revisions that are served besides the current ones. Does not block.
    func versions() -> [FunctionVersions]
    /// By name; nil for an unknown function. Does not block.
    func aliases(of name: FunctionName) -> [FunctionAlias]?
    /// Newest first.
    func keptRevisions(of name: FunctionName) async throws(CatalogError) -> [Revision]
    func setAlias(_ alias: FunctionAlias, of name: FunctionName) async throws(CatalogError)
    func removeAlias(_ alias: AliasName, of name: FunctionName) async throws(CatalogError)
    /// Lets a kept revision be called by its number.
    func serve(_ name: FunctionName, revision number: Int) async throws(CatalogError)
    func status(_ name: FunctionName) async throws(CatalogError) -> FunctionStatus?
    func statuses() async throws(CatalogError) -> [FunctionStatus]
    /// What the pools of every function hold, sorted by name.
    func loads() -> [FunctionLoad]
    /// Lets new invocations see a secret's new value.
    func secretChanged(_ name: String, in namespace: String) async throws(CatalogError)
    /// Removes a secret; refused while functions use it, unless forced.
    func removeSecret(
        _ name: String,
        in namespace: String,
        force: Bool,
        _ remove: @Sendable () async throws -> Void
    ) async throws
    func schedules() async throws(CatalogError) -> [ScheduleStatus]
}

extension Catalog: FunctionCatalog {}
