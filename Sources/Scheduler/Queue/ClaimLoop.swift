// SPDX-License-Identifier: Apache-2.0
// Claims work from the store and runs it, some at a time. CallQueue and CallbackService own one each.

import FunctionModel
import FunctionStore
import Logging
import Synchronization

/// Drives a ``QueueState``: asks a claim for work while there is room, and runs each piece in a task of its own.
final class ClaimLoop: Sendable {
    /// One claimed piece of work.
    struct Work: Sendable {
        var id: String
        var function: FunctionName
        /// Returns after the end of the claim is in the store.
        var run: @Sendable () async -> Void
    }

    /// What a claim returned, and the time until more is due.
    typealias Claimed = (work: [Work], nextDue: Duration?)

    /// Claims at most so many.
    typealias Claim = @Sendable (_ countMax: Int) async throws(StoreError) -> Claimed

    /// Pause after the store failed; a full disk is not asked again at once.
    static let retryPause = Duration.seconds(1)
    /// Longest sleep without a due time: bounds a wait for what another process added.
    static let idlePause = Duration.seconds(20)

    private struct Storage: ~Copyable {
        var state: QueueState
        var tasks: [String: Task<Void, Never>] = [:]
        /// Work that ``ClaimLoop/cancel(_:)`` ended while it runs.
        var cancelled: Set<String> = []
        var sleeper: Task<Void, Never>?
        var loop: Task<Void, Never>?
    }

    private let storage: Mutex<Storage>
    private let subject: String
    private let logger: Logger

    /// - Parameters:
    ///   - subject: what is claimed, for the log.
    ///   - runningMax: pieces of work at once.
    ///   - logger: gets failures of the store.
    init(_ subject: String, runningMax: Int, logger: Logger) {
        self.subject = subject
        self.logger = logger
        storage = Mutex(Storage(state: QueueState(runningMax: runningMax)))
    }

    /// Whether no further work is claimed.
    var isStopping: Bool { storage.withLock { $0.state.isStopping } }

    /// Begins to claim; once.
    func start(_ claim: @escaping Claim) {
        let loop = Task { await claimAll(claim) }
        storage.withLock { $0.loop = loop }
    }

    /// Claims no further work; what runs goes on.
    func stop() {
        storage.withLock { $0.state.stop() }
        wake()
    }

    /// Cancels all that runs; see ``isCancelled(_:)``.
    func cancelRunning() {
        for task in storage.withLock({ Array($0.tasks.values) }) { task.cancel() }
    }

    /// Returns when nothing runs any more; ``stop()`` comes first.
    ///
    /// - Parameter cancelling: cancels what a claim still under way adds.
    func settle(cancelling: Bool = false) async {
        await storage.withLock { $0.loop }?.value
        if cancelling { cancelRunning() }
        while let task = storage.withLock({ $0.tasks.values.first }) { await task.value }
    }

    /// Work may be due: looks again.
    func wake() {
        let sleeper = storage.withLock { storage in
            storage.state.woken()
            return storage.sleeper
        }
        sleeper?.cancel()
    }

    /// Whether something runs.
    var isRunning: Bool { storage.withLock { !$0.tasks.isEmpty } }

    /// Ends a piece of work if it runs here, and marks it as cancelled until its end.
    func cancel(_ id: String) {
        let task = storage.withLock { storage in
            if storage.tasks[id] != nil { storage.cancelled.insert(id) }
            return storage.tasks[id]
        }
        task?.cancel()
    }

    /// Whether ``cancel(_:)`` ended this piece of work, and not the end of the gateway.
    func isCancelled(_ id: String) -> Bool { storage.withLock { $0.cancelled.contains(id) } }

    /// How many more pieces of a function's work may run, of `max` at once.
    func room(_ function: FunctionName, max: Int) -> Int {
        storage.withLock { $0.state.room(function, max: max) }
    }

    /// A function had no room: none of its work is claimed for a while.
    func refused(_ function: FunctionName, for wait: Duration) {
        storage.withLock { $0.state.refused(function, until: .now + wait) }
    }

    private func claimAll(_ claim: Claim) async {
        while true {
            switch storage.withLock({ $0.state.next(now: .now) }) {
            case .stop: return
            case .claim(let countMax): await add(claim, countMax)
            case .wait(let until): await sleep(until: until)
            }
        }
    }

    private func add(_ claim: Claim, _ countMax: Int) async {
        do throws(StoreError) {
            let (claimed, nextDue) = try await claim(countMax)
            let due = nextDue.map { ContinuousClock.now + $0 }
            storage.withLock { storage in
                storage.state.claimed(claimed.map(\.function), nextDue: due)
                for work in claimed { storage.tasks[work.id] = Task { await self.run(work) } }
            }
        } catch {
            logger.error("The store refuses claims of \(subject)", metadata: ["reason": "\(error)"])
            storage.withLock { $0.state.claimFailed(retryAt: .now + Self.retryPause) }
        }
    }

    private func run(_ work: Work) async {
        await work.run()
        storage.withLock { storage in
            storage.tasks[work.id] = nil
            storage.cancelled.remove(work.id)
            storage.state.ended(work.function)
        }
        wake()
    }

    private func sleep(until date: ContinuousClock.Instant?) async {
        let task = Task {
            // A cancelled sleep is a wake-up.
            _ = try? await Task.sleep(until: date ?? .now + Self.idlePause, clock: .continuous)
        }
        let mustLook = storage.withLock { storage in
            storage.sleeper = task
            return storage.state.isWoken || storage.state.isStopping
        }
        if mustLook { task.cancel() }
        await task.value
    }
}
