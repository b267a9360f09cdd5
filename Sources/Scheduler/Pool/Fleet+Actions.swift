// SPDX-License-Identifier: Apache-2.0
// Performs what FleetState decided: asks spawner and slots, answers waiters, sets deadlines. Part of Fleet.

import Logging
import Sandbox
import SandboxPorts
import Synchronization

extension Fleet {
    /// The work that is done after the lock is released.
    struct Effects {
        var actions: [FleetState.Action] = []
        var wakes: [(PoolNumber, ContinuousClock.Instant)] = []
        /// Whether a pool has ended, perhaps the last one.
        var mayBeGone = false
    }
}

extension Fleet.Storage {
    /// Adds to the actions which deadlines are to be set; drops pools that have ended.
    mutating func effects(_ pool: PoolNumber?, _ actions: [FleetState.Action]) -> Fleet.Effects {
        var effects = Fleet.Effects(actions: actions)
        if let pool, let wake = wakeToSet(pool) { effects.wakes.append((pool, wake)) }
        for action in actions where action.pool != pool {
            if let wake = wakeToSet(action.pool) { effects.wakes.append((action.pool, wake)) }
        }
        if pools.count > state.pools.count {
            pools = pools.filter { state.pools[$0.key] != nil }
            effects.mayBeGone = true
        }
        return effects
    }

    /// The instant at which the pool's deadline is to be set; nil when an earlier one is set already.
    private mutating func wakeToSet(_ pool: PoolNumber) -> ContinuousClock.Instant? {
        guard let wake = state.nextWake(pool) else { return nil }
        if let current = pools[pool]?.wake, current <= wake { return nil }
        pools[pool]?.wake = wake
        return wake
    }
}

extension Fleet {
    /// Runs one event of a pool under the lock and its actions after it.
    func change(_ pool: PoolNumber?, _ event: (inout Storage, ContinuousClock.Instant) -> [FleetState.Action])
    {
        let now = ContinuousClock.now
        let effects = storage.withLock { $0.effects(pool, event(&$0, now)) }
        perform(effects)
    }

    /// Performs actions in order; none of them blocks.
    func perform(_ effects: Effects) {
        for action in effects.actions {
            switch action.action {
            case .launch(let slot, let sharesEmptyNetwork):
                launch(action.pool, slot, sharesEmptyNetwork: sharesEmptyNetwork)
            case .launchTemplate(let slot): launchTemplate(action.pool, slot)
            case .make(let slot): make(action.pool, slot)
            case .start(let slot): start(action.pool, slot)
            case .retire(let slot): retire(slot)
            case .answer(let waiter, let answer): resume(waiter, answer)
            }
        }
        for (pool, instant) in effects.wakes {
            _ = timer.schedule(at: instant) { [weak self] in self?.timePassed(pool) }
        }
        if effects.mayBeGone { resumeDrained(evenIfBusy: false) }
    }

    private func timePassed(_ pool: PoolNumber) {
        change(pool) { storage, now in
            storage.pools[pool]?.wake = nil
            return storage.state.timePassed(pool, at: now)
        }
    }

    private func launch(_ pool: PoolNumber, _ slot: SlotNumber, sharesEmptyNetwork: Bool) {
        let (maker, plan) = storage.withLock { ($0.maker, $0.pools[pool]?.plan) }
        guard let maker, let plan else { return failed(pool, slot, .gone("spawner")) }
        Task {
            do throws(SandboxError) {
                let handle = try await maker.slot(plan, sharesEmptyNetwork: sharesEmptyNetwork)
                launched(pool, slot, handle)
            } catch {
                failed(pool, slot, error)
            }
        }
    }

    private func launchTemplate(_ pool: PoolNumber, _ slot: SlotNumber) {
        let (maker, entry) = storage.withLock { ($0.maker, $0.pools[pool]) }
        guard let maker, let entry, let program = entry.program else {
            return failed(pool, slot, .gone("spawner"))
        }
        Task {
            do throws(SandboxError) {
                launched(pool, slot, try await maker.slot(entry.plan, template: program))
            } catch {
                failed(pool, slot, error)
            }
        }
    }

    private func launched(_ pool: PoolNumber, _ slot: SlotNumber, _ handle: any SlotHandle) {
        change(pool) { storage, _ in
            storage.slots[slot] = Resources(slot: handle)
            return storage.state.slotLaunched(pool, slot)
        }
    }

    private func make(_ pool: PoolNumber, _ slot: SlotNumber) {
        guard let handle = storage.withLock({ $0.slots[slot]?.slot }) else {
            return failed(pool, slot, .gone("slot"))
        }
        // Directly on the thread that gets the event: a task would cost two changes of threads per invocation.
        handle.sandbox { [self] result in
            switch result {
            case .success(let sandbox): prepared(pool, slot, sandbox)
            case .failure(let error): failed(pool, slot, error)
            }
        }
    }

    /// Links it to its services, where it has some, before it can be leased.
    private func prepared(_ pool: PoolNumber, _ slot: SlotNumber, _ sandbox: any SandboxHandle) {
        let (services, linking) = storage.withLock { ($0.pools[pool]?.services ?? [], $0.linking) }
        guard !services.isEmpty else { return made(pool, slot, sandbox) }
        guard let linking else {
            sandbox.kill()
            return failed(pool, slot, .unsupported("connections to containers"))
        }
        Task {
            do throws(SandboxError) {
                let links = try await linking.link(sandbox, to: services)
                let isKept = storage.withLock { storage in
                    storage.slots[slot]?.links = links
                    return storage.slots[slot] != nil
                }
                if !isKept { links.close() }
                made(pool, slot, sandbox)
            } catch {
                sandbox.kill()
                failed(pool, slot, error)
            }
        }
    }

    private func made(_ pool: PoolNumber, _ slot: SlotNumber, _ sandbox: any SandboxHandle) {
        let now = ContinuousClock.now
        let (isKept, effects) = storage.withLock { storage in
            let isKept = storage.slots[slot] != nil
            storage.slots[slot]?.sandbox = sandbox
            return (isKept, storage.effects(pool, storage.state.sandboxReady(pool, slot, at: now)))
        }
        if !isKept { sandbox.kill() }
        perform(effects)
        sandbox.whenUnused { [weak self] reason in self?.lost(pool, slot, reason) }
    }

    /// Starts a program ahead of its invocation, and waits until it is ready.
    private func start(_ pool: PoolNumber, _ slot: SlotNumber) {
        let (settings, sandbox) = storage.withLock { ($0.pools[pool]?.program, $0.slots[slot]?.sandbox) }
        guard let settings, let sandbox else { return failed(pool, slot, .gone("sandbox")) }
        let program = StartedProgram(sandbox, settings)
        storage.withLock { $0.slots[slot]?.program = program }
        Task { [weak self] in
            let failure = await program.start()
            guard let failure else {
                self?.change(pool) { storage, now in storage.state.programReady(pool, slot, at: now) }
                return
            }
            // A slot that the pool has given up is no failure.
            guard self?.storage.withLock({ $0.slots[slot] }) != nil else { return }
            self?.failed(pool, slot, SlotFailure(reason: failure), "A program did not get ready")
        }
    }

    private func failed(_ pool: PoolNumber, _ slot: SlotNumber, _ error: SandboxError) {
        let isTemplate = if case .notCopyable = error { true } else { false }
        let failure = SlotFailure(
            reason: error.description,
            isDeath: error.isDeath,
            isRefusal: isTemplate
        )
        failed(
            pool,
            slot,
            failure,
            isTemplate ? "A function is started without a template" : "A sandbox could not be made"
        )
    }

    private func failed(
        _ pool: PoolNumber,
        _ slot: SlotNumber,
        _ failure: SlotFailure,
        _ what: Logger.Message
    ) {
        report(what, pool, failure.reason)
        change(pool) { storage, now in
            var random = storage.random
            defer { storage.random = random }
            return storage.state.slotFailed(pool, slot, failure, at: now, using: &random)
        }
    }

    /// A sandbox ended before its release; sandboxes that the pool itself gave up are forgotten by then.
    func lost(_ pool: PoolNumber, _ slot: SlotNumber, _ reason: String) {
        guard let resources = storage.withLock({ $0.slots[slot] }) else { return }
        // A program that ends while it starts is reported by its start, with what it wrote.
        if let program = resources.program, program.ended(reason) { return }
        let reason =
            resources.program.map { $0.explained("its program ended before its request (\(reason))") }
            ?? reason
        report("A sandbox ended before its call", pool, reason)
        change(pool) { storage, now in
            var random = storage.random
            defer { storage.random = random }
            let failure = SlotFailure(reason: reason, isDeath: true)
            return storage.state.standingLost(pool, slot, failure, at: now, using: &random)
        }
    }

    /// A warning that names the function.
    func report(_ what: Logger.Message, _ pool: PoolNumber, _ reason: String) {
        let hostname = storage.withLock { $0.pools[pool]?.plan.hostname } ?? "retired"
        logger.warning(what, metadata: ["function": "\(hostname)", "reason": "\(reason)"])
    }

    private func retire(_ slot: SlotNumber) {
        let resources = storage.withLock { $0.slots.removeValue(forKey: slot) }
        resources?.links?.close()
        resources?.sandbox?.kill()
        resources?.slot.retire()
    }

    private func resume(_ waiter: WaiterNumber, _ answer: WaiterAnswer) {
        let continuation = storage.withLock { storage in
            storage.waiters[waiter]?.answer = answer
            return storage.waiters[waiter]?.continuation
        }
        continuation?.resume(returning: answer)
    }
}
