// SPDX-License-Identifier: Apache-2.0
// When an HTTP/2 connection ends.

import Testing

@testable import Gateway

@Suite("A connection of HTTP/2") struct HTTP2ConnectionStateTests {
    @Test("is idle from its last stream's end, and ends when it is for too long")
    func idle() {
        var state = HTTP2ConnectionState()
        let first = state.streamOpened()
        #expect(first == .stopTimer)
        let second = state.streamOpened()
        #expect(second == .none)
        let one = state.streamClosed()
        #expect(one == .none)
        let late = state.idleTimeExpired()
        #expect(late == .none)
        let last = state.streamClosed()
        #expect(last == .startTimer)
        let expired = state.idleTimeExpired()
        #expect(expired == .end)
        let again = state.idleTimeExpired()
        #expect(again == .none)
    }

    @Test("ends at once when the gateway stops, or with its last stream")
    func stops() {
        var idle = HTTP2ConnectionState()
        let atOnce = idle.stops()
        #expect(atOnce == .end)
        var busy = HTTP2ConnectionState()
        _ = busy.streamOpened()
        let told = busy.stops()
        #expect(told == .goAway)
        let twice = busy.stops()
        #expect(twice == .none)
        let last = busy.streamClosed()
        #expect(last == .end)
    }
}
