// SPDX-License-Identifier: Apache-2.0
// The contract of FunctionRepository for aliases, for every implementation.

import FunctionModel
import FunctionStore
import Testing

@Suite struct AliasContractTests {
    private static func alias(_ name: String, _ shares: [Int: Double]) throws -> FunctionAlias {
        try FunctionAlias(
            name: AliasName(name),
            targets: FunctionAlias.targets(shares.map { ($0.key, $0.value) })
        )
    }

    @Test(
        "an alias is set, replaced and removed as a whole, and other processes see it",
        arguments: RepositoryMaker.all
    )
    func change(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let hello = try name("hello")
        for _ in 0..<3 { try await pair.first.deployPlain(hello) }
        let start = try await pair.second.changes(since: .none).version
        let canary = try Self.alias("prod", [1: 90, 2: 9.5, 3: 0.5])
        try await pair.first.setAlias(canary, of: hello, countMax: 2)
        let set = try await pair.second.changes(since: start)
        #expect(set.changes.map(\.aliases) == [[canary]])
        #expect(set.changes.map { $0.aliased.map(\.number) } == [[1, 2]])
        let switched = try Self.alias("prod", [2: 100])
        try await pair.first.setAlias(switched, of: hello, countMax: 2)
        try await pair.first.setAlias(Self.alias("beta", [3: 100]), of: hello, countMax: 2)
        let both = try await pair.second.changes(since: set.version)
        #expect(both.changes.map { $0.aliases.map(\.name.text) } == [["beta", "prod"]])
        #expect(both.changes.first?.aliases.last == switched)
        #expect(try await pair.first.removeAlias(AliasName("beta"), of: hello))
        #expect(try await !pair.second.removeAlias(AliasName("beta"), of: hello))
        let last = try await pair.second.changes(since: both.version)
        #expect(last.changes.map(\.aliases) == [[switched]])
    }

    @Test("an alias to what does not exist changes nothing", arguments: RepositoryMaker.all)
    func refused(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let hello = try name("hello")
        try await pair.first.deployPlain(hello)
        let prod = try Self.alias("prod", [1: 100])
        try await pair.first.setAlias(prod, of: hello, countMax: 1)
        let before = try await pair.first.changes(since: .none)
        await #expect(throws: StoreError.unknownRevision(hello, number: 2)) {
            try await pair.first.setAlias(Self.alias("prod", [1: 50, 2: 50]), of: hello, countMax: 1)
        }
        await #expect(throws: StoreError.tooManyAliases(hello, max: 1)) {
            try await pair.first.setAlias(Self.alias("beta", [1: 100]), of: hello, countMax: 1)
        }
        let other = try name("other")
        await #expect(throws: StoreError.unknownFunction(other)) {
            try await pair.first.setAlias(prod, of: other, countMax: 1)
        }
        #expect(try await pair.first.changes(since: .none) == before)
        try await pair.first.setAlias(prod, of: hello, countMax: 1)
    }

    @Test(
        "an alias keeps its revisions and their images, and goes with the function",
        arguments: RepositoryMaker.all
    )
    func keeps(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let hello = try name("hello")
        try await pair.first.deployPlain(hello, digest: .sample("aa"))
        for _ in 0..<3 { try await pair.first.deployPlain(hello, digest: .sample("bb")) }
        try await pair.first.setAlias(Self.alias("prod", [1: 100]), of: hello, countMax: 4)
        #expect(try await pair.first.pruneRevisions(of: hello, keeping: 1).isEmpty)
        #expect(try await pair.first.revisions(of: hello).map(\.number) == [4, 1])
        #expect(try await pair.second.digestsInUse() == [.sample("aa"), .sample("bb")])
        #expect(try await pair.first.removeAlias(AliasName("prod"), of: hello))
        #expect(try await pair.first.pruneRevisions(of: hello, keeping: 1) == [.sample("aa")])
        try await pair.first.setAlias(Self.alias("prod", [4: 100]), of: hello, countMax: 4)
        #expect(try await pair.first.removeFunction(hello))
        try await pair.first.deployPlain(hello)
        let again = try await pair.second.changes(since: .none).changes.first { $0.function == hello }
        #expect(again?.aliases == [])
    }
}
