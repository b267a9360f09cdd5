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
        var aliases: [FunctionName: [FunctionAlias]] = [:]
        var others: [FunctionName: [Revision]] = [:]
        var kept: [FunctionName: [Revision]] = [:]
        var replaced: [Deployment.Replacement] = []
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
            state.replaced.append(deployment.replaces)
            try deployment.checkReplaced(current: state.revisions[deployment.name]?.number)
            let number = (state.revisions[deployment.name]?.number ?? 0) + 1
            let revision = Self.revision(deployment.name, number: number, deployment)
            state.revisions[deployment.name] = revision
            return revision
        }
    }

    /// What each deploy was to take the place of.
    var replaced: [Deployment.Replacement] { state.withLock { $0.replaced } }

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

    func versions() -> [FunctionVersions] {
        state.withLock { state in
            Set(state.aliases.keys).union(state.others.keys).map {
                FunctionVersions(
                    function: $0,
                    aliases: state.aliases[$0] ?? [],
                    revisions: state.others[$0] ?? []
                )
            }
        }
    }

    func aliases(of name: FunctionName) -> [FunctionAlias]? {
        state.withLock { state in state.revisions[name].map { _ in state.aliases[name] ?? [] } }
    }

    /// Revisions that can be served besides the current one.
    func keep(_ revisions: [Revision], of name: FunctionName) {
        state.withLock { $0.kept[name] = revisions }
    }

    func keptRevisions(of name: FunctionName) async throws(CatalogError) -> [Revision] {
        state.withLock { state in [state.revisions[name]].compactMap { $0 } + (state.kept[name] ?? []) }
    }

    func setAlias(_ alias: FunctionAlias, of name: FunctionName) async throws(CatalogError) {
        for target in alias.targets where target.revision != current(name)?.number {
            try await serve(name, revision: target.revision)
        }
        try change { state throws(CatalogError) in
            state.aliases[name, default: []].removeAll { $0.name == alias.name }
            state.aliases[name, default: []].append(alias)
        }
    }

    func removeAlias(_ alias: AliasName, of name: FunctionName) async throws(CatalogError) {
        try change { state throws(CatalogError) in
            guard let index = state.aliases[name]?.firstIndex(where: { $0.name == alias }) else {
                throw .unknownAlias(name, alias)
            }
            state.aliases[name]?.remove(at: index)
        }
    }

    func serve(_ name: FunctionName, revision number: Int) async throws(CatalogError) {
        try change { state throws(CatalogError) in
            guard let revision = state.kept[name]?.first(where: { $0.number == number }) else {
                throw .unknownRevision(name, number)
            }
            state.others[name, default: []].append(revision)
        }
    }

    func status(_ name: FunctionName) async throws(CatalogError) -> FunctionStatus? {
        try await statuses().first { $0.revision.function == name }
    }

    func statuses() async throws(CatalogError) -> [FunctionStatus] {
        revisions().map { FunctionStatus(revision: $0) }
    }

    func loads() -> [FunctionLoad] { revisions().map { FunctionLoad($0.function) } }

    func schedules() async throws(CatalogError) -> [ScheduleStatus] { state.withLock { $0.schedules } }

    /// Names of secrets that have got another value.
    var changedSecrets: [String] { state.withLock { $0.changedSecrets } }

    func secretChanged(_ name: String, in namespace: String) async throws(CatalogError) {
        state.withLock {
            let isDefault = namespace == FunctionName.defaultNamespace
            $0.changedSecrets.append(isDefault ? name : "\(name) of \(namespace)")
            $0.generation += 1
        }
    }

    func removeSecret(
        _ name: String,
        in namespace: String,
        force: Bool,
        _ remove: @Sendable () async throws -> Void
    ) async throws {
        let users = revisions().filter { $0.configuration.secrets.contains(name) }.map(\.function)
            .filter { $0.namespace == namespace }
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
