// SPDX-License-Identifier: Apache-2.0
// Functions, revisions and references in memory.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore: FunctionRepository {
    func deploy(
        function: FunctionName,
        imageReference: String,
        imageDigest: Digest,
        configuration: FunctionConfiguration,
        createdAt: Date,
        unchangedSince version: CatalogueVersion?
    ) async throws(StoreError) -> Revision {
        try transaction { (tables) throws(StoreError) in
            try tables.check(version)
            guard !tables.containers.contains(where: { $0.name == function.text }) else {
                throw .nameOfContainer(function.text)
            }
            guard tables.namespaces[function.namespace] != nil else {
                throw .unknownNamespace(function.namespace)
            }
            var entry = tables.functions[function] ?? Function()
            entry.lastNumber += 1
            let revision = Revision(
                function: function,
                number: entry.lastNumber,
                imageReference: imageReference,
                imageDigest: imageDigest,
                configuration: configuration,
                createdAt: createdAt
            )
            entry.current = revision.number
            entry.revisions.append(revision)
            tables.raise(function, entry)
            return revision
        }
    }

    func changes(since version: CatalogueVersion) async throws(StoreError) -> CatalogueChanges {
        try transaction { (tables) throws(StoreError) in
            let changed = tables.functions.filter { $0.value.changedIn > version.number }
            let changes = changed.map { name, entry in
                var change = CatalogueChanges.Change(
                    function: name,
                    revision: entry.revisions.first { $0.number == entry.current }
                )
                change.aliases = entry.aliases.values.sorted { $0.name < $1.name }
                change.aliased = entry.revisions.filter {
                    entry.aliased.contains($0.number) && $0.number != entry.current
                }
                return change
            }
            return CatalogueChanges(
                version: CatalogueVersion(number: tables.version),
                changes: changes.sorted { $0.function < $1.function }
            )
        }
    }

    func revisions(of function: FunctionName) async throws(StoreError) -> [Revision] {
        try transaction { (tables) throws(StoreError) in
            tables.functions[function]?.revisions.reversed() ?? []
        }
    }

    @discardableResult
    func setCurrent(
        _ function: FunctionName,
        number: Int,
        unchangedSince version: CatalogueVersion?
    ) async throws(StoreError) -> Revision {
        try transaction { (tables) throws(StoreError) in
            try tables.check(version)
            guard var entry = tables.functions[function], entry.current != nil else {
                throw .unknownFunction(function)
            }
            guard let revision = entry.revisions.first(where: { $0.number == number }) else {
                throw .unknownRevision(function, number: number)
            }
            entry.current = number
            tables.raise(function, entry)
            return revision
        }
    }

    func setAlias(_ alias: FunctionAlias, of function: FunctionName, countMax: Int) async throws(StoreError) {
        try transaction { (tables) throws(StoreError) in
            guard var entry = tables.functions[function], entry.current != nil else {
                throw .unknownFunction(function)
            }
            guard entry.aliases[alias.name] != nil || entry.aliases.count < countMax else {
                throw .tooManyAliases(function, max: countMax)
            }
            let known = Set(entry.revisions.map(\.number))
            if let target = alias.targets.first(where: { !known.contains($0.revision) }) {
                throw .unknownRevision(function, number: target.revision)
            }
            entry.aliases[alias.name] = alias
            tables.raise(function, entry)
        }
    }

    func removeAlias(_ name: AliasName, of function: FunctionName) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard var entry = tables.functions[function], entry.aliases.removeValue(forKey: name) != nil
            else { return false }
            tables.raise(function, entry)
            return true
        }
    }

    func removeFunction(_ function: FunctionName) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            tables.schedules = tables.schedules.filter { $0.key.function != function }
            tables.claims.removeAll { $0.key.function == function }
            guard var entry = tables.functions[function], entry.current != nil else { return false }
            entry.current = nil
            entry.revisions = []
            entry.aliases = [:]
            entry.invocationCount = 0
            tables.raise(function, entry)
            return true
        }
    }

    func pruneRevisions(of function: FunctionName, keeping count: Int) async throws(StoreError) -> [Digest] {
        try transaction { (tables) throws(StoreError) in
            guard var entry = tables.functions[function] else { return [] }
            let kept = Set(entry.revisions.suffix(max(count, 0)).map(\.number)).union(entry.aliased)
            let dropped = entry.revisions.filter { !kept.contains($0.number) && $0.number != entry.current }
            entry.revisions.removeAll { dropped.contains($0) }
            tables.functions[function] = entry
            return Set(dropped.map(\.imageDigest)).subtracting(tables.digests).sorted {
                $0.description < $1.description
            }
        }
    }

    func imageUsers() async throws(StoreError) -> [Digest: [String]] {
        try transaction { (tables) throws(StoreError) in
            let revisions = tables.functions.sorted { $0.key < $1.key }.flatMap(\.value.revisions)
            var users = Dictionary(grouping: revisions, by: \.imageDigest).mapValues { users in
                users.map { "\($0.function) revision \($0.number)" }
            }
            for container in tables.containers.sorted(by: { $0.name < $1.name }) {
                users[container.imageDigest, default: []].append("container \(container.name)")
            }
            return users
        }
    }

    func digestsInUse() async throws(StoreError) -> Set<Digest> {
        try transaction { (tables) throws(StoreError) in
            tables.digests.union(tables.containers.map(\.imageDigest))
        }
    }
}

extension MemoryStore.Tables {
    fileprivate var digests: Set<Digest> { Set(functions.values.flatMap(\.revisions).map(\.imageDigest)) }

    fileprivate func check(_ expected: CatalogueVersion?) throws(StoreError) {
        if let expected, expected.number != version { throw .catalogueChanged }
    }

    fileprivate mutating func raise(_ function: FunctionName, _ entry: MemoryStore.Function) {
        version += 1
        functions[function] = entry
        functions[function]?.changedIn = version
    }
}

extension MemoryStore: ImageReferenceRepository {
    func setReference(_ reference: String, digest: Digest, sizeBytes: Int, createdAt: Date)
        async throws(StoreError)
    {
        let row = StoredReference(
            reference: reference,
            digest: digest,
            sizeBytes: sizeBytes,
            createdAt: createdAt
        )
        try transaction { (tables) throws(StoreError) in tables.references[reference] = row }
    }

    func reference(_ reference: String) async throws(StoreError) -> StoredReference? {
        try transaction { (tables) throws(StoreError) in tables.references[reference] }
    }

    @discardableResult
    func removeReference(_ reference: String) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            tables.references.removeValue(forKey: reference) != nil
        }
    }

    func references() async throws(StoreError) -> [StoredReference] {
        try transaction { (tables) throws(StoreError) in
            tables.references.values.sorted { $0.reference < $1.reference }
        }
    }
}
