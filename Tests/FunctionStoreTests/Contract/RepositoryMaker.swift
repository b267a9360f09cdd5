// SPDX-License-Identifier: Apache-2.0
// What the contract suite runs against: each implementation of the repositories is one value of RepositoryMaker.

import FunctionModel
import FunctionStore
import Testing

/// One process's view of a store, through the protocols alone.
typealias Repositories =
    FunctionRepository & HistoryRepository & ImageReferenceRepository & QueueRepository
    & ScheduleRepository & TokenRepository

/// Opens an implementation; opened twice for one folder, it represents two processes.
struct RepositoryMaker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable (TemporaryFolder) throws -> any Repositories

    /// Every implementation; a new one is added here and must pass the suite as it is.
    static let all = [RepositoryMaker(testDescription: "SQLite") { try $0.open() }]
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
    func deployPlain(_ function: String, digest: Digest = .sample("aa")) async throws -> Revision {
        try await deploy(
            function: FunctionName(function),
            imageReference: "hello:latest",
            imageDigest: digest,
            configuration: FunctionConfiguration(),
            createdAt: noon
        )
    }
}
