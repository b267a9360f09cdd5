// SPDX-License-Identifier: Apache-2.0
// Delivers results to the addresses that callers named. Engine owns one; CallQueue wakes it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import HTTPClient
import Logging

/// POSTs results, some at a time, each until it arrives or its attempts are used up.
///
/// A delivery is claimed as a call is: after a crash it is made again, so a result arrives at least once.
final class CallbackService: Sendable {
    /// Deliveries at once.
    static let runningMax = 16
    static let lease = Duration.seconds(120)
    static let rules = RetryRules(attemptsMax: 10, minWait: .seconds(1), maxWait: .seconds(600), codes: [])

    private let store: any QueueRepository
    private let request: CallbackRequest
    private let logger: Logger
    private let owner = UUID().uuidString.lowercased()
    private let claims: ClaimLoop

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
        claims = ClaimLoop("callbacks", runningMax: Self.runningMax, logger: logger)
        request = CallbackRequest(destinations: DestinationPolicy(allowed: allowed), statusOf: statusOf)
    }

    /// Begins; what an earlier gateway had under way is due already.
    func start() { claims.start { [self] (countMax) async throws(StoreError) in try await claim(countMax) } }

    /// Starts no further delivery, ends those under way, and returns when nothing is left.
    func stop() async {
        claims.stop()
        claims.cancelRunning()
        await claims.settle(cancelling: true)
    }

    /// A result may be due.
    func wake() { claims.wake() }

    private func claim(_ countMax: Int) async throws(StoreError) -> ClaimLoop.Claimed {
        let (claims, nextDue) = try await store.claimCallbacks(
            owner: owner,
            lease: Self.lease,
            countMax: countMax
        )
        let work = claims.map { claim in
            ClaimLoop.Work(id: claim.call.id, function: claim.call.function) { [self] in await deliver(claim)
            }
        }
        return (work, nextDue)
    }

    private func deliver(_ claim: CallbackClaim) async {
        let result = await request.send(claim)
        do throws(StoreError) {
            try await store.settle(claim, ending(of: claim, result))
        } catch {
            // The claim ends with its lease: the delivery is made again.
            logger.error("A callback's end is not stored", metadata: ["reason": "\(error)"])
        }
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
