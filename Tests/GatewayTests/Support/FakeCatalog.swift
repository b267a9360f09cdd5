// SPDX-License-Identifier: Apache-2.0
// Functions in memory, for tests of the edge alone.

import FoundationEssentials
import FunctionModel
import Scheduler
import Synchronization

@testable import Gateway

/// A catalog without store, images or sandboxes.
final class FakeCatalog: FunctionCatalog {
    private struct State {
        var generation = 1
        var revisions: [FunctionName: Revision] = [:]
        var schedules: [ScheduleStatus] = []
        var refusal: CatalogError?
        var changedSecrets: [String] = []
    }

    private let state: Mutex<State>

    init(_ revisions: [Revision] = []) {
        var state = State()
        for revision in revisions { state.revisions[revision.function] = revision }
        self.state = Mutex(state)
    }

    /// What the next change is refused with.
    func refuse(_ error: CatalogError?) { state.withLock { $0.refusal = error } }
    func setSchedules(_ schedules: [ScheduleStatus]) { state.withLock { $0.schedules = schedules } }

    var generation: Int { state.withLock { $0.generation } }

    func revisions() -> [Revision] {
        state.withLock { $0.revisions.values.sorted { $0.function < $1.function } }
    }

    func current(_ name: FunctionName) -> Revision? { state.withLock { $0.revisions[name] } }

    func deploy(_ deployment: Deployment) async throws(CatalogError) -> Revision {
        try change { state throws(CatalogError) in
            let number = (state.revisions[deployment.name]?.number ?? 0) + 1
            let revision = Self.revision(deployment.name, number: number, deployment)
            state.revisions[deployment.name] = revision
            return revision
        }
    }

    func remove(_ name: FunctionName) async throws(CatalogError) {
        try change { state throws(CatalogError) in
            guard state.revisions.removeValue(forKey: name) != nil else { throw .unknownFunction(name) }
        }
    }

    func rollback(_ name: FunctionName, to number: Int?) async throws(CatalogError) -> Revision {
        try change { state throws(CatalogError) in
            guard var revision = state.revisions[name] else { throw .unknownFunction(name) }
            guard number ?? 1 < revision.number else { throw .unknownRevision(name, number ?? 1) }
            revision.number += 1
            state.revisions[name] = revision
            return revision
        }
    }

    func status(_ name: FunctionName) async throws(CatalogError) -> FunctionStatus? {
        try await statuses().first { $0.revision.function == name }
    }

    func statuses() async throws(CatalogError) -> [FunctionStatus] {
        revisions().map { FunctionStatus(revision: $0) }
    }

    func schedules() async throws(CatalogError) -> [ScheduleStatus] { state.withLock { $0.schedules } }

    /// Names of secrets that have got another value.
    var changedSecrets: [String] { state.withLock { $0.changedSecrets } }

    func secretChanged(_ name: String) async throws(CatalogError) {
        state.withLock {
            $0.changedSecrets.append(name)
            $0.generation += 1
        }
    }

    func removeSecret(_ name: String, force: Bool, _ remove: @Sendable () async throws -> Void) async throws {
        let users = revisions().filter { $0.configuration.secrets.contains(name) }.map(\.function)
        guard users.isEmpty || force else { throw CatalogError.secretInUse(name, users) }
        try await remove()
    }

    private func change<Value>(_ body: (inout State) throws(CatalogError) -> Value) throws(CatalogError)
        -> Value
    {
        try state.withLock { state throws(CatalogError) in
            if let refusal = state.refusal { throw refusal }
            state.generation += 1
            return try body(&state)
        }
    }

    static func revision(_ name: FunctionName, number: Int, _ deployment: Deployment) -> Revision {
        Revision(
            function: name,
            number: number,
            imageReference: deployment.imageReference,
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: deployment.configuration,
            createdAt: Date(timeIntervalSince1970: 1_700_000_000)
        )
    }
}

/// A deployed function with a changed configuration.
func makeRevision(_ name: String, _ change: (inout FunctionConfiguration) throws -> Void = { _ in }) throws
    -> Revision
{
    var configuration = FunctionConfiguration()
    try change(&configuration)
    let name = try FunctionName(name)
    let deployment = Deployment(name: name, imageReference: "\(name):latest", configuration: configuration)
    return FakeCatalog.revision(name, number: 1, deployment)
}
