// SPDX-License-Identifier: Apache-2.0
// Namespaces in memory.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore: NamespaceRepository {
    /// The default one alone.
    static var startingNamespaces: [String: FunctionNamespace] {
        let name = FunctionName.defaultNamespace
        let namespace = try? FunctionNamespace(name: name, createdAt: Date(timeIntervalSince1970: 0))
        return namespace.map { [name: $0] } ?? [:]
    }

    func namespaces() async throws(StoreError) -> [FunctionNamespace] {
        try transaction { (tables) throws(StoreError) in tables.namespaces.values.sorted { $0.name < $1.name }
        }
    }

    func namespace(_ name: String) async throws(StoreError) -> FunctionNamespace? {
        try transaction { (tables) throws(StoreError) in tables.namespaces[name] }
    }

    func createNamespace(_ namespace: FunctionNamespace, countMax: Int) async throws(StoreError)
        -> NamespaceCreation
    {
        try transaction { (tables) throws(StoreError) in
            guard tables.namespaces[namespace.name] == nil else { return .exists }
            guard tables.namespaces.count < countMax else { return .full }
            tables.namespaces[namespace.name] = namespace
            return .created
        }
    }

    func updateNamespace(_ namespace: FunctionNamespace) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard let known = tables.namespaces[namespace.name] else { return false }
            var changed = namespace
            changed.createdAt = known.createdAt
            tables.namespaces[namespace.name] = changed
            return true
        }
    }

    func removeNamespace(_ name: String) async throws(StoreError) -> NamespaceRemoval {
        try transaction { (tables) throws(StoreError) in
            guard tables.namespaces[name] != nil else { return .unknown }
            let users = tables.functions.filter { $0.key.namespace == name && $0.value.current != nil }.keys
            guard users.isEmpty else { return .inUse(users.sorted()) }
            tables.namespaces[name] = nil
            return .removed
        }
    }
}
