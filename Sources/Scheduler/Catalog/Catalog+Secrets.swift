// SPDX-License-Identifier: Apache-2.0
// Changes of secrets for functions that are deployed already. Gateway's secret API calls it.

import FunctionModel
import Synchronization

extension Catalog {
    /// Lets new invocations see a secret's new value; running ones keep the old one.
    ///
    /// The revisions stay as they are: only the sandboxes are replaced. A function that cannot be prepared, for
    /// example because another of its secrets is missing, serves nothing, and its status says why: it must not go on
    /// with the old value.
    ///
    /// - Parameters:
    ///   - name: the secret that was made, or whose value was replaced.
    ///   - namespace: of the secret, and so of the functions.
    /// - Throws: ``CatalogError`` of the first function that cannot be prepared for a reason of the gateway's.
    package func secretChanged(_ name: String, in namespace: String) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            var failure: CatalogError?
            for revision in self.users(of: name, in: namespace) {
                do throws(CatalogError) {
                    let choice = ImageChoice.digest(revision.imageDigest, reference: revision.imageReference)
                    let prepared = try await self.preparer.prepare(
                        revision.function,
                        choice,
                        revision.configuration
                    )
                    self.switchInMemory(revision, prepared)
                } catch {
                    self.suspend(revision, reason: error.description)
                    if case .unknownSecret = error { continue }
                    failure = failure ?? error
                }
            }
            await self.renewVersions(with: name, in: namespace)
            if let failure { throw failure }
        }
    }

    /// Removes a secret, unless functions use it.
    ///
    /// - Parameters:
    ///   - name: the secret.
    ///   - namespace: of the secret, and so of the functions.
    ///   - force: remove it nevertheless; the functions then serve nothing, and their status has the reason.
    ///   - remove: removes the file; no deploy runs meanwhile.
    /// - Throws: ``CatalogError/secretInUse(_:_:)``, or what `remove` throws.
    package func removeSecret(
        _ name: String,
        in namespace: String,
        force: Bool,
        _ remove: @Sendable () async throws -> Void
    ) async throws {
        try await turn.take { () async throws in
            let users = self.users(of: name, in: namespace)
            let aliased = self.versions(with: name, in: namespace).filter(\.isAliased).map(
                \.revision.function
            )
            let functions = Set(users.map(\.function)).union(aliased).sorted()
            guard functions.isEmpty || force else { throw CatalogError.secretInUse(name, functions) }
            try await remove()
            for revision in users {
                self.suspend(revision, reason: CatalogError.unknownSecret(name).description)
            }
            await self.renewVersions(with: name, in: namespace)
        }
    }

    private func users(of secret: String, in namespace: String) -> [Revision] {
        revisions().filter { $0.uses(secret, of: namespace) }
    }

    /// The revisions besides the current ones that use a secret.
    private func versions(with secret: String, in namespace: String) -> [(
        revision: Revision, isAliased: Bool
    )] {
        snapshot.withLock { $0.versions }.values.flatMap { known in
            let aliased = known.aliased
            return known.served.values.map(\.revision)
                .filter { $0.uses(secret, of: namespace) }
                .map { ($0, aliased.contains($0.number)) }
        }
    }

    /// Prepares revisions of aliases again; those that were called by number are prepared by their next call.
    private func renewVersions(with secret: String, in namespace: String) async {
        for (revision, isAliased) in versions(with: secret, in: namespace) {
            let pool: PoolNumber?
            if isAliased {
                let entry = await entryOrFailure(revision)
                pool = snapshot.withLock { $0.served(entry) }
            } else {
                pool = snapshot.withLock { $0.unserved(revision.function, revision.number) }
            }
            close([pool].compactMap { $0 }, refusingWaiters: false)
        }
    }
}

extension Revision {
    /// Whether it needs a secret of a namespace; functions of other namespaces never do.
    fileprivate func uses(_ secret: String, of namespace: String) -> Bool {
        function.namespace == namespace && configuration.usedSecrets.contains(secret)
    }
}
