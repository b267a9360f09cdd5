// SPDX-License-Identifier: Apache-2.0
// Aliases, and revisions besides the current one: how they are set, prepared and looked up.

package import FunctionModel
import FunctionStore
import Logging
import Synchronization

/// What calls of a function can name besides its current revision.
package struct FunctionVersions: Hashable, Sendable {
    package var function: FunctionName
    /// By name.
    package var aliases: [FunctionAlias]
    /// With pools, besides the current one; by number.
    package var revisions: [Revision]

    package init(function: FunctionName, aliases: [FunctionAlias], revisions: [Revision]) {
        self.function = function
        self.aliases = aliases
        self.revisions = revisions
    }
}

extension Catalog {
    /// The functions that have aliases, or revisions with pools besides the current one.
    ///
    /// Does not block.
    package func versions() -> [FunctionVersions] {
        snapshot.withLock { $0.versions }.map { name, known in
            let revisions = known.served.values.map(\.revision).sorted { $0.number < $1.number }
            return FunctionVersions(function: name, aliases: known.aliases, revisions: revisions)
        }
    }

    /// The aliases of a function, by name; nil when there is no function of this name.
    ///
    /// Does not block.
    package func aliases(of name: FunctionName) -> [FunctionAlias]? {
        snapshot.withLock { snapshot in
            snapshot.entries[name].map { _ in snapshot.versions[name]?.aliases ?? [] }
        }
    }

    /// The revisions that a function keeps, newest first; empty for an unknown one.
    ///
    /// - Throws: ``CatalogError/storage(reason:)``.
    package func keptRevisions(of name: FunctionName) async throws(CatalogError) -> [Revision] {
        try await stored { repositories throws(StoreError) in
            try await repositories.functions.revisions(of: name)
        }
    }

    /// Makes an alias lead to its revisions; calls under way finish where they began.
    ///
    /// - Throws: ``CatalogError``; the alias is unchanged then.
    package func setAlias(_ alias: FunctionAlias, of name: FunctionName) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            _ = try await self.applyNewest(expectsCalls: true)
            guard let known = self.aliases(of: name) else { throw .unknownFunction(name) }
            let aliases = (known.filter { $0.name != alias.name } + [alias]).sorted { $0.name < $1.name }
            let added = try await self.entries(
                name,
                numbers: self.snapshot.withLock { $0.missing(name, [alias]) }
            )
            do throws(CatalogError) {
                try await self.stored { repositories throws(StoreError) in
                    try await repositories.functions.setAlias(
                        alias,
                        of: name,
                        countMax: FunctionAlias.countMax
                    )
                }
            } catch {
                self.close(added.compactMap { $0.live?.pool }, refusingWaiters: true)
                throw error
            }
            let closed = self.snapshot.withLock { $0.aliasesChanged(name, aliases, added: added) }
            self.close(closed, refusingWaiters: false)
        }
    }

    /// Removes an alias.
    ///
    /// - Throws: ``CatalogError/unknownAlias(_:_:)`` among others.
    package func removeAlias(_ alias: AliasName, of name: FunctionName) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            _ = try await self.applyNewest(expectsCalls: true)
            guard let known = self.aliases(of: name) else { throw .unknownFunction(name) }
            let wasThere = try await self.stored { repositories throws(StoreError) in
                try await repositories.functions.removeAlias(alias, of: name)
            }
            guard wasThere else { throw .unknownAlias(name, alias) }
            let aliases = known.filter { $0.name != alias }
            let closed = self.snapshot.withLock { $0.aliasesChanged(name, aliases, added: []) }
            self.close(closed, refusingWaiters: false)
        }
    }

    /// Gives a kept revision a pool, so that it can be called by its number.
    ///
    /// - Throws: ``CatalogError/unknownRevision(_:_:)`` among others.
    package func serve(_ name: FunctionName, revision number: Int) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            guard self.current(name) != nil else { throw .unknownFunction(name) }
            guard self.snapshot.withLock({ $0.lookup(name, revision: number) }) == nil else { return }
            for entry in try await self.entries(name, numbers: [number], keepsWarm: false) {
                if let pool = self.snapshot.withLock({ $0.served(entry) }) {
                    self.fleet.close(pool, refusingWaiters: false)
                }
            }
        }
    }

    /// See ``FunctionDirectory``.
    func lookup(_ name: FunctionName, _ version: FunctionVersion) async throws(InvocationRefusal)
        -> FunctionLookup
    {
        let number: Int
        switch version {
        case .revision(let given): number = given
        case .alias(let alias):
            let draw = Int.random(in: 0..<CallShare.whole.thousandths)
            guard let found = snapshot.withLock({ $0.alias(alias, of: name) }) else {
                throw .unknownVersion(name, version)
            }
            number = found.revision(at: draw)
        }
        if let found = snapshot.withLock({ $0.lookup(name, revision: number) }) { return found }
        do throws(CatalogError) { try await serve(name, revision: number) } catch {
            switch error {
            case .unknownFunction: throw .unknownFunction(name.text)
            case .unknownRevision: throw .unknownVersion(name, version)
            case .storage, .unavailable:
                throw .unavailable(
                    reason: error.description,
                    retryAfterSeconds: Dispatcher.retryAfterSeconds
                )
            default: throw .cannotStart(reason: error.description)
            }
        }
        guard let found = snapshot.withLock({ $0.lookup(name, revision: number) }) else {
            throw .unknownVersion(name, version)
        }
        return found
    }

    /// Applies the aliases of a change; a revision that cannot serve answers with the reason.
    func applyAliases(_ change: CatalogueChanges.Change) async {
        guard let known = aliases(of: change.function), known != change.aliases else { return }
        let missing = snapshot.withLock { $0.missing(change.function, change.aliases) }
        var added: [CatalogSnapshot.Entry] = []
        for revision in change.aliased where missing.contains(revision.number) {
            added.append(await entryOrFailure(revision))
        }
        let closed = snapshot.withLock { $0.aliasesChanged(change.function, change.aliases, added: added) }
        close(closed, refusingWaiters: false)
    }

    /// A revision with a pool, or with the reason why it has none.
    func entryOrFailure(_ revision: Revision) async -> CatalogSnapshot.Entry {
        do throws(CatalogError) { return try await prepareEntry(revision, keepsWarm: true) } catch {
            logger.error(
                "A revision cannot be restored",
                metadata: [
                    "function": "\(revision.function)", "revision": "\(revision.number)",
                    "reason": "\(error)",
                ]
            )
            return CatalogSnapshot.Entry(revision: revision, failure: error.description)
        }
    }

    private func entries(_ name: FunctionName, numbers: [Int], keepsWarm: Bool = true)
        async throws(CatalogError) -> [CatalogSnapshot.Entry]
    {
        guard !numbers.isEmpty else { return [] }
        let kept = try await keptRevisions(of: name)
        var made: [CatalogSnapshot.Entry] = []
        do throws(CatalogError) {
            for number in numbers {
                guard let revision = kept.first(where: { $0.number == number }) else {
                    throw .unknownRevision(name, number)
                }
                made.append(try await prepareEntry(revision, keepsWarm: keepsWarm))
            }
        } catch {
            close(made.compactMap { $0.live?.pool }, refusingWaiters: true)
            throw error
        }
        return made
    }

    /// - Parameters:
    ///   - revision: it is not the current one.
    ///   - keepsWarm: whether its `warm.min` counts; a revision that was merely called by its number keeps nothing.
    /// - Returns: what the snapshot has of it.
    /// - Throws: ``CatalogError`` when it cannot be served.
    private func prepareEntry(_ revision: Revision, keepsWarm: Bool) async throws(CatalogError)
        -> CatalogSnapshot.Entry
    {
        try checkServed(revision.configuration)
        let prepared = try await preparer.prepare(
            revision.function,
            .digest(revision.imageDigest, reference: revision.imageReference),
            revision.configuration
        )
        var configuration = revision.configuration
        if !keepsWarm { configuration.warm.min = 0 }
        return makeEntry(revision, prepared, PoolSettings(configuration, expectsCall: false))
    }
}
