// SPDX-License-Identifier: Apache-2.0
// The asynchronous calls of one gateway: accepted, claimed, run and ended. Engine owns one.

import Contracts
import FoundationEssentials
package import FunctionModel
package import FunctionStore
import Logging
import NIOCore
import Synchronization

/// Accepts calls and runs them, some at a time.
///
/// A claim's end is stored before the claim is forgotten, and fenced, so that each call has one final state, whatever
/// dies in between.
package final class CallQueue: AsynchronousCalls {
    /// How long a claim outlives a gateway that says nothing.
    static let lease = Duration.seconds(60)
    /// Between two extensions of the leases.
    static let heartbeat = Duration.seconds(20)
    /// Pause after the store failed; a full disk is not asked again at once.
    static let retryPause = Duration.seconds(1)
    static let retryAfterSeconds = 5

    struct Shared: ~Copyable {
        var state: QueueState
        var tasks: [String: Task<Void, Never>] = [:]
        /// Calls that an operator ends while they run.
        var cancelled: Set<String> = []
        var counts: [FunctionName: QueueCounts] = [:]
        var sleeper: Task<Void, Never>?
    }

    let store: any QueueRepository
    let invoker: any FunctionInvoker
    let directory: any FunctionDirectory
    let sink: any InvocationSink
    let statusOf: @Sendable (Invocation) -> Int
    let limits: QueueLimits
    let logger: Logger
    /// This process: a claim of an earlier one is not its own.
    let owner = UUID().uuidString.lowercased()
    let shared: Mutex<Shared>
    private let loops = Mutex<[Task<Void, Never>]>([])
    /// Called when a result may be due for delivery.
    let resultReady: @Sendable () -> Void

    /// What the queue works with.
    struct Rooms: Sendable {
        var store: any QueueRepository
        var invoker: any FunctionInvoker
        var directory: any FunctionDirectory
        var sink: any InvocationSink
        var statusOf: @Sendable (Invocation) -> Int
        var logger: Logger
    }

    /// - Parameters:
    ///   - rooms: what it works with.
    ///   - limits: bounds of what is kept.
    ///   - runningMax: calls at once.
    ///   - resultReady: called after the end of a call.
    init(
        _ rooms: Rooms,
        limits: QueueLimits = QueueLimits(),
        runningMax: Int,
        resultReady: @escaping @Sendable () -> Void = {}
    ) {
        store = rooms.store
        invoker = rooms.invoker
        directory = rooms.directory
        sink = rooms.sink
        statusOf = rooms.statusOf
        logger = rooms.logger
        self.limits = limits
        self.resultReady = resultReady
        shared = Mutex(Shared(state: QueueState(runningMax: runningMax)))
    }

    // MARK: Life

    /// Begins: calls that were under way when the last gateway died come first.
    func start() async {
        await recover()
        let claiming = Task { await claimAll() }
        let caring = Task { await care() }
        loops.withLock { $0 = [claiming, caring] }
    }

    /// Starts no further calls; those under way go on.
    func stop() {
        shared.withLock { $0.state.stop() }
        wake()
        for loop in loops.withLock({ $0 }) { loop.cancel() }
    }

    /// Returns when every call under way has ended and its end is in the store.
    func settle() async {
        for loop in loops.withLock({ $0 }) { await loop.value }
        while let task = shared.withLock({ $0.tasks.values.first }) { await task.value }
    }

    private func recover() async {
        do throws(StoreError) {
            try await store.removeOrphanedContents()
            for lost in try await store.expireLeases(except: owner) { recordLost(lost) }
        } catch {
            logger.error("Lost asynchronous calls cannot be looked up", metadata: ["reason": "\(error)"])
        }
    }

    private func recordLost(_ call: LostQueuedCall) {
        let revision: Revision
        switch directory.lookup(call.function) {
        case .unknown: return
        case .broken(let known, _): revision = known
        case .live(let function): revision = function.revision
        }
        let record = Invocation(
            id: call.id,
            function: call.function,
            revision: revision.number,
            trigger: .asynchronous,
            startedAt: call.startedAt,
            outcome: .lost
        )
        sink.append(record, logs: [])
    }

    // MARK: Accepting and changing

    /// Accepts a call; see ``AsynchronousCalls``.
    package func accept(_ function: FunctionName, _ request: InvocationRequest, callback: String?)
        async throws -> String
    {
        guard !shared.withLock({ $0.state.isStopping }) else {
            throw QueueRefusal.stopping(retryAfterSeconds: Self.retryAfterSeconds)
        }
        if let callback, let reason = CallbackAddress.refusal(callback) {
            throw QueueRefusal.callback(reason: reason)
        }
        let body = try await QueuedBody.accept(request.body, in: store)
        var head = request.head
        head.bodyLength = body == .none ? .none : .bytes(body.sizeBytes)
        var call = NewQueuedCall(
            id: request.id,
            spareID: UUID().uuidString.lowercased(),
            function: function,
            head: QueuedHead.encode(head),
            body: body
        )
        call.callbackURL = callback
        let result: EnqueueResult
        do throws(StoreError) { result = try await store.enqueue(call, limits) } catch {
            store.discard(body)
            throw error
        }
        switch result {
        case .accepted(let id):
            wake()
            return id
        case .functionFull:
            store.discard(body)
            throw QueueRefusal.functionFull(retryAfterSeconds: Self.retryAfterSeconds)
        case .storageFull:
            store.discard(body)
            throw QueueRefusal.storageFull(retryAfterSeconds: Self.retryAfterSeconds)
        }
    }

    /// Ends a call, which may run; see ``AsynchronousCalls``.
    package func cancel(_ id: String) async throws(StoreError) -> QueueChange {
        let change = try await store.cancel(id)
        if change == .asked {
            let task = shared.withLock { shared in
                if shared.tasks[id] != nil { shared.cancelled.insert(id) }
                return shared.tasks[id]
            }
            task?.cancel()
        }
        return change
    }

    /// Queues a failed or cancelled call again.
    package func retry(_ id: String) async throws(StoreError) -> QueueChange {
        let change = try await store.retry(id)
        if change == .done { wake() }
        return change
    }

    /// Since the start of the gateway, by function.
    package func counts() -> [FunctionName: QueueCounts] { shared.withLock { $0.counts } }

    // MARK: Claiming

    /// Something has changed: the loop looks again.
    func wake() {
        let sleeper = shared.withLock { shared in
            shared.state.woken()
            return shared.sleeper
        }
        sleeper?.cancel()
    }

    private func claimAll() async {
        while true {
            switch shared.withLock({ $0.state.next(now: .now) }) {
            case .stop: return
            case .claim(let countMax): await claim(countMax)
            case .wait(let until): await sleep(until: until)
            }
        }
    }

    private func claim(_ countMax: Int) async {
        let request = QueueClaimRequest(owner: owner, lease: Self.lease, countMax: countMax) { [self] name in
            let max = runningMax(of: name)
            return shared.withLock { $0.state.room(name, max: max) }
        }
        do throws(StoreError) {
            let claims = try await store.claim(request)
            let due = claims.nextDue.map { ContinuousClock.now + $0 }
            shared.withLock { shared in
                shared.state.claimed(claims.claims.map(\.function), nextDue: due)
                for claim in claims.claims { shared.tasks[claim.id] = Task { await self.run(claim) } }
            }
        } catch {
            logger.error("The store refuses the queue's claims", metadata: ["reason": "\(error)"])
            shared.withLock { $0.state.claimFailed(retryAt: .now + Self.retryPause) }
        }
    }

    /// Calls of the queue at once: half of the host's sandboxes, and no more than the store's writes keep up with.
    static func runningMax(sandboxesMax: Int) -> Int { min(64, max(1, sandboxesMax / 2)) }

    /// Half of what a function may run at once: other callers find room.
    private func runningMax(of name: FunctionName) -> Int {
        switch directory.lookup(name) {
        case .live(let function): max(1, (function.revision.configuration.concurrency + 1) / 2)
        // It ends at once.
        case .unknown, .broken: 1
        }
    }

    private func sleep(until date: ContinuousClock.Instant?) async {
        let task = Task {
            // A cancelled sleep is a wake-up.
            _ = try? await Task.sleep(until: date ?? .now + Self.heartbeat, clock: .continuous)
        }
        let mustLook = shared.withLock { shared in
            shared.sleeper = task
            return shared.state.isWoken || shared.state.isStopping
        }
        if mustLook { task.cancel() }
        await task.value
    }

    /// Keeps the leases and drops what is too old, until its task is cancelled.
    private func care() async {
        while !Task.isCancelled {
            do throws(StoreError) {
                if shared.withLock({ !$0.tasks.isEmpty }) {
                    try await store.extendLeases(of: owner, by: Self.lease)
                }
                while try await store.prune(limits), !Task.isCancelled {}
            } catch {
                logger.warning("The queue's leases or its old calls wait", metadata: ["reason": "\(error)"])
            }
            // A cancelled sleep is the end.
            _ = try? await Task.sleep(for: Self.heartbeat)
        }
    }
}
