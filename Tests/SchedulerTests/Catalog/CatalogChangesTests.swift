// SPDX-License-Identifier: Apache-2.0
// A catalogue follows what another process writes into the same database. Two connections represent two processes.

import Foundation
import FunctionModel
import FunctionStore
import ImageStore
import Sandbox
import Testing

@testable import Scheduler

@Suite struct CatalogChangesTests {
    let folder: TemporaryFolder
    let own: SQLiteStore
    let other: SQLiteStore
    let catalog: Catalog
    let name: FunctionName

    init() throws {
        folder = try TemporaryFolder()
        own = try SQLiteStore(path: folder.path + "/mayfly.sqlite", logger: .silent)
        other = try SQLiteStore(path: folder.path + "/mayfly.sqlite", logger: .silent)
        catalog = Catalog(
            repositories: Catalog.Repositories(functions: own, schedules: own, history: own),
            images: try ImageStore(
                dataDirectory: folder.path,
                references: StoredReferences(store: own),
                logger: .silent
            ),
            secrets: try SecretStore(folder: folder.path + "/secrets"),
            fleet: Fleet(sandboxesMax: 1, timer: DeadlineTimer(), logger: .silent),
            logger: .silent
        )
        name = try FunctionName("f")
    }

    /// The image exists nowhere: the catalogue knows the function, and refuses its calls with the reason.
    private func deployElsewhere() async throws {
        _ = try await other.deploy(
            function: name,
            imageReference: "i",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: FunctionConfiguration(),
            createdAt: Date()
        )
    }

    @Test("deploy, rollback and removal of another process are applied, each once")
    func apply() async throws {
        try await deployElsewhere()
        try await catalog.restore()
        #expect(catalog.current(name)?.number == 1)
        try await deployElsewhere()
        try await catalog.applyChanges(expectsCalls: true)
        #expect(catalog.current(name)?.number == 2)
        let generation = catalog.generation
        try await catalog.applyChanges(expectsCalls: true)
        #expect(catalog.generation == generation)
        try await other.setCurrent(name, number: 1)
        try await catalog.applyChanges(expectsCalls: true)
        #expect(catalog.current(name)?.number == 1)
        #expect(try await other.removeFunction(name))
        try await catalog.applyChanges(expectsCalls: true)
        #expect(catalog.current(name) == nil)
    }

    @Test("a change that was made here is not applied a second time")
    func ownChange() async throws {
        try await deployElsewhere()
        try await catalog.restore()
        try await catalog.remove(name)
        let generation = catalog.generation
        try await catalog.applyChanges(expectsCalls: true)
        #expect(catalog.generation == generation)
        #expect(catalog.current(name) == nil)
    }

    @Test("a function that another process deploys is there within two pauses", .timeLimit(.minutes(1)))
    func follow() async throws {
        try await catalog.restore()
        let following = Task { [catalog] in await catalog.followChanges() }
        defer { following.cancel() }
        try await deployElsewhere()
        let end = ContinuousClock.now + Catalog.changesPause * 2
        while catalog.current(name) == nil, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(catalog.current(name)?.number == 1)
    }
}
