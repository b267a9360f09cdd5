// SPDX-License-Identifier: Apache-2.0
// The contract of ContainerRepository, for every implementation.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct ContainerContractTests {
    private static func container(_ id: String, _ name: String, digest: String = "aa") -> StoredContainer {
        StoredContainer(
            id: id,
            name: name,
            imageDigest: .sample(digest),
            request: ContainerRequest(image: "box"),
            createdAt: noon
        )
    }

    @Test(
        "a container is the same for the next process, with everything in it",
        arguments: RepositoryMaker.all
    )
    func kept(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let plain = Self.container("1", "plain")
        var full = Self.container("2", "full")
        full.createdAt = noon + 1
        full.request.labels = ["a": "b"]
        full.request.restart = .onFailure(max: 3)
        full.request.memory = .mebibytes(64)
        full.request.volumes = [ContainerVolume(source: "data", target: "/data", readOnly: true)]
        full.condition.status = .exited
        full.condition.exitCode = 137
        full.condition.error = "why"
        full.condition.isOutOfMemory = true
        full.condition.startedAt = noon + 2
        full.condition.finishedAt = noon + 3
        full.condition.restartCount = 4
        full.condition.isStopped = true
        #expect(try await pair.first.createContainer(plain, countMax: 9) == .made)
        #expect(try await pair.second.createContainer(full, countMax: 9) == .made)
        #expect(try await pair.first.containers() == [plain, full])
        var next = full.condition
        next.status = .running
        next.finishedAt = nil
        try await pair.first.setCondition(next, of: "2")
        try await pair.first.setCondition(next, of: "gone")
        full.condition = next
        #expect(try await maker.open(pair.folder).containers() == [plain, full])
    }

    @Test(
        "containers and functions share one name space, whichever comes first",
        arguments: RepositoryMaker.all
    )
    func names(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.deployPlain(try name("hello"))
        #expect(
            try await pair.second.createContainer(Self.container("1", "hello"), countMax: 9)
                == .takenByFunction
        )
        #expect(try await pair.second.createContainer(Self.container("1", "redis"), countMax: 9) == .made)
        #expect(
            try await pair.first.createContainer(Self.container("2", "redis"), countMax: 9)
                == .takenByContainer(id: "1")
        )
        await #expect(throws: StoreError.nameOfContainer("redis")) {
            try await pair.first.deployPlain(try name("redis"))
        }
        #expect(try await pair.first.renameContainer("1", to: "hello") == .takenByFunction)
        #expect(try await pair.first.renameContainer("gone", to: "other") == .unknown)
        #expect(try await pair.first.renameContainer("1", to: "valkey") == .made)
        #expect(try await pair.second.containers().map(\.name) == ["valkey"])
        try await pair.first.deployPlain(try name("redis"))
        #expect(try await pair.first.removeFunction(try name("hello")))
        #expect(try await pair.first.createContainer(Self.container("3", "hello"), countMax: 9) == .made)
    }

    @Test("a changed request is what every process reads from then on", arguments: RepositoryMaker.all)
    func request(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        var container = Self.container("1", "redis")
        #expect(try await pair.first.createContainer(container, countMax: 9) == .made)
        container.request.networks = [NetworkAttachment(name: "shop", aliases: ["cache"])]
        #expect(try await pair.first.setRequest(container.request, of: "1"))
        #expect(try await pair.second.containers().map(\.request.networks) == [container.request.networks])
        #expect(try await !pair.first.setRequest(container.request, of: "gone"))
    }

    @Test("a container keeps its image until it is removed", arguments: RepositoryMaker.all)
    func images(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(
            try await pair.first.createContainer(Self.container("1", "redis", digest: "bb"), countMax: 9)
                == .made
        )
        #expect(try await pair.second.digestsInUse() == [.sample("bb")])
        #expect(try await pair.second.imageUsers() == [.sample("bb"): ["container redis"]])
        #expect(try await pair.first.removeContainer("1"))
        #expect(try await !pair.first.removeContainer("1"))
        #expect(try await pair.second.digestsInUse().isEmpty)
    }

    @Test("no more containers are stored than the bound", arguments: RepositoryMaker.all)
    func bounded(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(try await pair.first.createContainer(Self.container("1", "one"), countMax: 1) == .made)
        #expect(try await pair.second.createContainer(Self.container("2", "two"), countMax: 1) == .full)
        #expect(try await pair.first.containers().map(\.id) == ["1"])
    }

    @Test("a volume exists once, with its labels, until it is removed", arguments: RepositoryMaker.all)
    func volumes(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let volume = StoredVolume(name: "data", labels: ["a": "b"], createdAt: noon)
        #expect(try await pair.first.createVolume(volume))
        #expect(try await !pair.second.createVolume(StoredVolume(name: "data", createdAt: noon + 1)))
        #expect(try await pair.second.createVolume(StoredVolume(name: "cache", createdAt: noon)))
        #expect(try await maker.open(pair.folder).volumes().map(\.name) == ["cache", "data"])
        #expect(try await pair.first.volumes().last == volume)
        #expect(try await pair.first.removeVolume("data"))
        #expect(try await !pair.second.removeVolume("data"))
    }

    @Test("a network has a name and a number of its own until it is removed", arguments: RepositoryMaker.all)
    func networks(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        func network(_ name: String, _ number: UInt8) -> StoredNetwork {
            StoredNetwork(id: "id-\(name)", name: name, number: number, labels: ["a": "b"], createdAt: noon)
        }
        #expect(try await pair.first.createNetwork(network("shop", 255)))
        #expect(try await !pair.second.createNetwork(network("shop", 1)))
        #expect(try await !pair.second.createNetwork(network("other", 255)))
        #expect(try await pair.second.createNetwork(network("back", 0)))
        #expect(try await maker.open(pair.folder).networks() == [network("back", 0), network("shop", 255)])
        #expect(try await pair.first.removeNetwork("shop"))
        #expect(try await !pair.second.removeNetwork("shop"))
    }
}
