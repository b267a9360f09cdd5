// SPDX-License-Identifier: Apache-2.0
// From the repository to memory: every function at the start, and what other processes change afterwards.

import FunctionModel
import FunctionStore
import Logging
import Synchronization

extension Catalog {
    /// Pause between two checks of the catalogue's version: a check is one read of an index.
    static let changesPause = Duration.seconds(2)
    /// Attempts of one change: each one that fails is another gateway's deploy that succeeded.
    static let changeAttemptsMax = 16

    /// Restores every function of the repository; one whose image is damaged answers with the reason.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    func restore() async throws(CatalogError) { try await applyChanges(expectsCalls: false) }

    /// Applies what other processes change, until its task is cancelled.
    func followChanges() async {
        var hasFailed = false
        while !Task.isCancelled {
            // A cancelled sleep is the end.
            _ = try? await Task.sleep(for: Self.changesPause)
            guard !Task.isCancelled else { return }
            do throws(CatalogError) {
                try await applyChanges(expectsCalls: true)
                hasFailed = false
            } catch {
                if !hasFailed {
                    logger.error("The catalogue cannot be read", metadata: ["reason": "\(error)"])
                }
                hasFailed = true
            }
        }
    }

    /// Applies every change since the version that was applied last; changes made here are in memory already.
    ///
    /// - Parameter expectsCalls: whether sandboxes are made ahead.
    /// - Throws: ``CatalogError/storage(reason:)``; the same changes come again with the next call.
    func applyChanges(expectsCalls: Bool) async throws(CatalogError) {
        // Within a turn: between a change here and its switch in memory the two differ.
        try await turn.take { () async throws(CatalogError) in
            _ = try await self.applyNewest(expectsCalls: expectsCalls)
        }
    }

    /// As ``applyChanges(expectsCalls:)``, within a turn that the caller has.
    ///
    /// - Returns: the version that the memory agrees with now.
    func applyNewest(expectsCalls: Bool) async throws(CatalogError) -> CatalogueVersion {
        let since = applied.withLock { $0 }
        let found = try await stored { repositories throws(StoreError) in
            try await repositories.functions.changes(since: since)
        }
        for change in found.changes { await apply(change, expectsCalls) }
        applied.withLock { $0 = found.version }
        return found.version
    }

    /// Makes one change of the repository, checked against the functions of every process; within a turn.
    ///
    /// - Parameters:
    ///   - check: compares the change with the functions in memory.
    ///   - change: hands the version that was checked to the repository; again when another process was faster.
    /// - Returns: the result of `change`.
    /// - Throws: ``CatalogError``: of `check`, of the repository, or ``CatalogError/unavailable(reason:)`` after
    ///   ``changeAttemptsMax`` attempts.
    func storedOnNewest<Value>(
        _ check: () throws(CatalogError) -> Void,
        _ change: (any FunctionRepository, CatalogueVersion) async throws(StoreError) -> Value
    ) async throws(CatalogError) -> Value {
        for _ in 0..<Self.changeAttemptsMax {
            let version = try await applyNewest(expectsCalls: true)
            try check()
            do throws(StoreError) {
                return try await change(repositories.functions, version)
            } catch .catalogueChanged {
                continue
            } catch {
                throw CatalogError(error)
            }
        }
        throw .unavailable(reason: "other gateways change the functions without a pause; try again")
    }

    private func apply(_ change: CatalogueChanges.Change, _ expectsCall: Bool) async {
        let current = current(change.function)
        guard change.revision?.number != current?.number else { return await applyAliases(change) }
        guard let revision = change.revision else { return await removeInMemory(change.function) }
        do throws(CatalogError) {
            try checkServed(revision.configuration)
            let prepared = try await preparer.prepare(
                revision.function,
                .digest(revision.imageDigest, reference: revision.imageReference),
                revision.configuration
            )
            switchInMemory(revision, prepared, expectsCall: expectsCall)
        } catch {
            logger.error(
                "A function cannot be restored",
                metadata: ["function": "\(revision.function)", "reason": "\(error)"]
            )
            suspend(revision, reason: error.description)
        }
        await applyAliases(change)
        await notify(revision.function, revision)
    }
}
