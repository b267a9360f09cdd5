// SPDX-License-Identifier: Apache-2.0
// Token buckets, and what a client is.

import FunctionModel
import Testing

@testable import Gateway

@Suite("A rate")
struct RateStateTests {
    private static func rate(_ text: String, burst: Int? = nil, per: RateConfiguration.Subject = .client)
        throws
        -> RateConfiguration
    {
        var rate = RateConfiguration(requests: try RequestRate(text, field: "rate.requests"))
        rate.burst = burst
        rate.per = per
        return rate
    }

    @Test("lets a burst pass, then one call each time a token has come, and says how long to wait")
    func bucket() throws {
        var state = RateState(try Self.rate("10/s", burst: 3))
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(state.take("a", at: start) == nil) }
        let refused = state.take("a", at: start)
        let wait = try #require(refused)
        #expect(abs(wait / .seconds(1) - 0.1) < 0.001)
        #expect(state.take("a", at: start + .milliseconds(99)) != nil)
        #expect(state.take("a", at: start + .milliseconds(101)) == nil)
        #expect(state.take("a", at: start + .milliseconds(102)) != nil)
        // A pause fills the bucket, and no more than that.
        for _ in 0..<3 { #expect(state.take("a", at: start + .seconds(60)) == nil) }
        #expect(state.take("a", at: start + .seconds(60)) != nil)
    }

    @Test("counts each client for itself, and a clock that goes back gives nothing")
    func clients() throws {
        var state = RateState(try Self.rate("1/m"))
        let start = ContinuousClock.now
        #expect(state.take("a", at: start) == nil)
        #expect(state.take("b", at: start) == nil)
        #expect(state.take("a", at: start - .seconds(3600)) != nil)
        #expect(state.take("a", at: start + .seconds(59)) != nil)
        #expect(state.take("a", at: start + .seconds(61)) == nil)
    }

    @Test("keeps a bounded number of buckets; strangers beyond it share one, until others are full again")
    func bounded() throws {
        var state = RateState(try Self.rate("1/s", burst: 1))
        let start = ContinuousClock.now
        for number in 0..<RateState.clientsMax { #expect(state.take("c\(number)", at: start) == nil) }
        #expect(state.take("x", at: start) == nil)
        #expect(state.take("y", at: start) != nil)
        #expect(state.count <= RateState.clientsMax + 1)
        #expect(state.take("z", at: start + .seconds(5)) == nil)
        #expect(state.take("w", at: start + .seconds(5)) == nil)
        #expect(state.count <= 3)
    }

    @Test("counts an IPv6 network as one client, and an IPv4 address in either form as the same")
    func addresses() {
        #expect(RateLimiter.client("2001:db8:1:2::1") == RateLimiter.client("2001:db8:1:2:ffff::9"))
        #expect(RateLimiter.client("2001:db8:1:2::1") != RateLimiter.client("2001:db8:1:3::1"))
        #expect(RateLimiter.client("::ffff:192.0.2.1") == "192.0.2.1")
        #expect(RateLimiter.client("192.0.2.1") == "192.0.2.1")
        #expect(RateLimiter.client("fe80::1%eth0") == RateLimiter.client("fe80::2"))
        #expect(RateLimiter.client("") == "")
    }

    @Test(
        "is written as count and unit",
        arguments: [
            ("100/s", 100.0), ("30/m", 0.5), ("3600/h", 1), ("0/s", nil), ("-1/s", nil), ("5", nil),
            ("5/d", nil),
            ("1.5/s", nil), ("1/s/s", nil), ("1000001/s", nil), ("", nil),
        ] as [(String, Double?)]
    ) func text(_ text: String, _ perSecond: Double?) throws {
        guard let perSecond else {
            #expect(throws: ModelError.self) { try RequestRate(text, field: "rate.requests") }
            return
        }
        #expect(try RequestRate(text, field: "rate.requests").perSecond == perSecond)
    }

    @Test("answers calls beyond it with 429 and Retry-After, across deploys, and runs nothing")
    func refused() async throws {
        for subject in RateConfiguration.Subject.allCases {
            let rate = try Self.rate("1/h", burst: 2, per: subject)
            let invoker = FakeInvoker.ending(.ok)
            try await TestGateway.run(invoker, [try makeRevision("hello") { $0.rate = rate }]) { gateway in
                func call() async throws -> WireAnswer {
                    try await gateway.client.send("GET", "/function/hello")
                }
                #expect(try await call().status == 200)
                try await gateway.catalog.secretChanged("x", in: FunctionName.defaultNamespace)
                #expect(try await call().status == 200)
                let refused = try await call()
                #expect(refused.status == 429)
                #expect(refused.body.contains(#""code":"rate_limited""#))
                let seconds = try #require(refused["retry-after"].flatMap { Int($0) })
                #expect((1700...1800).contains(seconds) || (3500...3600).contains(seconds))
                #expect(invoker.requests.count == 2)
            }
        }
    }

    @Test("is not used up by callers without credentials")
    func afterCredentials() async throws {
        let rate = try Self.rate("1/h", burst: 1, per: .function)
        let revision = try makeRevision("hello") {
            $0.rate = rate
            $0.authentication = .basic
        }
        try await TestGateway.run(.ending(.ok), [revision]) { gateway in
            for _ in 0..<3 {
                #expect(try await gateway.client.send("GET", "/function/hello").status == 401)
            }
            let admin = try await gateway.client.send(
                "GET",
                "/function/hello",
                headers: [TestGateway.authorization]
            )
            #expect(admin.status == 200)
        }
    }
}
