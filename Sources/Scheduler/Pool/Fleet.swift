// SPDX-License-Identifier: Apache-2.0
// The pools' driver: FleetState under one lock, its actions outside of it. Dispatcher leases, Catalog adds pools,
// Engine provides the spawner.

import FunctionModel
import Logging
import Sandbox
import SandboxPorts
import Synchronization

/// A sandbox for one invocation; ``Fleet/end(_:isReusable:hasCrashed:)`` gives its slot back.
///
/// With `reuse` a sandbox has up to that many leases, one after the other.
struct Lease: Sendable {
    var pool: PoolNumber
    var slot: SlotNumber
    var sandbox: any SandboxHandle
    /// Its program, where that was started ahead.
    var program: StartedProgram?
    /// Its connections to other containers; nil without `uses`.
    var links: LinkListener?
    /// Whether it was warm before the request.
    var isWarm: Bool
    /// Whether it is a copy of its slot's template.
    var isCopy = false
    /// Whether the slot's next sandbox will be wanted when this one has ended.
    var preparesNext: Bool
    /// Whether no other invocation used the sandbox before.
    var isFresh = true
    /// Whether the sandbox may serve another invocation after this one; ``Fleet/takeBack(_:)`` then ends the lease.
    var mayReturn = false
}

/// The status of one pool.
struct PoolStatus: Hashable, Sendable {
    var warm: Int
    var running: Int
    var waiting: Int
    var failure: String?
    var template: TemplateStatus?
}

/// The templates of one pool.
package struct TemplateStatus: Hashable, Sendable {
    /// Slots that copy one.
    package var slots: Int
    /// Copies that served calls.
    package var copies: Int
    /// Why the program cannot be copied.
    package var refusal: String?
}

/// All warm pools of one gateway.
///
/// One lock guards all of them: it is held for well under a microsecond per event, three times per invocation,
/// and makes the host's limit exact without a protocol between pools.
final class Fleet: Sendable {
    struct Waiter {
        var pool: PoolNumber
        var answer: WaiterAnswer?
        var continuation: CheckedContinuation<WaiterAnswer, Never>?
    }

    struct Resources {
        var slot: any SlotHandle
        var sandbox: (any SandboxHandle)?
        var program: StartedProgram?
        var links: LinkListener?
    }

    struct PoolEntry {
        var plan: SandboxPlan
        /// How a sandbox's program is started ahead; nil where it starts with its invocation.
        var program: ProgramSettings?
        /// The containers that its sandboxes reach.
        var services: [ServiceUse] = []
        /// The deadline that is set for the pool; a later one is set when this one fires.
        var wake: ContinuousClock.Instant?
    }

    struct Storage {
        var state: FleetState
        var maker: (any SlotMaking)?
        var linking: (any ServiceLinking)?
        var pools: [PoolNumber: PoolEntry] = [:]
        var slots: [SlotNumber: Resources] = [:]
        var waiters: [WaiterNumber: Waiter] = [:]
        var random = SystemRandomNumberGenerator()
        var whenGone: [CheckedContinuation<Void, Never>] = []
    }

    let storage: Mutex<Storage>
    let timer: DeadlineTimer
    let logger: Logger

    init(sandboxesMax: Int, timer: DeadlineTimer, logger: Logger) {
        storage = Mutex(Storage(state: FleetState(sandboxesMax: sandboxesMax)))
        self.timer = timer
        self.logger = logger
    }

    /// Sandboxes at once, of all pools.
    var sandboxesMax: Int { storage.withLock { $0.state.sandboxesMax } }

    // MARK: Pools

    /// Adds a revision's pool.
    ///
    /// Does not block.
    ///
    /// - Parameters:
    ///   - plan: of its sandboxes.
    ///   - settings: of the pool; with `startsAhead` there is a program.
    ///   - program: how programs are started ahead.
    /// - Returns: the pool's number.
    func add(_ plan: SandboxPlan, _ settings: PoolSettings, _ program: ProgramSettings? = nil) -> PoolNumber {
        let (number, effects) = storage.withLock { storage in
            let (number, actions) = storage.state.poolAdded(settings)
            storage.pools[number] = PoolEntry(plan: plan, program: program, services: settings.services)
            return (number, storage.effects(number, actions))
        }
        perform(effects)
        return number
    }

    /// Ends a pool once its running invocations have ended.
    ///
    /// Does not block.
    ///
    /// - Parameters:
    ///   - pool: the pool.
    ///   - refusingWaiters: whether the waiters are refused with ``PoolRefusal/closed``, or still served.
    func close(_ pool: PoolNumber, refusingWaiters: Bool) {
        change(pool) { storage, _ in storage.state.poolClosed(pool, refusingWaiters: refusingWaiters) }
    }

    func status(_ pool: PoolNumber) -> PoolStatus? {
        storage.withLock { storage in
            storage.state.pools[pool].map {
                PoolStatus(
                    warm: $0.warm.count,
                    running: $0.leased,
                    waiting: $0.waiters.count,
                    failure: $0.backoff.failure?.reason,
                    template: $0.settings.copiesTemplate ? $0.template.status : nil
                )
            }
        }
    }

    // MARK: Callers

    /// A sandbox for one invocation: at once when one is warm, else after a wait in the pool's queue.
    ///
    /// - Throws: ``PoolRefusal``; ``PoolRefusal/cancelled`` when the task was cancelled while waiting.
    func lease(_ pool: PoolNumber) async throws(PoolRefusal) -> Lease {
        switch request(pool) {
        case .use(let lease): return lease
        case .refuse(let refusal): throw refusal
        case .wait(let waiter): return try await wait(waiter, pool)
        }
    }

    private enum Requested {
        case use(Lease)
        case wait(WaiterNumber)
        case refuse(PoolRefusal)
    }

    /// The fast path: one lock, no suspension.
    private func request(_ pool: PoolNumber) -> Requested {
        let now = ContinuousClock.now
        let (requested, effects) = storage.withLock { storage in
            switch storage.state.leaseRequested(pool, at: now) {
            case .refuse(let refusal): return (Requested.refuse(refusal), Effects())
            case .wait(let waiter, let actions):
                storage.waiters[waiter] = Waiter(pool: pool)
                return (.wait(waiter), storage.effects(pool, actions))
            case .use(let slot, let actions):
                let effects = storage.effects(pool, actions)
                guard let lease = storage.lease(pool, slot, isWarm: true) else {
                    return (.refuse(.closed), effects)
                }
                return (.use(lease), effects)
            }
        }
        perform(effects)
        return requested
    }

    private func wait(_ waiter: WaiterNumber, _ pool: PoolNumber) async throws(PoolRefusal) -> Lease {
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = storage.withLock { storage -> WaiterAnswer? in
                    if let answer = storage.waiters[waiter]?.answer { return answer }
                    storage.waiters[waiter]?.continuation = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            cancel(waiter)
        }
        let lease = storage.withLock { storage -> Lease? in
            storage.waiters[waiter] = nil
            guard case .lease(let slot) = answer else { return nil }
            return storage.lease(pool, slot, isWarm: false)
        }
        switch answer {
        case .refused(let refusal): throw refusal
        case .lease:
            // The slot may have died together with the spawner since the answer.
            guard let lease else { throw .closed }
            return lease
        }
    }

    private func cancel(_ waiter: WaiterNumber) {
        let (continuation, effects) = storage.withLock { storage in
            guard let entry = storage.waiters[waiter], entry.answer == nil else {
                return (CheckedContinuation<WaiterAnswer, Never>?.none, Effects())
            }
            let (wasWaiting, actions) = storage.state.waiterCancelled(entry.pool, waiter)
            let effects = storage.effects(entry.pool, actions)
            guard wasWaiting else { return (nil, effects) }
            storage.waiters[waiter]?.answer = .refused(.cancelled)
            return (entry.continuation, effects)
        }
        perform(effects)
        continuation?.resume(returning: .refused(.cancelled))
    }

    /// The invocation has ended: the slot makes its next sandbox, off the request's path.
    ///
    /// Does not block.
    ///
    /// - Parameters:
    ///   - lease: the lease; not used again.
    ///   - isReusable: false when the slot itself is suspect or gone.
    ///   - hasCrashed: whether a signal of its own ended the program.
    func end(_ lease: Lease, isReusable: Bool, hasCrashed: Bool = false) {
        lease.links?.close()
        change(lease.pool) { storage, now in
            storage.state.leaseEnded(
                lease.pool,
                lease.slot,
                isReusable: isReusable,
                hasCrashed: hasCrashed,
                at: now
            )
        }
    }

    /// The invocation is over and its program waits for another one.
    ///
    /// Does not block.
    func takeBack(_ lease: Lease) {
        change(lease.pool) { storage, now in
            storage.slots[lease.slot]?.sandbox = lease.sandbox
            storage.slots[lease.slot]?.program = lease.program
            storage.slots[lease.slot]?.links = lease.links
            return storage.state.programReturned(lease.pool, lease.slot, at: now)
        }
        // Without its slot, which died or was given up, nothing else ends it.
        guard storage.withLock({ $0.slots[lease.slot] != nil }) else { return lease.sandbox.kill() }
        lease.sandbox.whenUnused { [weak self] reason in self?.lost(lease.pool, lease.slot, reason) }
    }

    /// A sandbox ended before a program of the image ran in it: its slot is given up, and the reason logged.
    ///
    /// Does not block.
    func endUnused(_ lease: Lease, _ reason: String) {
        report("A sandbox ended before its call", lease.pool, reason)
        end(lease, isReusable: false)
    }

    // MARK: The host

    /// What reaches containers for functions; before the first pool with services.
    func link(by linking: any ServiceLinking) { storage.withLock { $0.linking = linking } }

    /// The first of a function's services that does not run.
    func missingService(_ services: [ServiceUse]) -> String? {
        guard !services.isEmpty else { return nil }
        let linking = storage.withLock { $0.linking }
        return services.first { linking?.isRunning($0) != true }?.container
    }

    /// A spawner is available.
    ///
    /// Does not block.
    func attach(_ maker: any SlotMaking) {
        change(nil) { storage, _ in
            storage.maker = maker
            return storage.state.hostReady()
        }
    }

    /// The spawner died: its slots are forgotten, callers wait for the next one.
    ///
    /// Does not block.
    func detach() {
        let (slots, effects) = storage.withLock { storage in
            storage.maker = nil
            storage.state.hostLost()
            defer { storage.slots.removeAll() }
            return (Array(storage.slots.values), storage.effects(nil, []))
        }
        for resources in slots { resources.slot.retire() }
        perform(effects)
    }

    /// Refuses new and waiting callers; returns when the last slot is given back or the task is cancelled.
    func drain() async {
        change(nil) { storage, _ in storage.state.drained() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isGone = storage.withLock { storage in
                    if storage.state.isGone || Task.isCancelled { return true }
                    storage.whenGone.append(continuation)
                    return false
                }
                if isGone { continuation.resume() }
            }
        } onCancel: {
            resumeDrained(evenIfBusy: true)
        }
    }

    func resumeDrained(evenIfBusy: Bool) {
        let continuations = storage.withLock { storage -> [CheckedContinuation<Void, Never>] in
            guard storage.state.isGone || evenIfBusy else { return [] }
            defer { storage.whenGone.removeAll() }
            return storage.whenGone
        }
        for continuation in continuations { continuation.resume() }
    }
}

extension Fleet.Storage {
    /// The sandbox of a slot, which the caller then owns; nil when it is gone.
    mutating func lease(_ pool: PoolNumber, _ slot: SlotNumber, isWarm: Bool) -> Lease? {
        guard let index = slots.index(forKey: slot), let taken = slots.values[index].take() else {
            return nil
        }
        let facts = state.facts(pool, slot)
        return Lease(
            pool: pool,
            slot: slot,
            sandbox: taken.sandbox,
            program: taken.program,
            links: taken.links,
            isWarm: isWarm,
            isCopy: facts.isCopy,
            preparesNext: facts.wantsNext,
            isFresh: facts.useNumber == 1,
            mayReturn: facts.mayReturn
        )
    }
}

extension Fleet.Resources {
    /// Gives the sandbox and its program away; nil when there is no sandbox.
    fileprivate mutating func take() -> Taken? {
        guard let given = sandbox else { return nil }
        defer { (sandbox, program, links) = (nil, nil, nil) }
        return Taken(sandbox: given, program: program, links: links)
    }

    /// What a lease gets.
    fileprivate struct Taken {
        var sandbox: any SandboxHandle
        var program: StartedProgram?
        var links: LinkListener?
    }
}
