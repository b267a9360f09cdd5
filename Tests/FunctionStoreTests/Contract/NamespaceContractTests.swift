// SPDX-License-Identifier: Apache-2.0
// The contract of NamespaceRepository, and what namespaces keep apart, for every implementation.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct NamespaceContractTests {
    private static func make(_ name: String, _ labels: [String: String] = [:]) throws -> FunctionNamespace {
        try FunctionNamespace(name: name, labels: labels, annotations: ["k": "v"], createdAt: noon)
    }

    @Test(
        "the default namespace is there; others are made, changed and removed",
        arguments: RepositoryMaker.all
    )
    func life(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(try await pair.first.namespaces().map(\.name) == ["openfaas-fn"])
        let team = try Self.make("team-a", ["owner": "a"])
        #expect(try await pair.first.createNamespace(team, countMax: 2) == .created)
        #expect(try await pair.second.createNamespace(team, countMax: 2) == .exists)
        #expect(try await pair.second.createNamespace(Self.make("b"), countMax: 2) == .full)
        #expect(try await pair.second.namespace("team-a") == team)
        var changed = try Self.make("team-a", ["owner": "b"])
        changed.createdAt = Date(timeIntervalSince1970: 1)
        #expect(try await pair.first.updateNamespace(changed))
        let read = try await pair.second.namespace("team-a")
        #expect(read?.labels == ["owner": "b"] && read?.createdAt == noon)
        #expect(try await !pair.first.updateNamespace(Self.make("b")))
        #expect(try await pair.first.removeNamespace("team-a") == .removed)
        #expect(try await pair.second.removeNamespace("team-a") == .unknown)
        #expect(try await pair.second.namespace("team-a") == nil)
    }

    @Test(
        "a function is deployed in an existing namespace only, which then stays",
        arguments: RepositoryMaker.all
    )
    func functions(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let there = try name("hello.team-a")
        await #expect(throws: StoreError.unknownNamespace("team-a")) {
            try await pair.first.deployPlain(there)
        }
        _ = try await pair.second.createNamespace(Self.make("team-a"), countMax: 9)
        try await pair.first.deployPlain(there)
        try await pair.first.deployPlain(name("hello"))
        try await pair.first.deployPlain(name("hello"))
        #expect(try await pair.second.removeNamespace("team-a") == .inUse([there]))
        #expect(try await pair.second.revisions(of: there).map(\.number) == [1])
        #expect(try await pair.second.revisions(of: name("hello")).map(\.number) == [2, 1])
        #expect(try await pair.first.removeFunction(there))
        #expect(try await pair.second.removeNamespace("team-a") == .removed)
        #expect(try await pair.second.revisions(of: name("hello")).count == 2)
    }

    @Test(
        "records and lines of one name in two namespaces are two functions'",
        arguments: RepositoryMaker.all
    )
    func history(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let names = try [name("hello"), name("hello.team-a"), name("hello.team-b")]
        for function in names {
            let record = Invocation(
                id: "id-\(function)",
                function: function,
                revision: 1,
                trigger: .http,
                startedAt: noon,
                outcome: .ok
            )
            let line = LogLine(
                function: function,
                revision: 1,
                invocation: record.id,
                timestamp: noon,
                text: "of \(function)"
            )
            try await pair.first.record([record], logs: [line], limits: HistoryLimits())
        }
        for function in names {
            #expect(
                try await pair.second.logs(LogQuery(function: function)).lines.map(\.text) == [
                    "of \(function)"
                ]
            )
            #expect(try await pair.second.invocations(InvocationQuery(function: function)).count == 1)
            var query = InvocationQuery()
            query.namespace = function.namespace
            #expect(try await pair.second.invocations(query).map(\.function) == [function])
            #expect(try await pair.second.invocationIDs(of: function, beginning: "id-").count == 1)
        }
        #expect(try await pair.second.invocations(InvocationQuery()).count == 3)
    }

    @Test("a token keeps its namespaces", arguments: RepositoryMaker.all)
    func tokens(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for (id, namespaces) in [("a", nil), ("b", ["team-a", "x"])] as [(String, Set<String>?)] {
            var token = StoredToken(
                id: id,
                name: "",
                hash: .sample(id == "a" ? "aa" : "bb"),
                scopes: [.read],
                createdAt: noon
            )
            token.namespaces = namespaces
            #expect(try await pair.first.createToken(token, countMax: 9))
        }
        #expect(try await pair.second.tokens().map(\.namespaces) == [nil, ["team-a", "x"]])
    }

    @Test("a secret of one namespace is none of another", arguments: RepositoryMaker.all)
    func secrets(_ maker: RepositoryMaker) async throws {
        let folder = try TemporaryFolder()
        let secrets = try maker.openSecrets(folder)
        let (a, b) = (secrets.within("team-a"), secrets.within("team-b"))
        #expect(try await a.list().isEmpty)
        await #expect(throws: SecretError.notFound("key")) { try await a.remove("key") }
        await #expect(throws: SecretError.notFound("key")) { try await a.update("key", [9]) }
        try await secrets.create("key", [1])
        try await a.create("key", [2])
        try await a.create("only-a", [3])
        #expect(try await secrets.read("key") == [1])
        #expect(try await a.read("key") == [2])
        await #expect(throws: SecretError.notFound("key")) { try await b.read("key") }
        #expect(try await secrets.list() == ["key"])
        #expect(try await a.list() == ["key", "only-a"])
        #expect(try await b.list().isEmpty)
        #expect(try await a.within(FunctionName.defaultNamespace).read("key") == [1])
        let reopened = try maker.openSecrets(folder)
        #expect(try await reopened.within("team-a").read("key") == [2])
        try await a.remove("key")
        #expect(try await secrets.read("key") == [1])
    }
}
