// SPDX-License-Identifier: Apache-2.0
// The functions in memory, as a pure value. Catalog changes it under a lock, after the store has agreed.

import FunctionModel

/// Every current revision, and which pool serves it.
struct CatalogSnapshot: Sendable {
    struct Entry: Sendable {
        var revision: Revision
        /// Nil when the image cannot be used; then ``failure`` says why.
        var live: LiveFunction?
        var failure: String?
    }

    /// What calls can name besides the current revision.
    struct Versions: Sendable {
        /// By name.
        var aliases: [FunctionAlias] = []
        /// Revisions with pools, besides the current one: those of aliases, and those that were called by number.
        var served: [Int: Entry] = [:]

        /// The revisions of aliases.
        var aliased: Set<Int> { Set(aliases.flatMap(\.targets).map(\.revision)) }

        /// Gives up the revisions that no alias needs; one of them that is called again is prepared again.
        mutating func dropUnaliased() -> [PoolNumber] {
            let kept = aliased
            let dropped = served.filter { !kept.contains($0.key) }
            for number in dropped.keys { served[number] = nil }
            return dropped.values.compactMap { $0.live?.pool }
        }
    }

    private(set) var entries: [FunctionName: Entry] = [:]
    /// Of the functions that have any.
    private(set) var versions: [FunctionName: Versions] = [:]
    /// Counts up with every change.
    private(set) var generation = 0

    /// A revision becomes the current one of its function.
    ///
    /// The one before it goes on serving when an alias leads to it.
    /// - Returns: the pools that serve the function no more.
    mutating func switched(_ entry: Entry) -> [PoolNumber] {
        generation += 1
        let name = entry.revision.function
        let old = entries.updateValue(entry, forKey: name)
        guard var known = versions[name] else { return [old?.live?.pool].compactMap { $0 } }
        var closed: [PoolNumber?] = []
        if let old, old.revision.number != entry.revision.number, known.aliased.contains(old.revision.number)
        {
            known.served[old.revision.number] = old
        } else {
            closed.append(old?.live?.pool)
        }
        closed.append(known.served.removeValue(forKey: entry.revision.number)?.live?.pool)
        closed += known.dropUnaliased()
        versions[name] = known.aliases.isEmpty ? nil : known
        return closed.compactMap { $0 }
    }

    /// The aliases of a function are others now.
    ///
    /// - Parameters:
    ///   - name: the function; it is there.
    ///   - aliases: all of them, by name.
    ///   - added: their revisions that had no pool.
    /// - Returns: the pools that no alias needs any more.
    mutating func aliasesChanged(_ name: FunctionName, _ aliases: [FunctionAlias], added: [Entry])
        -> [PoolNumber]
    {
        generation += 1
        var known = versions[name] ?? Versions()
        known.aliases = aliases
        var closed = added.compactMap { known.served.updateValue($0, forKey: $0.revision.number)?.live?.pool }
        closed += known.dropUnaliased()
        versions[name] = known.aliases.isEmpty ? nil : known
        return closed
    }

    /// A revision besides the current one has a pool, or its pool is another one.
    ///
    /// - Returns: the pool that served it until now; or the given one's, when it has become the current revision.
    mutating func served(_ entry: Entry) -> PoolNumber? {
        let (name, number) = (entry.revision.function, entry.revision.number)
        guard let current = entries[name], current.revision.number != number else { return entry.live?.pool }
        generation += 1
        return versions[name, default: Versions()].served.updateValue(entry, forKey: number)?.live?.pool
    }

    /// A revision besides the current one is not served any more.
    ///
    /// - Returns: its pool.
    mutating func unserved(_ name: FunctionName, _ number: Int) -> PoolNumber? {
        generation += 1
        return versions[name]?.served.removeValue(forKey: number)?.live?.pool
    }

    /// The revisions of a function without a pool that aliases name.
    func missing(_ name: FunctionName, _ aliases: [FunctionAlias]) -> [Int] {
        let wanted = Set(aliases.flatMap(\.targets).map(\.revision))
        let known = versions[name]?.served ?? [:]
        return wanted.filter { $0 != entries[name]?.revision.number && known[$0] == nil }.sorted()
    }

    /// A function is gone.
    ///
    /// - Returns: the pools that served it.
    mutating func removed(_ name: FunctionName) -> [PoolNumber] {
        guard let entry = entries.removeValue(forKey: name) else { return [] }
        generation += 1
        let others = versions.removeValue(forKey: name)?.served.values.map { $0 } ?? []
        return ([entry] + others).compactMap { $0.live?.pool }
    }

    func lookup(_ name: FunctionName) -> FunctionLookup {
        guard let entry = entries[name] else { return .unknown }
        return Self.lookup(entry)
    }

    /// Looks up a revision by its number; nil when it is not served now.
    func lookup(_ name: FunctionName, revision number: Int) -> FunctionLookup? {
        guard let entry = entries[name] else { return .unknown }
        if entry.revision.number == number { return Self.lookup(entry) }
        return versions[name]?.served[number].map(Self.lookup)
    }

    /// An alias of a function; nil when there is none of this name.
    func alias(_ alias: AliasName, of name: FunctionName) -> FunctionAlias? {
        versions[name]?.aliases.first { $0.name == alias }
    }

    private static func lookup(_ entry: Entry) -> FunctionLookup {
        if let live = entry.live { return .live(live) }
        return .broken(entry.revision, reason: entry.failure ?? "the function cannot start")
    }

    /// A route of the configuration that another function has already, and that function.
    func conflict(of name: FunctionName, _ routes: [Route]) -> (Route, FunctionName)? {
        let wanted = Set(routes)
        for (other, entry) in entries where other != name {
            if let route = entry.revision.configuration.routes.first(where: wanted.contains) {
                return (route, other)
            }
        }
        return nil
    }
}
