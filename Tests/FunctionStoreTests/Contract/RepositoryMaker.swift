// SPDX-License-Identifier: Apache-2.0
// What the contract suite runs against: each implementation of the repositories is one value of RepositoryMaker.

import FunctionModel
import FunctionStore
import Testing

/// One process's view of a store, through the protocols alone.
typealias Repositories =
    ContainerRepository & FunctionRepository & HistoryRepository & ImageReferenceRepository
    & NamespaceRepository & QueueRepository & ScheduleRepository & TokenRepository

/// Opens an implementation; opened twice for one folder, it represents two processes.
struct RepositoryMaker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable (TemporaryFolder) throws -> any Repositories
    let openSecrets: @Sendable (TemporaryFolder) throws -> any SecretRepository

    /// Every implementation; a new one is added here and must pass the suite as it is.
    static let all = [
        RepositoryMaker(testDescription: "SQLite") {
            try $0.open()
        } openSecrets: {
            try SecretStore(folder: $0.path + "/secrets/functions")
        },
        RepositoryMaker(testDescription: "memory") {
            $0.memory
        } openSecrets: {
            $0.memorySecrets
        },
    ]
}

/// A folder with two views of the same data.
struct Pair {
    let folder: TemporaryFolder
    let first: any Repositories
    let second: any Repositories

    init(_ maker: RepositoryMaker) throws {
        folder = try TemporaryFolder()
        first = try maker.open(folder)
        second = try maker.open(folder)
    }
}

extension FunctionRepository {
    @discardableResult
    func deployPlain(
        _ function: FunctionName,
        digest: Digest = .sample("aa"),
        unchangedSince version: CatalogueVersion? = nil
    ) async throws(StoreError) -> Revision {
        try await deploy(
            function: function,
            imageReference: "hello:latest",
            imageDigest: digest,
            configuration: FunctionConfiguration(),
            createdAt: noon,
            unchangedSince: version
        )
    }
}
