// SPDX-License-Identifier: Apache-2.0
// Keep-alive, framing and loss of a connection, without one.

import Testing

@testable import Gateway

@Suite struct WireStateTests {
    @Test(
        "a response says whether its connection is kept",
        arguments: [
            (false, true, false, true, nil, false),
            (false, true, false, false, nil, false),
            (false, false, false, true, "close", true),
            (false, true, true, true, "close", true),
            (true, true, false, true, "keep-alive", false),
            (true, true, false, false, "close", true),
            (true, false, false, true, "close", true),
        ] as [(Bool, Bool, Bool, Bool, String?, Bool)]
    ) func keepAlive(
        _ isHTTP10: Bool,
        _ keepsAlive: Bool,
        _ asks: Bool,
        _ hasLength: Bool,
        _ field: String?,
        _ closes: Bool
    ) {
        var state = WireState()
        state.requestHead(isHTTP10: isHTTP10, keepsAlive: keepsAlive)
        let head = state.responseHead(asksToClose: asks, hasLength: hasLength)
        #expect(head == .init(isHTTP10: isHTTP10, connection: field))
        let answer2 = state.responseEnd()
        #expect(answer2 == closes)
    }

    @Test("a request that cannot be read ends the connection with the last open answer")
    func failed() {
        var state = WireState()
        state.requestHead(isHTTP10: false, keepsAlive: true)
        state.readingFailed()
        state.requestHead(isHTTP10: false, keepsAlive: false)
        let first = state.responseHead(asksToClose: false, hasLength: true)
        #expect(first.connection == nil)
        let closesAfterFirst = state.responseEnd()
        #expect(!closesAfterFirst)
        let last = state.responseHead(asksToClose: false, hasLength: true)
        #expect(last.connection == "close")
        let closes = state.responseEnd()
        #expect(closes)
    }

    @Test("a client that leaves is reported once, and only while a request is open")
    func loss() {
        var state = WireState()
        let early = state.lost()
        #expect(!early)
        state.requestHead(isHTTP10: false, keepsAlive: true)
        let first = state.lost()
        #expect(first)
        let second = state.lost()
        #expect(!second)
    }

    @Test("a client that leaves after its answer is not an error")
    func afterAnswer() {
        var state = WireState()
        state.requestHead(isHTTP10: false, keepsAlive: true)
        _ = state.responseHead(asksToClose: false, hasLength: true)
        _ = state.responseEnd()
        let late = state.lost()
        #expect(!late)
    }

    @Test("an answer that may be quiet for ever ends with the client's side, once it has begun")
    func quiet() {
        var state = WireState()
        state.requestHead(isHTTP10: false, keepsAlive: true, endsWithInput: true)
        let before = state.answerEndsWithInput
        #expect(!before)
        _ = state.responseHead(asksToClose: false, hasLength: false)
        let during = state.answerEndsWithInput
        #expect(during)
        _ = state.responseEnd()
        state.requestHead(isHTTP10: false, keepsAlive: true)
        _ = state.responseHead(asksToClose: false, hasLength: false)
        let function = state.answerEndsWithInput
        #expect(!function)
        _ = state.responseEnd()
        state.requestHead(isHTTP10: false, keepsAlive: true)
        _ = state.responseHead(asksToClose: false, hasLength: false, isEventStream: true)
        let events = state.answerEndsWithInput
        #expect(events)
    }

    @Test("an informational head may go out before the answer begins, to clients that know it")
    func information() {
        var state = WireState()
        let idle = state.takesInformation
        #expect(!idle)
        state.requestHead(isHTTP10: false, keepsAlive: true)
        let before = state.takesInformation
        #expect(before)
        _ = state.responseHead(asksToClose: false, hasLength: true)
        let during = state.takesInformation
        #expect(!during)
        _ = state.responseEnd()
        state.requestHead(isHTTP10: true, keepsAlive: true)
        let old = state.takesInformation
        #expect(!old)
    }
}
