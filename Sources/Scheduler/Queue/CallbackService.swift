// SPDX-License-Identifier: Apache-2.0
// Delivers results to the addresses that callers named. Engine owns one; CallQueue wakes it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import HTTPClient
import Logging
import Synchronization

/// POSTs results, some at a time, each until it arrives or its attempts are used up.
///
/// A delivery is claimed as a call is: after a crash it is made again, so a result arrives at least once.
final class CallbackService: Sendable {
    /// Deliveries at once.
    static let runningMax = 16
    static let lease = Duration.seconds(120)
    static let idlePause = Duration.seconds(20)
    static let rules = RetryRules(attemptsMax: 10, minWait: .seconds(1), maxWait: .seconds(600), codes: [])

    private struct Shared: ~Copyable {
        var state = QueueState(runningMax: CallbackService.runningMax)
        var tasks: [String: Task<Void, Never>] = [:]
        var sleeper: Task<Void, Never>?
    }

    private let store: any QueueRepository
    private let request: CallbackRequest
    private let logger: Logger
    private let owner = UUID().uuidString.lowercased()
    private let shared = Mutex(Shared())
    private let loop = Mutex<Task<Void, Never>?>(nil)

    /// - Parameters:
    ///   - store: has what is to be delivered.
    ///   - allowed: networks that may be reached besides the public internet.
    ///   - statusOf: the edge's status table.
    ///   - logger: gets callbacks that are given up.
    init(
        store: any QueueRepository,
        allowed: [IPv4Network],
        statusOf: @escaping @Sendable (Invocation) -> Int,
        logger: Logger
    ) {
        self.store = store
        self.logger = logger
        request = CallbackRequest(destinations: DestinationPolicy(allowed: allowed), statusOf: statusOf)
    }

    /// Begins; what an earlier gateway had under way is due already.
    func start() { loop.withLock { $0 = Task { await claimAll() } } }

    /// Starts no further delivery, ends those under way, and returns when nothing is left.
    func stop() async {
        let tasks = shared.withLock { shared in
            shared.state.stop()
            return Array(shared.tasks.values)
        }
        wake()
        await loop.withLock { $0 }?.value
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        while let task = shared.withLock({ $0.tasks.values.first }) {
            task.cancel()
            await task.value
        }
    }

    /// A result may be due.
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
        do throws(StoreError) {
            let (claims, nextDue) = try await store.claimCallbacks(
                owner: owner,
                lease: Self.lease,
                countMax: countMax
            )
            shared.withLock { shared in
                shared.state.claimed(
                    claims.map(\.call.function),
                    nextDue: nextDue.map { ContinuousClock.now + $0 }
                )
                for claim in claims { shared.tasks[claim.call.id] = Task { await self.deliver(claim) } }
            }
        } catch {
            logger.error("The store refuses the claims of callbacks", metadata: ["reason": "\(error)"])
            shared.withLock { $0.state.claimFailed(retryAt: .now + CallQueue.retryPause) }
        }
    }

    private func sleep(until date: ContinuousClock.Instant?) async {
        let task = Task {
            // A cancelled sleep is a wake-up.
            _ = try? await Task.sleep(until: date ?? .now + Self.idlePause, clock: .continuous)
        }
        let mustLook = shared.withLock { shared in
            shared.sleeper = task
            return shared.state.isWoken || shared.state.isStopping
        }
        if mustLook { task.cancel() }
        await task.value
    }

    private func deliver(_ claim: CallbackClaim) async {
        let result = await request.send(claim)
        do throws(StoreError) {
            try await store.settle(claim, ending(of: claim, result))
        } catch {
            // The claim ends with its lease: the delivery is made again.
            logger.error("A callback's end is not stored", metadata: ["reason": "\(error)"])
        }
        shared.withLock { shared in
            shared.tasks[claim.call.id] = nil
            shared.state.ended(claim.call.function)
        }
        wake()
    }

    private func ending(of claim: CallbackClaim, _ result: CallbackRequest.Result) -> CallbackEnding {
        switch result {
        case .delivered: return .delivered
        case .cancelled: return .released
        case .refused(let reason): return given(up: claim, reason)
        case .failed(let reason, let retryAfter):
            guard claim.attempt < Self.rules.attemptsMax else { return given(up: claim, reason) }
            var random = SystemRandomNumberGenerator()
            let wait = Self.rules.wait(after: claim.attempt, retryAfter: retryAfter, using: &random)
            return .retry(after: wait, reason: reason)
        }
    }

    private func given(up claim: CallbackClaim, _ reason: String) -> CallbackEnding {
        logger.warning(
            "A callback is given up",
            metadata: ["call": "\(claim.call.id)", "attempts": "\(claim.attempt)", "reason": "\(reason)"]
        )
        return .failed(reason: reason)
    }
}
