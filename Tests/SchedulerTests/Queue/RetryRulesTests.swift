// SPDX-License-Identifier: Apache-2.0
// When a call runs again, as pure values.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct RetryRulesTests {
    private static func rules(_ change: (inout AsyncConfiguration) -> Void = { _ in }) -> RetryRules {
        var policy = AsyncConfiguration()
        change(&policy)
        return RetryRules(policy)
    }

    @Test(
        "statuses of the policy run again while attempts are left, others are final",
        arguments: [
            (200, 1, RetryRules.Decision.succeeded), (302, 5, .succeeded), (404, 1, .failed),
            (500, 5, .failed),
            (503, 7, .failed), (501, 1, .failed),
        ]
    )
    func final(status: Int, attempt: Int, expected: RetryRules.Decision) {
        var random = SeededGenerator(seed: 1)
        let decision = Self.rules().decide(
            status: status,
            attempt: attempt,
            retryAfter: nil,
            using: &random
        )
        #expect(decision == expected)
    }

    @Test("the policy's own attempts and codes count")
    func policy() {
        var random = SeededGenerator(seed: 1)
        let rules = Self.rules {
            $0.attempts = 2
            $0.codes = [404]
        }
        for (status, attempt, mayRetry) in [(404, 1, true), (404, 2, false), (500, 1, false)] {
            let decision = rules.decide(status: status, attempt: attempt, retryAfter: nil, using: &random)
            if case .retry = decision { #expect(mayRetry) } else { #expect(!mayRetry) }
        }
    }

    @Test("a call that would be older than max_age by then runs no more")
    func age() {
        var random = SeededGenerator(seed: 3)
        let rules = Self.rules {
            $0.minWait = .seconds(10)
            $0.maxWait = .seconds(10)
            $0.maxAge = .seconds(60)
        }
        for (age, mayRetry) in [(0, true), (50, true), (51, false), (3600, false)] {
            let decision = rules.decide(
                status: 500,
                attempt: 1,
                age: .seconds(age),
                retryAfter: nil,
                using: &random
            )
            #expect(decision == (mayRetry ? .retry(after: .seconds(10)) : .failed), "\(age)")
        }
    }

    @Test("waits lie between min_wait and the doubled bound, spread over all of it, never above max_wait")
    func jitter() {
        let rules = Self.rules {
            $0.minWait = .seconds(1)
            $0.maxWait = .seconds(20)
        }
        var random = SeededGenerator(seed: 7)
        for (attempt, ceiling) in [(1, 1.0), (2, 2), (3, 4), (5, 16), (6, 20), (1000, 20)] {
            let waits = (0..<500).map { _ in
                rules.wait(after: attempt, retryAfter: nil, using: &random) / .seconds(1)
            }
            #expect(waits.allSatisfy { $0 >= 1 && $0 <= ceiling + 1e-6 }, "attempt \(attempt)")
            let spread = (waits.max() ?? 0) - (waits.min() ?? 0)
            #expect(spread >= 0.9 * (ceiling - 1), "attempt \(attempt) spreads over \(spread) s")
        }
    }

    @Test("an answer's Retry-After is honoured, up to a day, and never shortens a wait")
    func retryAfter() {
        let rules = Self.rules()
        var random = SeededGenerator(seed: 3)
        #expect(rules.wait(after: 1, retryAfter: .seconds(30), using: &random) == .seconds(30))
        #expect(rules.wait(after: 1, retryAfter: .zero, using: &random) == .seconds(1))
        #expect(rules.wait(after: 1, retryAfter: .seconds(9_999_999), using: &random) == .seconds(86_400))
        let decision = rules.decide(status: 503, attempt: 1, retryAfter: .seconds(40), using: &random)
        #expect(decision == .retry(after: .seconds(40)))
    }
}
