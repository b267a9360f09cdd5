// SPDX-License-Identifier: Apache-2.0
// Changes of secrets for functions that are deployed already. Gateway's secret API calls it.

import FunctionModel

extension Catalog {
    /// Lets new invocations see a secret's new value; running ones keep the old one.
    ///
    /// The revisions stay as they are: only the sandboxes are replaced. A function that cannot be prepared, for
    /// example because another of its secrets is missing, serves nothing, and its status says why: it must not go on
    /// with the old value.
    ///
    /// - Parameter name: the secret that was made, or whose value was replaced.
    /// - Throws: ``CatalogError`` of the first function that cannot be prepared for a reason of the gateway's.
    package func secretChanged(_ name: String) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            var failure: CatalogError?
            for revision in self.users(of: name) {
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
            if let failure { throw failure }
        }
    }

    /// Removes a secret, unless functions use it.
    ///
    /// - Parameters:
    ///   - name: the secret.
    ///   - force: remove it nevertheless; the functions then serve nothing, and their status has the reason.
    ///   - remove: removes the file; no deploy runs meanwhile.
    /// - Throws: ``CatalogError/secretInUse(_:_:)``, or what `remove` throws.
    package func removeSecret(
        _ name: String,
        force: Bool,
        _ remove: @Sendable () async throws -> Void
    ) async throws {
        try await turn.take { () async throws in
            let users = self.users(of: name)
            guard users.isEmpty || force else {
                throw CatalogError.secretInUse(name, users.map(\.function))
            }
            try await remove()
            for revision in users {
                self.suspend(revision, reason: CatalogError.unknownSecret(name).description)
            }
        }
    }

    private func users(of secret: String) -> [Revision] {
        revisions().filter { $0.configuration.usedSecrets.contains(secret) }
    }
}
