// SPDX-License-Identifier: Apache-2.0
// From the repository to memory: every function at the start, and what other processes change afterwards.

import FunctionModel
import FunctionStore
import Logging
import Synchronization

extension Catalog {
    /// Pause between two checks of the catalogue's version: a check is one read of an index.
    static let changesPause = Duration.seconds(2)

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
            let since = self.applied.withLock { $0 }
            let found = try await self.stored { repositories throws(StoreError) in
                try await repositories.functions.changes(since: since)
            }
            for change in found.changes { await self.apply(change, expectsCalls) }
            self.applied.withLock { $0 = found.version }
        }
    }

    private func apply(_ change: CatalogueChanges.Change, _ expectsCall: Bool) async {
        let current = current(change.function)
        guard change.revision?.number != current?.number else { return }
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
        await notify(revision.function, revision)
    }
}
