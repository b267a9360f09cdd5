// SPDX-License-Identifier: Apache-2.0
// A request's head comes out of the queue as it went in.

import Contracts
import Foundation
import HTTPTypes
import Testing

@testable import Scheduler

@Suite struct QueuedHeadTests {
    @Test("every part of a head survives, values byte for byte")
    func roundTrip() throws {
        var head = RequestHead(
            method: .post,
            target: "/function/f/a%20b?q=1&r",
            scriptName: "/function/f",
            pathRest: "/a%20b",
            query: "q=1&r",
            callID: "id"
        )
        head.authority = "example.org:8080"
        head.bodyLength = .bytes(7)
        head.isSecure = true
        head.version = "HTTP/1.0"
        head.peer.remoteAddress = "::1"
        head.peer.remotePort = 5
        head.peer.localAddress = "10.0.0.1"
        head.peer.localPort = 80
        head.receivedNanoseconds = 1_234_567_890_123
        head.user = "admin"
        let name = try #require(HTTPField.Name("X-Raw"))
        head.fields.append(HTTPField(name: .contentType, value: "text/plain; a=\"b: c\""))
        head.fields.append(HTTPField(name: name, lenientValue: [0x61, 0xff, 0x62]))
        head.fields.append(HTTPField(name: name, value: ""))
        let back = try #require(QueuedHead.decode(QueuedHead.encode(head), callID: "id"))
        #expect(back.method == head.method)
        #expect(back.target == head.target)
        #expect(back.scriptName == head.scriptName)
        #expect(back.pathRest == head.pathRest)
        #expect(back.query == head.query)
        #expect(back.authority == head.authority)
        #expect(back.bodyLength == head.bodyLength)
        #expect(back.isSecure)
        #expect(back.version == head.version)
        #expect(back.peer == head.peer)
        #expect(back.receivedNanoseconds == head.receivedNanoseconds)
        #expect(back.user == head.user)
        #expect(back.callID == "id")
        #expect(Array(back.fields) == Array(head.fields))
    }

    @Test("what a head does not have stays absent, and other bytes are none")
    func absent() throws {
        let head = RequestHead(method: .put, target: "/", scriptName: "", callID: "id")
        let back = try #require(QueuedHead.decode(QueuedHead.encode(head), callID: "id"))
        #expect(back.query == nil)
        #expect(back.authority == nil)
        #expect(back.user == nil)
        #expect(back.bodyLength == .none)
        #expect(!back.isSecure)
        #expect(QueuedHead.decode(Data("nonsense".utf8), callID: "id") == nil)
    }
}
