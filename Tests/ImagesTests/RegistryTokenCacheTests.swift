// SPDX-License-Identifier: Apache-2.0
// The server, scope and duration for which a token is used.

import Foundation
import Testing

@testable import HTTPClient
@testable import Registry

@Suite("Registry token cache")
struct RegistryTokenCacheTests {
    let start = ContinuousClock.now
    let here: Origin
    let there: Origin

    init() throws {
        here = try #require(URL(string: "https://a.example").flatMap(Origin.init))
        there = try #require(URL(string: "https://a.example:444").flatMap(Origin.init))
    }

    @Test("a token is used for its registry and for scopes that it covers, no others")
    func scopes() {
        var cache = TokenCache()
        cache.keep(.bearer("t"), for: here, scopes: [.push("a")], lifetime: nil, at: start)
        #expect(cache.authorization(for: here, scopes: [.pull("a")], at: start) == .bearer("t"))
        #expect(cache.authorization(for: here, scopes: [.pull("b")], at: start) == nil)
        #expect(cache.authorization(for: here, scopes: [.pull("a"), .pull("b")], at: start) == nil)
        #expect(cache.authorization(for: there, scopes: [.pull("a")], at: start) == nil)
    }

    @Test(
        "a token ends a little before its time; without a stated time after a minute, at most after an hour"
    )
    func lifetime() {
        for (stated, seconds) in [(nil, 60), (Duration.seconds(300), 300), (.seconds(86400), 3600)] {
            var cache = TokenCache()
            cache.keep(.bearer("t"), for: here, scopes: [], lifetime: stated, at: start)
            let last = start.advanced(by: .seconds(seconds) - TokenCache.margin)
            #expect(
                cache.authorization(for: here, scopes: [], at: last.advanced(by: .nanoseconds(-1))) != nil
            )
            #expect(cache.authorization(for: here, scopes: [], at: last) == nil)
        }
        var cache = TokenCache()
        cache.keep(.bearer("t"), for: here, scopes: [], lifetime: .seconds(-5), at: start)
        #expect(cache.count == 0)
    }

    @Test("Basic holds for every scope; what was refused is forgotten")
    func basic() {
        var cache = TokenCache()
        cache.keep(.basic("x"), for: here, scopes: nil, lifetime: .seconds(60), at: start)
        #expect(cache.authorization(for: here, scopes: [.push("any")], at: start) == .basic("x"))
        cache.forget(here, authorization: .basic("x"))
        #expect(cache.authorization(for: here, scopes: [], at: start) == nil)
    }

    @Test("the cache is bounded, the entry that ends first goes, and no description shows a token")
    func bounds() {
        var cache = TokenCache()
        for number in 0...TokenCache.entriesMax {
            let lifetime = Duration.seconds(60 + number)
            cache.keep(
                .bearer("s3cret"),
                for: here,
                scopes: [.pull("r\(number)")],
                lifetime: lifetime,
                at: start
            )
        }
        #expect(cache.count == TokenCache.entriesMax)
        #expect(cache.authorization(for: here, scopes: [.pull("r0")], at: start) == nil)
        let shown = "\(Authorization.bearer("s3cret"))" + String(reflecting: Authorization.bearer("s3cret"))
        #expect(!shown.contains("s3cret"))
        let credential = Credential(user: "ada", secret: "s3cret")
        var dumped = ""
        dump(credential, to: &dumped)
        #expect(!(dumped + "\(credential)" + String(reflecting: credential)).contains("s3cret"))
    }
}
