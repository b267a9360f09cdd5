// SPDX-License-Identifier: Apache-2.0
// New values of secrets for functions that are deployed already. Gateway's secret API calls it.

import FunctionModel

extension Catalog {
    /// Lets new invocations see a secret's new value; running ones keep the old one.
    ///
    /// The revisions stay as they are: only the sandboxes are made anew.
    ///
    /// - Parameter name: the secret whose value was replaced.
    /// - Throws: ``CatalogError`` of the first function that cannot be prepared; the others are done.
    package func secretChanged(_ name: String) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            var failure: CatalogError?
            for revision in self.revisions() where revision.configuration.secrets.contains(name) {
                do throws(CatalogError) {
                    let choice = ImageChoice.digest(revision.imageDigest, reference: revision.imageReference)
                    let prepared = try await self.preparer.prepare(
                        revision.function,
                        choice,
                        revision.configuration
                    )
                    self.switchInMemory(revision, prepared)
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
        }
    }
}
