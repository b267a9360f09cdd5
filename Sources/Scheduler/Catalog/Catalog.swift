// SPDX-License-Identifier: Apache-2.0
// The functions that exist and the revision each one serves. Gateway and faasctl drive it; Dispatcher reads it.

import Contracts
import FoundationEssentials
package import FunctionModel
import FunctionStore
import ImageStore
import Logging
import Sandbox
import Schedules
import Synchronization

/// Gets every change, after it is in force.
protocol CatalogObserver: Sendable {
    /// A function has a new current revision; nil when it is gone.
    func catalogChanged(_ function: FunctionName, _ revision: Revision?) async
}

/// Deployed functions, in memory and in the store.
///
/// A change is checked, then written to the store, then switched in memory under a lock. Changes take turns.
package final class Catalog: FunctionDirectory, Sendable {
    /// Old revisions kept for rollback.
    ///
    /// Five cover a bad day's deploys; more only hold disk.
    package static let revisionsKept = 5

    /// Where the catalogue's data is kept.
    struct Repositories: Sendable {
        let functions: any FunctionRepository
        let schedules: any ScheduleRepository
        let history: any HistoryRepository
    }

    let repositories: Repositories
    let preparer: FunctionPreparer
    let fleet: Fleet
    let logger: Logger
    let snapshot = Mutex(CatalogSnapshot())
    private let observer = Mutex<(any CatalogObserver)?>(nil)
    private let offer = Mutex<@Sendable () -> HostOffer>({ HostOffer.current(egressRefusal: nil) })
    private let hasContainer = Mutex<@Sendable (String) -> Bool>({ _ in true })
    let turn = AsyncTurn()
    /// Up to which version the memory agrees with the repository.
    let applied = Mutex(CatalogueVersion.none)

    init(
        repositories: Repositories,
        images: ImageStore,
        secrets: any SecretRepository,
        fleet: Fleet,
        logger: Logger
    ) {
        self.repositories = repositories
        preparer = FunctionPreparer(images: images, secrets: secrets)
        self.fleet = fleet
        self.logger = logger
    }

    func observe(_ observer: any CatalogObserver) { self.observer.withLock { $0 = observer } }

    /// Where deploys learn what this host has.
    func consult(_ offer: @escaping @Sendable () -> HostOffer) { self.offer.withLock { $0 = offer } }

    /// Where deploys learn whether a container exists that a function uses.
    func consult(hasContainer: @escaping @Sendable (String) -> Bool) {
        self.hasContainer.withLock { $0 = hasContainer }
    }

    // MARK: Changes

    /// Makes a new revision and switches new calls to it; running calls finish on the old one.
    ///
    /// - Returns: the new revision.
    /// - Throws: ``CatalogError``; the function is unchanged then.
    package func deploy(_ deployment: Deployment) async throws(CatalogError) -> Revision {
        do throws(ModelError) {
            if deployment.name == .runs {
                let expected = "another name: runs of POST /v1/run are recorded under this one"
                throw ModelError(field: "name", value: deployment.name.text, expected: expected)
            }
            try deployment.configuration.validateWithSchedules()
        } catch {
            throw .invalid(error)
        }
        try checkHost(deployment.configuration)
        // Early, so that nothing is pulled or unpacked in vain; the turn below decides.
        try deployment.checkReplaced(current: current(deployment.name)?.number)
        try checkRoutes(deployment.name, deployment.configuration.routes)
        // Until the revision is recorded nothing else says that the image is needed.
        let hold = preparer.images.hold()
        defer { withExtendedLifetime(hold) {} }
        // Outside the turn: unpacking a large image must not hold up other functions.
        let prepared = try await preparer.prepare(
            deployment.name,
            deployment.image,
            deployment.configuration
        )
        return try await turn.take { () async throws(CatalogError) -> Revision in
            // A secret may have got another value, or be gone, since the preparation began.
            var prepared = prepared
            prepared.plan.sandbox.secrets = try await self.preparer.sandboxSecrets(
                deployment.configuration.secrets,
                of: deployment.name
            )
            let revision = try await self.storedOnNewest {
                () throws(CatalogError) in
                try deployment.checkReplaced(current: self.current(deployment.name)?.number)
                try self.checkRoutes(deployment.name, deployment.configuration.routes)
            } _: { (functions, version) throws(StoreError) in
                try await functions.deploy(
                    function: deployment.name,
                    imageReference: deployment.imageReference,
                    imageDigest: prepared.digest,
                    configuration: prepared.configuration,
                    createdAt: Date(),
                    unchangedSince: version
                )
            }
            await self.switchTo(revision, prepared)
            return revision
        }
    }

    /// Takes a function away; running calls finish.
    ///
    /// - Throws: ``CatalogError``.
    package func remove(_ name: FunctionName) async throws(CatalogError) {
        try await turn.take { () async throws(CatalogError) in
            let wasThere = try await self.stored { repositories throws(StoreError) in
                try await repositories.functions.removeFunction(name)
            }
            guard wasThere else { throw .unknownFunction(name) }
            await self.removeInMemory(name)
        }
    }

    /// Serves an earlier revision again, under its own number.
    ///
    /// - Parameters:
    ///   - name: the function.
    ///   - number: the revision to go back to; nil means the newest one before the current one.
    /// - Returns: the revision that is current now.
    /// - Throws: ``CatalogError``.
    package func rollback(_ name: FunctionName, to number: Int?) async throws(CatalogError) -> Revision {
        try await turn.take { () async throws(CatalogError) -> Revision in
            // What is current, and what came before it, may be another gateway's deploy.
            _ = try await self.applyNewest(expectsCalls: true)
            let kept = try await self.stored { repositories throws(StoreError) in
                try await repositories.functions.revisions(of: name)
            }
            guard let current = self.current(name) else { throw .unknownFunction(name) }
            let wanted =
                number.map { number in kept.first { $0.number == number } }
                ?? kept.first { $0.number < current.number }
            guard let wanted else { throw .unknownRevision(name, number ?? current.number - 1) }
            try self.checkServed(wanted.configuration)
            let prepared = try await self.preparer.prepare(
                name,
                .digest(wanted.imageDigest, reference: wanted.imageReference),
                wanted.configuration
            )
            let revision = try await self.storedOnNewest {
                () throws(CatalogError) in
                try self.checkRoutes(name, wanted.configuration.routes)
            } _: { (functions, version) throws(StoreError) in
                try await functions.setCurrent(name, number: wanted.number, unchangedSince: version)
            }
            await self.switchTo(revision, prepared)
            return revision
        }
    }

    // MARK: Questions

    func lookup(_ name: FunctionName) -> FunctionLookup { snapshot.withLock { $0.lookup(name) } }

    /// Pool and failure of every function, for status lists.
    var entries: [CatalogSnapshot.Entry] {
        // Names are sorted, not entries: an entry has two hundred bytes and dozens of references.
        let entries = snapshot.withLock { $0.entries }
        return entries.keys.sorted().compactMap { entries[$0] }
    }

    /// The revision that new calls get.
    ///
    /// Does not block.
    package func current(_ name: FunctionName) -> Revision? {
        snapshot.withLock { $0.entries[name]?.revision }
    }

    /// Every current revision, sorted by name.
    ///
    /// Does not block.
    package func revisions() -> [Revision] { entries.map(\.revision) }

    /// Counts up with every change, so that a route table knows when to rebuild.
    ///
    /// Does not block.
    package var generation: Int { snapshot.withLock { $0.generation } }

    // MARK: Steps

    /// After the store: memory, the old pool, schedules, old revisions.
    private func switchTo(_ revision: Revision, _ prepared: PreparedFunction) async {
        switchInMemory(revision, prepared)
        await notify(revision.function, revision)
        do {
            _ = try await repositories.functions.pruneRevisions(
                of: revision.function,
                keeping: Self.revisionsKept
            )
        } catch {
            logger.warning("Old revisions were not dropped", metadata: ["reason": "\(error)"])
        }
    }

    /// - Parameters:
    ///   - revision: what calls get from now on.
    ///   - prepared: what its pool needs.
    ///   - expectsCall: whether a sandbox is made ahead; not for all functions at once, at the start.
    func switchInMemory(_ revision: Revision, _ prepared: PreparedFunction, expectsCall: Bool = true) {
        let entry = makeEntry(
            revision,
            prepared,
            PoolSettings(revision.configuration, expectsCall: expectsCall)
        )
        close(snapshot.withLock { $0.switched(entry) }, refusingWaiters: false)
    }

    /// A revision with a pool of its own.
    func makeEntry(_ revision: Revision, _ prepared: PreparedFunction, _ settings: PoolSettings)
        -> CatalogSnapshot.Entry
    {
        let configuration = revision.configuration
        let command = FunctionCommand(prepared.plan, of: revision)
        let limits = InvocationLimits(
            function: revision.function,
            revision: revision.number,
            program: command.program,
            timeout: configuration.timeout.duration,
            grace: configuration.grace.duration,
            outputMax: configuration.limits.output.bytes,
            stopSignal: prepared.stopSignal
        )
        let program = ProgramSettings(configuration, command, port: prepared.port(configuration))
        let pool = fleet.add(prepared.plan.sandbox, settings, program)
        let live = LiveFunction(
            revision: revision,
            pool: pool,
            command: command,
            contract: ContractAdapter(revision.configuration, program: command.program),
            limits: limits
        )
        return CatalogSnapshot.Entry(revision: revision, live: live)
    }

    func close(_ pools: [PoolNumber], refusingWaiters: Bool) {
        for pool in pools { fleet.close(pool, refusingWaiters: refusingWaiters) }
    }

    /// Serves a function no more; running calls finish.
    func removeInMemory(_ name: FunctionName) async {
        close(snapshot.withLock { $0.removed(name) }, refusingWaiters: true)
        await notify(name, nil)
    }

    /// Notifies the observer of the configuration that is now in force.
    func notify(_ name: FunctionName, _ revision: Revision?) async {
        await observer.withLock { $0 }?.catalogChanged(name, revision)
    }

    /// Keeps a revision that cannot serve now: calls are refused with the reason, which its status shows.
    func suspend(_ revision: Revision, reason: String) {
        let entry = CatalogSnapshot.Entry(revision: revision, failure: reason)
        close(snapshot.withLock { $0.switched(entry) }, refusingWaiters: true)
    }

    /// What this gateway and this host must offer for any call of a function to succeed.
    func checkServed(_ configuration: FunctionConfiguration) throws(CatalogError) {
        do throws(ModelError) {
            try offer.withLock { $0 }().checkFeatures(configuration)
        } catch {
            throw .invalid(error)
        }
    }

    private func checkHost(_ configuration: FunctionConfiguration) throws(CatalogError) {
        try checkServed(configuration)
        do throws(ModelError) {
            try offer.withLock { $0 }().checkPlacement(configuration)
            try checkServices(configuration)
        } catch {
            throw .invalid(error)
        }
    }

    /// A name that is mistyped would fail every call; one whose container does not run yet is no mistake.
    private func checkServices(_ configuration: FunctionConfiguration) throws(ModelError) {
        let hasContainer = hasContainer.withLock { $0 }
        for service in configuration.services where !hasContainer(service.container) {
            throw ModelError(
                field: "uses",
                value: service.container,
                expected:
                    "a container of this gateway; create it first, with 'faasctl run -d --name \(service.container)'"
            )
        }
    }

    private func checkRoutes(_ name: FunctionName, _ routes: [Route]) throws(CatalogError) {
        guard let (route, other) = snapshot.withLock({ $0.conflict(of: name, routes) }) else { return }
        throw .routeTaken(route, by: other)
    }

    func stored<Value: Sendable>(
        _ body: (Repositories) async throws(StoreError) -> Value
    ) async throws(CatalogError) -> Value {
        do throws(StoreError) { return try await body(repositories) } catch { throw CatalogError(error) }
    }
}
