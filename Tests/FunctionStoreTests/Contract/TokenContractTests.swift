// SPDX-License-Identifier: Apache-2.0
// The contract of TokenRepository, for every implementation.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct TokenContractTests {
    private static func token(_ id: String, hash: String) throws -> StoredToken {
        StoredToken(id: id, name: "CI of \(id)", hash: .sample(hash), scopes: [.invoke], createdAt: noon)
    }

    @Test("a token is the same for the next process, with and without limits", arguments: RepositoryMaker.all)
    func kept(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let plain = try Self.token("a", hash: "aa")
        var limited = try Self.token("b", hash: "bb")
        limited.scopes = [.deploy, .read]
        limited.functions = [try name("hello"), try name("other")]
        limited.createdAt = noon + 1
        limited.expiresAt = noon + 60
        #expect(try await pair.first.createToken(plain, countMax: 10))
        #expect(try await pair.second.createToken(limited, countMax: 10))
        #expect(try await pair.first.tokens() == [plain, limited])
        #expect(try await maker.open(pair.folder).tokens() == [plain, limited])
    }

    @Test("a removed token is gone for every process", arguments: RepositoryMaker.all)
    func removed(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(try await pair.first.createToken(try Self.token("a", hash: "aa"), countMax: 10))
        #expect(try await pair.second.removeToken("a"))
        #expect(try await !pair.first.removeToken("a"))
        #expect(try await pair.first.tokens().isEmpty)
    }

    @Test("no more tokens are stored than the bound, whichever process asks", arguments: RepositoryMaker.all)
    func bounded(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(try await pair.first.createToken(try Self.token("a", hash: "aa"), countMax: 2))
        #expect(try await pair.second.createToken(try Self.token("b", hash: "bb"), countMax: 2))
        #expect(try await !pair.first.createToken(try Self.token("c", hash: "cc"), countMax: 2))
        #expect(try await pair.second.tokens().map(\.id) == ["a", "b"])
    }

    @Test(
        "the last use never moves back, and a revoked token's use is ignored",
        arguments: RepositoryMaker.all
    )
    func uses(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(try await pair.first.createToken(try Self.token("a", hash: "aa"), countMax: 10))
        try await pair.first.recordTokenUses(["a": noon + 5, "gone": noon])
        try await pair.second.recordTokenUses(["a": noon + 2])
        #expect(try await pair.first.tokens().map(\.lastUsedAt) == [noon + 5])
    }
}
