// SPDX-License-Identifier: Apache-2.0
// One claimed call from its run to its stored end. Part of CallQueue.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Logging
import Synchronization

extension CallQueue {
    /// Longest wait for a store that fails; then it is asked again.
    private static let storePauseMax = Duration.seconds(30)

    /// Runs a claim and stores what became of it.
    func run(_ claim: QueueClaim) async {
        let attempt = QueuedAttempt(claim: claim, store: store, invoker: invoker, statusOf: statusOf)
        let end = await attempt.run()
        let ending = ending(of: claim, end)
        let state = await store(claim, ending)
        totals.withLock { totals in
            if case .retry = ending { totals[claim.function, default: QueueCounts()].retries += 1 }
            if state == .failed { totals[claim.function, default: QueueCounts()].deadLetters += 1 }
        }
        if state?.isFinal == true { resultReady() }
    }

    /// What becomes of the call.
    private func ending(of claim: QueueClaim, _ end: QueuedAttempt.End) -> QueueEnding {
        switch end {
        case .answered(let status, let result, let output, let retryAfter):
            guard let status else { return .finished(.failed, result, output: output) }
            var random = SystemRandomNumberGenerator()
            let rules = RetryRules(policy(of: claim.function))
            let decision = rules.decide(
                status: status,
                attempt: claim.attemptsUsed + 1,
                age: .seconds(Date().timeIntervalSince(claim.acceptedAt)),
                retryAfter: retryAfter,
                using: &random
            )
            return switch decision {
            case .succeeded: .finished(.succeeded, result, output: output)
            case .failed: .finished(.failed, result, output: output)
            case .retry(let wait): .retry(after: wait, result, output: output)
            }
        case .cancelled(let result):
            let isCutShort = claims.isStopping && !claims.isCancelled(claim.id)
            // What the gateway's own end cut short is run again, and did not count.
            return isCutShort ? .released(after: .zero) : .finished(.cancelled, result, output: .none)
        case .refused(let wait):
            claims.refused(claim.function, for: wait)
            return .released(after: claims.isStopping ? .zero : wait)
        }
    }

    private func policy(of function: FunctionName) -> AsyncConfiguration {
        switch directory.lookup(function) {
        case .live(let live): live.revision.configuration.asynchronous
        case .broken(let revision, _): revision.configuration.asynchronous
        case .unknown: AsyncConfiguration()
        }
    }

    /// Stores the end, again and again: a call whose end is not stored would run until the next start.
    private func store(_ claim: QueueClaim, _ ending: QueueEnding) async -> QueuedCallState? {
        var pause = ClaimLoop.retryPause
        while true {
            do throws(StoreError) {
                return try await store.settle(claim, ending)
            } catch {
                logger.error(
                    "The end of an asynchronous call is not stored",
                    metadata: ["call": "\(claim.id)", "reason": "\(error)"]
                )
                // At the gateway's end the lease stays: the next start runs the call again.
                if claims.isStopping { return nil }
            }
            // Not this task's sleep: a cancelled call's end is stored as well.
            await Task { [pause] in _ = try? await Task.sleep(for: pause) }.value
            pause = min(pause * 2, Self.storePauseMax)
        }
    }
}
