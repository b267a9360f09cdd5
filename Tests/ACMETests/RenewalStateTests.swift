// SPDX-License-Identifier: Apache-2.0
// When an authority is asked, and when it is left alone.

import Testing

@testable import ACME

@Suite struct RenewalStateTests {
    private static let day: Int64 = 24 * 60 * 60
    private static let quarter = Validity(fromSeconds: 1000, untilSeconds: 1000 + 90 * day)

    @Test("a certificate is renewed after two thirds of its life, and a missing one is asked for at once")
    func due() {
        #expect(RenewalState(validity: nil).attempts(nowSeconds: 0, isAsked: false))
        let state = RenewalState(validity: Self.quarter)
        #expect(state.dueSeconds == 1000 + 60 * Self.day)
        #expect(!state.attempts(nowSeconds: state.dueSeconds - 1, isAsked: false))
        #expect(!state.attempts(nowSeconds: state.dueSeconds - 1, isAsked: true))
        #expect(state.attempts(nowSeconds: state.dueSeconds, isAsked: false))
        let broken = RenewalState(validity: Validity(fromSeconds: 5, untilSeconds: Int64.min / 2))
        #expect(broken.attempts(nowSeconds: 5, isAsked: false))
    }

    @Test("each failure doubles the pause up to half a day, and success ends it")
    func pauses() {
        var state = RenewalState(validity: nil)
        var pauses: [Int64] = []
        for _ in 0..<12 {
            pauses.append(state.failed(.nonces, nowSeconds: 0, random: 0).nextSeconds)
        }
        #expect(pauses.prefix(4) == [600, 1200, 2400, 4800])
        #expect(pauses.suffix(4).allSatisfy { $0 == RenewalState.pauseSecondsMax })
        #expect(!state.attempts(nowSeconds: pauses[11] - 1, isAsked: false))
        // An operator's wish counts more than a pause of the gateway's own.
        #expect(state.attempts(nowSeconds: 1, isAsked: true))
        state.issued(Self.quarter, nowSeconds: Self.quarter.fromSeconds)
        #expect(state.failures == FailedAttempts())
    }

    @Test("a certificate that is due when it is issued is not ordered again at once")
    func dueAtOnce() {
        var state = RenewalState(validity: nil)
        let now = Self.quarter.untilSeconds - 600
        state.issued(Self.quarter, nowSeconds: now)
        #expect(!state.attempts(nowSeconds: now + 199, isAsked: false))
        #expect(state.attempts(nowSeconds: now + 200, isAsked: false))
        #expect(state.attempts(nowSeconds: now, isAsked: true))
    }

    @Test("random spreads attempts, and never shortens a pause")
    func spread() {
        for random in [0, 1, 119, 120, UInt64.max] {
            var state = RenewalState(validity: nil)
            let next = state.failed(.nonces, nowSeconds: 0, random: random).nextSeconds
            #expect((600..<720).contains(next))
        }
    }

    @Test("a pause that the authority asks for is kept, also when an operator asks, up to a week")
    func demanded() {
        var state = RenewalState(validity: nil)
        let error = ACMEError.rateLimited(detail: "slow", retryAfterSeconds: 5000)
        #expect(state.failed(error, nowSeconds: 10, random: 0).nextSeconds == 5010)
        #expect(!state.attempts(nowSeconds: 5009, isAsked: true))
        #expect(state.attempts(nowSeconds: 5010, isAsked: false))
        let absurd = ACMEError.rateLimited(detail: "slow", retryAfterSeconds: Int64.max)
        let next = state.failed(absurd, nowSeconds: 10, random: 0).nextSeconds
        #expect(next == 10 + RenewalState.demandedSecondsMax)
    }

    @Test("a clock that was set back makes no pause longer than any is")
    func clock() {
        let failures = FailedAttempts(count: 3, nextSeconds: 100 * Self.day, isDemanded: true, reason: "x")
        let state = RenewalState(validity: nil, failures: failures)
        #expect(state.attempts(nowSeconds: Self.day, isAsked: false))
        #expect(!state.attempts(nowSeconds: 99 * Self.day, isAsked: false))
    }

    @Test("after a failure another kind of challenge is tried")
    func kinds() {
        var state = RenewalState(validity: nil)
        #expect(state.kind(of: []) == nil)
        #expect(state.kind(of: [.http, .tls]) == .http)
        _ = state.failed(.nonces, nowSeconds: 0, random: 0)
        #expect(state.kind(of: [.http, .tls]) == .tls)
        #expect(state.kind(of: [.tls]) == .tls)
        _ = state.failed(.nonces, nowSeconds: 0, random: 0)
        #expect(state.kind(of: [.http, .tls]) == .http)
    }
}
