// SPDX-License-Identifier: Apache-2.0
// Keep-alive, framing and loss of a connection, without one.

import Testing

@testable import Gateway

@Suite struct WireStateTests {
    @Test(
        "a response says how its connection goes on",
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
        let answer1 = state.requestHead(isHTTP10: isHTTP10, keepsAlive: keepsAlive)
        #expect(answer1 == !keepsAlive)
        let head = state.responseHead(asksToClose: asks, hasLength: hasLength)
        #expect(head == .init(isHTTP10: isHTTP10, connection: field, isHeaderOverflow: false))
        let answer2 = state.responseEnd()
        #expect(answer2 == closes)
    }

    @Test("fields that were too large change one response, and end its connection")
    func overflow() {
        var state = WireState()
        state.headerOverflowed()
        let answer3 = state.responseHead(asksToClose: false, hasLength: true).isHeaderOverflow
        #expect(answer3)
        let answer4 = state.responseEnd()
        #expect(answer4)
        let answer5 = state.responseHead(asksToClose: false, hasLength: true).isHeaderOverflow
        #expect(!answer5)
    }

    @Test("a client that leaves is told once, and only while a request is open")
    func loss() {
        var state = WireState()
        let answer6 = state.inputClosed()
        #expect(!answer6)
        _ = state.requestHead(isHTTP10: false, keepsAlive: true)
        let answer7 = state.inputClosed()
        #expect(answer7)
        let answer8 = state.inputClosed()
        #expect(!answer8)
    }

    @Test("a client that leaves after its answer is nobody's loss")
    func afterAnswer() {
        var state = WireState()
        _ = state.requestHead(isHTTP10: false, keepsAlive: true)
        _ = state.responseHead(asksToClose: false, hasLength: true)
        _ = state.responseEnd()
        let answer9 = state.inputClosed()
        #expect(!answer9)
    }
}
