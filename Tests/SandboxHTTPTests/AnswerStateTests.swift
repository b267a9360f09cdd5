// SPDX-License-Identifier: Apache-2.0
// The order in which the parts of an answer are read, independent of the order of their arrival.

import HTTPTypes
import NIOCore
import Testing

@testable import SandboxHTTP

@Suite("What has come of an answer")
struct AnswerStateTests {
    private static func started(isKept: Bool = true) -> AnswerState {
        var state = AnswerState()
        state.requested()
        state.requestEnded()
        state.received(HTTPResponse(status: .ok), isKept: isKept)
        return state
    }

    @Test("is read as head, body and end, and pieces of the body that wait are one")
    func order() {
        var state = Self.started()
        state.received(ByteBuffer(string: "a"))
        state.received(ByteBuffer(string: "b"))
        state.receivedEnd(nil)
        #expect(state.take() == .head(HTTPResponse(status: .ok)))
        #expect(state.take() == .body(ByteBuffer(string: "ab")))
        #expect(!state.isReusable)
        #expect(state.take() == .end(nil))
        #expect(state.take() == nil)
        #expect(state.isReusable)
    }

    @Test("leaves the connection for another request only when the server keeps it and it is open")
    func reuse() {
        var closing = Self.started(isKept: false)
        closing.receivedEnd(nil)
        _ = (closing.take(), closing.take())
        #expect(!closing.isReusable)
        var early = AnswerState()
        early.requested()
        early.received(HTTPResponse(status: .ok), isKept: true)
        early.receivedEnd(nil)
        _ = (early.take(), early.take())
        #expect(!early.isReusable, "the rest of the request is still to be sent")
        var closed = Self.started()
        closed.receivedEnd(nil)
        closed.closed()
        _ = closed.take()
        #expect(closed.take() == .end(nil), "an answer that came whole is whole")
        #expect(!closed.isReusable)
        #expect(closed.take() == nil)
    }

    @Test("fails at once when the server closed the connection before the request")
    func closedBefore() {
        var state = AnswerState()
        state.closed()
        state.requested()
        #expect(state.take() == .failure(.closedBeforeHead), "no event follows that could end a wait")
    }

    @Test("is read up to where it broke off")
    func broken() {
        var early = AnswerState()
        early.requested()
        early.closed()
        #expect(early.take() == .failure(.closedBeforeHead))
        var inside = Self.started()
        inside.received(ByteBuffer(string: "a"))
        inside.closed()
        inside.fail(.malformed("later"))
        #expect(inside.take() == .head(HTTPResponse(status: .ok)))
        #expect(inside.take() == .body(ByteBuffer(string: "a")))
        #expect(inside.take() == .failure(.closedInside))
        #expect(inside.take() == .failure(.closedInside), "a failure stays")
    }

    @Test("that was not requested is a failure")
    func unasked() {
        var idle = AnswerState()
        idle.received(HTTPResponse(status: .ok), isKept: true)
        #expect(idle.take() == .failure(.unasked))
        var twice = Self.started()
        twice.receivedEnd(nil)
        twice.received(ByteBuffer(string: "more"))
        _ = (twice.take(), twice.take())
        #expect(twice.take() == .failure(.unasked))
    }
}
