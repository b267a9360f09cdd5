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
    static let retryAfterSeconds = 5

    let store: any QueueRepository
    let invoker: TracedInvoker
    let directory: any FunctionDirectory
    let sink: any InvocationSink
    let statusOf: @Sendable (Invocation) -> Int
    let limits: QueueLimits
    let logger: Logger
    /// This process: a claim of an earlier one is not its own.
    let owner = UUID().uuidString.lowercased()
    let claims: ClaimLoop
    let totals = Mutex<[FunctionName: QueueCounts]>([:])
    private let caring = Mutex<Task<Void, Never>?>(nil)
    /// Called when a result may be due for delivery.
    let resultReady: @Sendable () -> Void

    /// What the queue works with.
    struct Rooms: Sendable {
        var store: any QueueRepository
        var invoker: TracedInvoker
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
        claims = ClaimLoop("asynchronous calls", runningMax: runningMax, logger: rooms.logger)
    }

    // MARK: Life

    /// Begins: calls that were under way when the last gateway died come first.
    func start() async {
        await recover()
        claims.start { [self] (countMax) async throws(StoreError) in try await claim(countMax) }
        caring.withLock { $0 = Task { await care() } }
    }

    /// Starts no further calls; those under way go on.
    func stop() {
        claims.stop()
        caring.withLock { $0 }?.cancel()
    }

    /// Returns when every call under way has ended and its end is in the store.
    func settle() async {
        await caring.withLock { $0 }?.value
        await claims.settle()
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
        guard !claims.isStopping else {
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
            head: QueuedHead.encode(head, version: request.version),
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
            claims.wake()
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
        if change == .asked { claims.cancel(id) }
        return change
    }

    /// Queues a failed or cancelled call again.
    package func retry(_ id: String) async throws(StoreError) -> QueueChange {
        let change = try await store.retry(id)
        if change == .done { claims.wake() }
        return change
    }

    /// Since the start of the gateway, by function.
    package func counts() -> [FunctionName: QueueCounts] { totals.withLock { $0 } }

    // MARK: Claiming

    private func claim(_ countMax: Int) async throws(StoreError) -> ClaimLoop.Claimed {
        let request = QueueClaimRequest(owner: owner, lease: Self.lease, countMax: countMax) { [self] name in
            claims.room(name, max: runningMax(of: name))
        }
        let claimed = try await store.claim(request)
        let work = claimed.claims.map { claim in
            ClaimLoop.Work(id: claim.id, function: claim.function) { [self] in await run(claim) }
        }
        return (work, claimed.nextDue)
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

    /// Keeps the leases and drops what is too old, until its task is cancelled.
    private func care() async {
        while !Task.isCancelled {
            do throws(StoreError) {
                if claims.isRunning {
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
