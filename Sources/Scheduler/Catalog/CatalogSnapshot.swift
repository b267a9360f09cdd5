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

    private(set) var entries: [FunctionName: Entry] = [:]
    /// Counts up with every change.
    private(set) var generation = 0

    /// A revision becomes the current one of its function.
    ///
    /// - Returns: the pool that served the function until now.
    mutating func switched(_ entry: Entry) -> PoolNumber? {
        generation += 1
        return entries.updateValue(entry, forKey: entry.revision.function)?.live?.pool
    }

    /// A function is gone.
    ///
    /// - Returns: the pool that served it.
    mutating func removed(_ name: FunctionName) -> PoolNumber? {
        guard let entry = entries.removeValue(forKey: name) else { return nil }
        generation += 1
        return entry.live?.pool
    }

    func lookup(_ name: FunctionName) -> FunctionLookup {
        guard let entry = entries[name] else { return .unknown }
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
