// SPDX-License-Identifier: Apache-2.0
// What a connection does about each event, and which key tickets get: values alone.

import Testing

@testable import TLS

@Suite struct TLSStateTests {
    private func state(open: Bool = true) -> TLSState {
        var state = TLSState(heldBytesMax: 10, unreadAnswerBytesMax: 10)
        if open { _ = state.handshakeCompleted() }
        return state
    }

    @Test("bytes are for the handshake, then plaintext, then nothing")
    func received() {
        var state = state(open: false)
        #expect(state.received() == .handshake)
        let completed = (state.handshakeCompleted(), state.handshakeCompleted())
        #expect(completed == (true, false))
        #expect(state.received() == .plaintext)
        #expect(state.outputClosed() == .notified)
        #expect(state.received() == .plaintext)
        #expect(state.inputEnded() == .report)
        #expect(state.received() == .drop)
    }

    @Test("every end is reported once")
    func endsOnce() {
        var state = state()
        let ends = (state.inputEnded(), state.inputEnded())
        #expect(ends == (.report, .none))
        let failures = (state.failed(), state.failed(), state.inputEnded())
        #expect(failures == (.report, .none, .none))
        let rest = (state.outputClosed(), state.closed(), state.lost())
        #expect(rest == (.none, false, false))
    }

    @Test("without a complete handshake the end is a failure, and there is nothing to notify")
    func endsInHandshake() {
        var ended = state(open: false)
        #expect(ended.inputEnded() == .fail)
        var lost = state(open: false)
        let isFailure = lost.lost()
        #expect(isFailure)
        var halfClosed = state(open: false)
        #expect(halfClosed.outputClosed() == .closeAll)
        var closed = state(open: false)
        let notifies = closed.closed()
        #expect(!notifies)
        var expired = state(open: false)
        let times = (expired.handshakeTimeExpired(), expired.handshakeTimeExpired())
        #expect(times == (true, false))
        var open = state()
        let isLate = open.handshakeTimeExpired()
        #expect(!isLate)
    }

    @Test("close_notify is sent once")
    func notifiesOnce() {
        var half = state()
        let first = half.outputClosed()
        let later = (half.outputClosed(), half.closed())
        #expect(first == .notified)
        #expect(later == (.none, false))
        var whole = state()
        let closes = (whole.closed(), whole.closed())
        #expect(closes == (true, false))
    }

    @Test("held plaintext is bounded, and what was sent makes room")
    func held() {
        var state = state()
        let first = (state.written(10), state.written(1))
        #expect(first == (.hold, .tooMuch))
        state.released(10)
        // An answer that is whole is one write.
        #expect(state.written(11) == .hold)
        #expect(state.written(1) == .tooMuch)
        state.released(11)
        #expect(state.outputClosed() == .notified)
        #expect(state.written(0) == .closed)
    }

    @Test("answers of the protocol are bounded while the client does not read")
    func answers() {
        var state = state()
        let unread = (state.answered(10, isTaken: false), state.answered(1, isTaken: false))
        #expect(unread == (true, false))
        let taken = (state.answered(100, isTaken: true), state.answered(10, isTaken: false))
        #expect(taken == (true, true))
    }
}

@Suite struct TicketKeyStateTests {
    private func key(_ number: UInt8) -> TicketKey {
        TicketKey(name: [number], cipherSecret: [number], hashSecret: [number])
    }

    @Test("a key issues for one lifetime and accepts for two")
    func lifetimes() {
        var state = TicketKeyState()
        let lifetime = TicketKeyState.lifetimeSeconds
        #expect(state.issuing(nowSeconds: 5, make: { key(1) }) == key(1))
        #expect(state.issuing(nowSeconds: 4 + lifetime, make: { key(9) }) == key(1))
        #expect(state.accepting([1], isUsedOnce: false, nowSeconds: 4 + lifetime) == .kept(key(1)))
        #expect(state.accepting([1], isUsedOnce: false, nowSeconds: 5 + lifetime) == .renewed(key(1)))
        #expect(state.issuing(nowSeconds: 5 + lifetime, make: { key(2) }) == key(2))
        #expect(state.accepting([1], isUsedOnce: false, nowSeconds: 6 + lifetime) == .renewed(key(1)))
        #expect(state.accepting([2], isUsedOnce: false, nowSeconds: 6 + lifetime) == .kept(key(2)))
        #expect(state.accepting([2], isUsedOnce: true, nowSeconds: 6 + lifetime) == .renewed(key(2)))
        #expect(state.accepting([1], isUsedOnce: false, nowSeconds: 5 + 2 * lifetime) == .unknown)
        #expect(state.accepting([3], isUsedOnce: false, nowSeconds: 6) == .unknown)
    }

    @Test("without randomness no ticket is issued")
    func noRandomness() {
        var state = TicketKeyState()
        #expect(state.issuing(nowSeconds: 0, make: { nil }) == nil)
    }
}
