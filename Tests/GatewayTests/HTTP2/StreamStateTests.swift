// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 stream's memory: when a head goes on, and how a stream ends.

import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite("A stream of HTTP/2") struct StreamStateTests {
    private static let head = HTTPRequest(method: .post, scheme: "https", authority: "a", path: "/")
    private static let limits = RequestParser.Limits(
        targetBytesMax: 20,
        fieldBytesMax: 100,
        headBytesMax: 200,
        fieldCountMax: 5
    )

    @Test("whose client's side ends with the head is a request without a body")
    func whole() {
        var state = StreamState(Self.limits)
        let held = state.received(head: Self.head)
        #expect(held == .nothing)
        let end = state.receivedEnd()
        #expect(end == .whole(Self.head))
        let late = state.readCompleted()
        #expect(late == .nothing)
        let stops = state.answerEnded()
        #expect(!stops)
        let lost = state.closed()
        #expect(!lost)
    }

    @Test("that goes on has a body, which an early answer stops")
    func body() {
        var state = StreamState(Self.limits)
        _ = state.received(head: Self.head)
        let head = state.readCompleted()
        var expected = Self.head
        expected.headerFields[.transferEncoding] = "chunked"
        #expect(head == .head(expected))
        let awaits = state.awaitsBody
        #expect(awaits)
        let bytes = ByteBuffer(string: "x")
        let piece = state.received(body: bytes)
        #expect(piece == .body(bytes))
        let stops = state.answerEnded()
        #expect(stops)
    }

    @Test("that has ended needs no stop, and takes no more")
    func ended() {
        var state = StreamState(Self.limits)
        _ = state.received(head: Self.head)
        _ = state.readCompleted()
        let end = state.receivedEnd()
        #expect(end == .end)
        let again = state.receivedEnd()
        #expect(again == .nothing)
        let late = state.received(body: ByteBuffer(string: "x"))
        #expect(late == .nothing)
        let stops = state.answerEnded()
        #expect(!stops)
    }

    @Test("with a bad head hands nothing of it on")
    func refused() {
        var state = StreamState(Self.limits)
        var head = Self.head
        head.path = "no path"
        _ = state.received(head: head)
        let reading = state.readCompleted()
        #expect(reading == .refused(.malformed(.target)))
        let body = state.received(body: ByteBuffer(string: "x"))
        #expect(body == .nothing)
        let end = state.receivedEnd()
        #expect(end == .nothing)
    }

    @Test("that closes before its answer is complete loses its client, once")
    func lost() {
        var state = StreamState(Self.limits)
        _ = state.received(head: Self.head)
        let first = state.closed()
        #expect(first)
        let second = state.closed()
        #expect(!second)
    }
}
