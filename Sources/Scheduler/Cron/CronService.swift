// SPDX-License-Identifier: Apache-2.0
// Runs functions when their schedules are due. Engine owns it; Catalog notifies it of changes.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Logging
import Schedules

/// The schedules of one gateway.
///
/// Every due time is claimed in the store before its run, so that it runs once, across crashes. An
/// actor: a few events a second at most, and each one waits for the store.
actor CronService: CatalogObserver {
    /// One run under way.
    struct RunKey: Hashable, Sendable {
        var schedule: ScheduleKey
        var due: Date
    }

    struct Entry {
        var schedule: Schedule
        var revision: Int
        var createdAt: Date
        var nextDue: Date?
        var overlap: OverlapState
        /// Missed runs are made up for, one after the other; nothing else of the schedule happens meanwhile.
        var isCatchingUp = false
    }

    /// Longest sleep: a clock that was set, or a machine that slept, is noticed within this.
    static let sleepMax = Duration.seconds(30)
    /// Pause after the store failed; a full disk is not asked again at once.
    static let retryPause: TimeInterval = 5

    let store: any ScheduleRepository
    let invoker: TracedInvoker
    let sink: any InvocationSink
    let logger: Logger
    let now: @Sendable () -> Date
    var entries: [ScheduleKey: Entry] = [:]
    var runs: [RunKey: Task<Void, Never>] = [:]
    var catchUps: [ScheduleKey: Task<Void, Never>] = [:]
    var isStopping = false
    private var notBefore = Date.distantPast
    private var loop: Task<Void, Never>?
    private var sleeper: Task<Void, Never>?

    /// - Parameters:
    ///   - store: remembers due times and claims.
    ///   - invoker: where runs go.
    ///   - sink: gets the runs that a killed gateway lost.
    ///   - logger: gets what the store refuses.
    ///   - now: the clock.
    init(
        store: any ScheduleRepository,
        invoker: TracedInvoker,
        sink: any InvocationSink,
        logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.store = store
        self.invoker = invoker
        self.sink = sink
        self.logger = logger
        self.now = now
    }

    // MARK: Life

    /// Begins: runs that were lost or missed while no gateway was up come first.
    func start() async {
        await recover()
        guard !isStopping else { return }
        loop = Task { [weak self] in
            while !Task.isCancelled, let self {
                let next = await self.tick()
                await self.sleep(until: next)
            }
        }
    }

    /// Starts no further runs; those under way go on.
    func stop() {
        isStopping = true
        loop?.cancel()
        sleeper?.cancel()
        for task in catchUps.values { task.cancel() }
    }

    /// Returns when every run under way has ended and its end is in the store.
    func settle() async {
        await loop?.value
        for task in catchUps.values { await task.value }
        while let task = runs.values.first { await task.value }
    }

    // MARK: Changes

    func catalogChanged(_ function: FunctionName, _ revision: Revision?) async {
        guard let revision, let set = try? ScheduleSet(revision.configuration) else {
            // Gone, or written by a version that knew other expressions: runs under way go on.
            entries = entries.filter { $0.key.function != function }
            return
        }
        // Most functions have no schedules, and each write costs a sync of the disk.
        guard !set.schedules.isEmpty || entries.keys.contains(where: { $0.function == function }) else {
            return
        }
        let now = now()
        let states = set.schedules.map {
            ScheduleState(key: $0.key(of: function), createdAt: now, nextDue: $0.next(after: now, phase: now))
        }
        let stored: [ScheduleState]
        do {
            stored = try await store.upsertSchedules(of: function, states)
        } catch {
            logger.error(
                "Schedules were not stored; they run until the gateway stops",
                metadata: ["function": "\(function)", "reason": "\(error)"]
            )
            stored = states
        }
        replace(function, set, revision.number, stored)
        sleeper?.cancel()
    }

    private func replace(
        _ function: FunctionName,
        _ set: ScheduleSet,
        _ revision: Int,
        _ stored: [ScheduleState]
    ) {
        let known = Dictionary(stored.map { ($0.key, $0) }) { first, _ in first }
        let keys = Set(set.schedules.map { $0.key(of: function) })
        entries = entries.filter { $0.key.function != function || keys.contains($0.key) }
        for schedule in set.schedules {
            let key = schedule.key(of: function)
            guard let state = known[key] else { continue }
            var entry =
                entries[key]
                ?? Entry(
                    schedule: schedule,
                    revision: revision,
                    createdAt: state.createdAt,
                    overlap: OverlapState(policy: schedule.configuration.overlap)
                )
            entry.schedule = schedule
            entry.revision = revision
            entry.nextDue = state.nextDue
            entry.overlap.policy = schedule.configuration.overlap
            entries[key] = entry
        }
    }

    // MARK: Time

    /// Does everything that is due.
    ///
    /// - Returns: when something is due next; nil when nothing ever is.
    func tick() async -> Date? {
        let now = now()
        guard now >= notBefore else { return notBefore }
        for key in dueKeys(at: now) {
            do {
                try await due(key, at: now)
            } catch {
                logger.error("The store refuses a schedule's claim", metadata: ["reason": "\(error)"])
                notBefore = now + Self.retryPause
                return notBefore
            }
        }
        return entries.values.filter { !$0.isCatchingUp }.compactMap(\.nextDue).min()
    }

    private func dueKeys(at now: Date) -> [ScheduleKey] {
        let due = entries.filter { !$0.value.isCatchingUp && ($0.value.nextDue.map { $0 <= now } ?? false) }
        return due.keys.sorted {
            ($0.function, $0.expression, $0.ordinal) < ($1.function, $1.expression, $1.ordinal)
        }
    }

    private func due(_ key: ScheduleKey, at now: Date) async throws(StoreError) {
        guard let entry = entries[key], let due = entry.nextDue, !isStopping else { return }
        let steps = MissedRuns.steps(
            from: due,
            at: now,
            policy: entry.schedule.configuration.missed,
            deadline: entry.schedule.configuration.deadline.duration
        ) { entry.schedule.next(after: $0, phase: entry.createdAt) }
        guard steps.count(where: \.isRun) <= 1 else { return catchUp(key, steps) }
        for step in steps { try await perform(step, key) }
    }

    private func sleep(until date: Date?) async {
        guard !isStopping else { return }
        let span = date.map { Duration.seconds(max(0, $0.timeIntervalSince(now()))) } ?? Self.sleepMax
        let task = Task {
            // Cancelled when a schedule changed or the service stops: the loop looks again then.
            _ = try? await Task.sleep(for: min(span, Self.sleepMax))
        }
        sleeper = task
        await task.value
    }
}
