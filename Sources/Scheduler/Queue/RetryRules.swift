// SPDX-License-Identifier: Apache-2.0
// Whether a call runs again, and when: pure decisions. CallQueue and CallbackService ask.

import FunctionModel

/// When something is tried again: exponential back-off with full jitter.
struct RetryRules: Hashable, Sendable {
    let attemptsMax: Int
    let minWait: Duration
    let maxWait: Duration
    /// Statuses after which another attempt may help.
    let codes: Set<Int>
    /// Age up to which an attempt may begin; nil for any.
    var ageMax: Duration?

    /// A wait that an answer asks for counts up to this: nothing stays in the queue for ever.
    static let retryAfterMax = Duration.seconds(86_400)

    init(_ policy: AsyncConfiguration) {
        self.init(
            attemptsMax: policy.attempts,
            minWait: policy.minWait.duration,
            maxWait: policy.maxWait.duration,
            codes: Set(policy.codes)
        )
        ageMax = policy.maxAge?.duration
    }

    init(attemptsMax: Int, minWait: Duration, maxWait: Duration, codes: Set<Int>) {
        self.attemptsMax = attemptsMax
        self.minWait = minWait
        self.maxWait = max(minWait, maxWait)
        self.codes = codes
    }

    enum Decision: Hashable, Sendable {
        case succeeded
        case failed
        case retry(after: Duration)
    }

    /// An attempt was answered.
    ///
    /// - Parameters:
    ///   - status: its HTTP status.
    ///   - attempt: from 1.
    ///   - age: of the call.
    ///   - retryAfter: what the answer asks for.
    ///   - random: for the jitter.
    /// - Returns: what to do.
    func decide(
        status: Int,
        attempt: Int,
        age: Duration = .zero,
        retryAfter: Duration?,
        using random: inout some RandomNumberGenerator
    ) -> Decision {
        if status < 400 { return .succeeded }
        guard codes.contains(status), attempt < attemptsMax else { return .failed }
        let wait = wait(after: attempt, retryAfter: retryAfter, using: &random)
        if let ageMax, age + wait > ageMax { return .failed }
        return .retry(after: wait)
    }

    /// The wait before the next attempt.
    ///
    /// Between `minWait` and `minWait` × 2^(attempt-1), which `maxWait` bounds; longer when the answer asks for it:
    /// - after attempt 1: minWait
    /// - after attempt 3: minWait to 4 × minWait
    func wait(
        after attempt: Int,
        retryAfter: Duration?,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        let doublings = min(max(attempt - 1, 0), 30)
        let ceiling = min(maxWait, minWait * (1 << doublings))
        let share = Double.random(in: 0...1, using: &random)
        let jittered = minWait + (max(ceiling, minWait) - minWait) * share
        guard let retryAfter else { return jittered }
        return max(jittered, min(retryAfter, Self.retryAfterMax))
    }
}
