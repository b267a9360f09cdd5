// SPDX-License-Identifier: Apache-2.0
// When an HTTP/2 connection ends.

import Testing

@testable import Gateway

@Suite("A connection of HTTP/2") struct HTTP2ConnectionStateTests {
    @Test("is idle from its last stream's end to the next one")
    func idle() {
        var state = HTTP2ConnectionState()
        let first = state.streamOpened()
        #expect(first == .isBusy)
        let second = state.streamOpened()
        #expect(second == .none)
        let one = state.streamClosed()
        #expect(one == .none)
        let last = state.streamClosed()
        #expect(last == .isIdle)
        let next = state.streamOpened()
        #expect(next == .isBusy)
    }

    @Test("ends at once when it has to, or with its last stream")
    func stops() {
        var idle = HTTP2ConnectionState()
        let atOnce = idle.stops()
        #expect(atOnce == .end)
        let again = idle.stops()
        #expect(again == .none)
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
