// SPDX-License-Identifier: Apache-2.0
// The contract of FunctionRepository and ImageReferenceRepository, for every implementation.

import FunctionModel
import FunctionStore
import Testing

@Suite struct FunctionContractTests {
    @Test("each change raises the version, and another process reads it once", arguments: RepositoryMaker.all)
    func changes(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let hello = try name("hello")
        let start = try await pair.second.changes(since: .none)
        #expect(start.changes.isEmpty)
        try await pair.first.deployPlain(name("hello"))
        try await pair.first.deployPlain(name("hello"))
        let deployed = try await pair.second.changes(since: start.version)
        #expect(deployed.version > start.version)
        #expect(deployed.changes.map(\.function) == [hello])
        #expect(deployed.changes.map(\.revision?.number) == [2])
        #expect(try await pair.second.changes(since: deployed.version).changes.isEmpty)
        try await pair.first.setCurrent(hello, number: 1, unchangedSince: nil)
        let rolledBack = try await pair.second.changes(since: deployed.version)
        #expect(rolledBack.changes.map(\.revision?.number) == [1])
        #expect(try await pair.first.removeFunction(hello))
        let removed = try await pair.second.changes(since: rolledBack.version)
        #expect(removed.changes.map(\.revision) == [nil])
        #expect(removed.version > rolledBack.version)
    }

    @Test("what changes nothing leaves the version as it is", arguments: RepositoryMaker.all)
    func refused(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.deployPlain(name("hello"))
        let before = try await pair.first.changes(since: .none).version
        #expect(try await !pair.first.removeFunction(name("nobody")))
        await #expect(throws: StoreError.unknownRevision(try name("hello"), number: 9)) {
            try await pair.first.setCurrent(name("hello"), number: 9, unchangedSince: nil)
        }
        await #expect(throws: StoreError.unknownFunction(try name("nobody"))) {
            try await pair.first.setCurrent(name("nobody"), number: 1, unchangedSince: nil)
        }
        #expect(try await pair.first.changes(since: .none).version == before)
    }

    @Test(
        "a change that was checked against an older version is refused, whichever process overtook it",
        arguments: RepositoryMaker.all
    )
    func overtaken(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let start = try await pair.first.changes(since: .none).version
        try await pair.first.deployPlain(name("hello"), unchangedSince: start)
        let seen = try await pair.first.changes(since: .none).version
        // Any function: its routes may be those of the next deploy.
        try await pair.second.deployPlain(name("other"))
        await #expect(throws: StoreError.catalogueChanged) {
            try await pair.first.deployPlain(name("hello"), unchangedSince: seen)
        }
        await #expect(throws: StoreError.catalogueChanged) {
            try await pair.first.setCurrent(name("hello"), number: 1, unchangedSince: seen)
        }
        let newest = try await pair.first.changes(since: seen)
        #expect(newest.changes.map(\.function) == [try name("other")])
        try await pair.first.setCurrent(name("hello"), number: 1, unchangedSince: newest.version)
        let last = try await pair.second.changes(since: newest.version).version
        #expect(try await pair.first.deployPlain(name("hello"), unchangedSince: last).number == 2)
    }

    @Test(
        "of two processes that deploy on the same version one succeeds each time",
        arguments: RepositoryMaker.all
    )
    func onNewest(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let writers = [pair.first, pair.second]
        let hello = try name("hello")
        for _ in 0..<10 {
            let version = try await pair.first.changes(since: .none).version
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for writer in writers {
                    group.addTask {
                        do throws(StoreError) {
                            try await writer.deployPlain(hello, unchangedSince: version)
                            return true
                        } catch .catalogueChanged {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wins == 1)
        }
    }

    @Test("a follower misses no deploy of two processes at once", arguments: RepositoryMaker.all)
    func follow(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let writers = [pair.first, pair.second]
        let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
            for count in 0..<40 {
                group.addTask { try await writers[count % 2].deployPlain(name("hello")).number }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(1...40))
        let found = try await pair.first.changes(since: .none)
        #expect(found.changes.map(\.revision?.number) == [40])
    }

    @Test("a reference refers to its last digest in every process", arguments: RepositoryMaker.all)
    func references(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for (digest, size) in [(Digest.sample("aa"), 1), (Digest.sample("bb"), 2)] {
            try await pair.first.setReference("a:1", digest: digest, sizeBytes: size, createdAt: noon)
        }
        #expect(try await pair.second.reference("a:1")?.digest == Digest.sample("bb"))
        #expect(try await pair.second.references().map(\.sizeBytes) == [2])
        #expect(try await pair.second.removeReference("a:1"))
        #expect(try await !pair.first.removeReference("a:1"))
        #expect(try await pair.first.reference("a:1") == nil)
    }
}
