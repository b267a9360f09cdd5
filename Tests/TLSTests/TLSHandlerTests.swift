// SPDX-License-Identifier: Apache-2.0
// The handler between an OpenSSL client and an application, with whole, split, damaged and missing records.

import COpenSSL
import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct TLSHandlerTests {
    @Test(
        "bytes pass both ways, whatever the pieces they come in",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION],
        [1, 7, 1000, Int.max]
    )
    func bothWays(version: Int32, size: Int) throws {
        let pair = try TestPair(TestCertificate.server(), ClientOptions(versionMax: version))
        defer { pair.finish() }
        pair.exchange(size: size)
        #expect(pair.client.handshake())
        #expect(pair.client.version == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"))
        #expect(pair.recorder.failures == [])
        #expect(pair.recorder.negotiated == [nil])
        let request = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        try #require(pair.client.write(request) as Bool)
        pair.exchange(size: size)
        // Not the bytes themselves: a failure would print them.
        let isRequestWhole = pair.recorder.received == request
        #expect(isRequestWhole)
        pair.write(request.reversed())
        pair.client.feed(pair.serverBytes())
        let isAnswerWhole = pair.client.read() == request.reversed()
        #expect(isAnswerWhole)
    }

    @Test("an answer of more bytes than may wait is sent as well")
    func large() throws {
        let pair = try TestPair(TestCertificate.server(), ClientOptions())
        defer { pair.finish() }
        pair.exchange()
        let answer = [UInt8](repeating: 7, count: TLSHandler.heldBytesMax + 1)
        pair.write(answer)
        pair.client.feed(pair.serverBytes())
        let isWhole = pair.client.read() == answer
        #expect(isWhole)
        #expect(pair.recorder.failures == [])
    }

    @Test(
        "the protocol is the server's first that the client offers; none when it offers none",
        arguments: [(["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1"), ([], nil)]
    )
    func protocols(offered: [String], chosen: String?) throws {
        let pair = try TestPair(TestCertificate.server(), ClientOptions(protocols: offered))
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.recorder.negotiated == [chosen])
        #expect(pair.client.chosenProtocol == chosen)
    }

    @Test(
        "a client gets the certificate of the name that it asks for, else the first",
        arguments: [
            ("b.example", "b.example"), ("a.example", "a.example"), ("x.wild.example", "*.wild.example"),
            ("x.y.wild.example", "a.example"), ("unknown.example", "a.example"), (nil, "a.example"),
        ],
        [TLS1_2_VERSION, TLS1_3_VERSION]
    )
    func names(_ names: (asked: String?, shown: String), version: Int32) throws {
        let server = try TestCertificate.server(["a.example", "b.example", "*.wild.example"])
        let options = ClientOptions(versionMax: version, name: names.asked, protocols: ["h2"])
        let pair = try TestPair(server, options)
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.serverName == names.shown)
        #expect(pair.client.chosenProtocol == "h2")
    }

    @Test("a session is resumed, also after a reload", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func resumes(version: Int32) throws {
        let server = try TestCertificate.server()
        let first = try TestPair(server, ClientOptions(versionMax: version))
        first.exchange()
        // TLS 1.3 sends tickets after the handshake: reading takes them.
        _ = first.client.read()
        #expect(!first.client.isResumed)
        let session = try #require(SSL_get1_session(first.client.connection))
        defer { SSL_SESSION_free(session) }
        // OpenSSL does not resume a session whose connection was not closed in order.
        SSL_shutdown(first.client.connection)
        first.finish()
        try server.reload([TestCertificate.pair("a.example")])
        let second = try TestPair(server, ClientOptions(versionMax: version, session: session))
        defer { second.finish() }
        second.exchange()
        #expect(second.client.isResumed)
        #expect(second.client.write([1]))
        second.exchange()
        #expect(second.recorder.received == [1])
    }

    @Test("each connection of TLS 1.3 gets a ticket for the next one, also a resumed one")
    func renewsTickets() throws {
        let server = try TestCertificate.server()
        var session: OpaquePointer?
        var tickets: Set<[UInt8]> = []
        defer { SSL_SESSION_free(session) }
        for number in 0..<4 {
            let pair = try TestPair(server, ClientOptions(session: session))
            pair.exchange()
            _ = pair.client.read()
            #expect(pair.client.isResumed == (number > 0))
            SSL_SESSION_free(session)
            session = SSL_get1_session(pair.client.connection)
            var ticket: UnsafePointer<UInt8>?
            var count = 0
            SSL_SESSION_get0_ticket(session, &ticket, &count)
            tickets.insert(Array(UnsafeBufferPointer(start: ticket, count: count)))
            SSL_shutdown(pair.client.connection)
            pair.finish()
        }
        #expect(tickets.count == 4)
    }

    @Test("a client that offers other protocols only is refused")
    func otherProtocols() throws {
        let pair = try TestPair(TestCertificate.server(), ClientOptions(protocols: ["spdy/3", "ftp"]))
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.recorder.negotiated.isEmpty && pair.recorder.failures.count == 1)
        #expect(pair.recorder.isClosed)
    }

    @Test("versions before TLS 1.2, and ciphers without forward secrecy, are refused")
    func refusesOld() throws {
        for options in [
            ClientOptions(versionMax: TLS1_1_VERSION, ciphers: "ALL:@SECLEVEL=0"),
            ClientOptions(versionMax: TLS1_2_VERSION, ciphers: "AES128-SHA"),
        ] {
            let pair = try TestPair(TestCertificate.server(), options)
            defer { pair.finish() }
            pair.exchange()
            #expect(!pair.client.handshake())
            #expect(pair.recorder.failures.count == 1 && pair.recorder.isClosed)
            #expect(pair.recorder.negotiated.isEmpty)
        }
    }

    @Test(
        "what is no TLS is refused once, and the connection closed",
        arguments: [
            Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), [UInt8](repeating: 0, count: 100),
            [22, 3, 1, 0xff, 0xff] + [UInt8](repeating: 1, count: 1000),
            [0x80, 0x2e, 1, 3, 1] + [UInt8](repeating: 0, count: 50),
        ]
    )
    func refusesGarbage(bytes: [UInt8]) throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        pair.send(bytes)
        pair.send(bytes)
        #expect(pair.recorder.failures.count == 1)
        #expect(pair.recorder.isClosed && pair.recorder.received.isEmpty)
    }

    @Test("a client that does not complete its handshake in time is closed")
    func slowHandshake() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        _ = pair.client.handshake()
        pair.send(Array(pair.client.take().prefix(40)))
        pair.channel.embeddedEventLoop.advanceTime(by: TLSHandler.handshakeTime - .milliseconds(1))
        #expect(!pair.recorder.isClosed)
        pair.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(pair.recorder.failures == [.slowHandshake])
        #expect(pair.recorder.isClosed)
    }

    @Test("the time for the handshake does not end a connection whose handshake is complete")
    func handshakeTimerEnds() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        pair.exchange()
        pair.channel.embeddedEventLoop.advanceTime(by: TLSHandler.handshakeTime * 2)
        #expect(!pair.recorder.isClosed)
    }

    @Test("a handshake that the client breaks off is a failure")
    func brokenHandshake() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        _ = pair.client.handshake()
        pair.send(Array(pair.client.take().prefix(40)))
        pair.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.recorder.failures == [.brokenHandshake])
        #expect(pair.recorder.isClosed && pair.recorder.inputEndCount == 0)
    }

    @Test("a record that was changed on its way ends the connection, and nothing of it is handed on")
    func damagedRecord() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.write([1, 2, 3]))
        var bytes = pair.client.take()
        bytes[bytes.count - 1] ^= 1
        pair.send(bytes)
        #expect(pair.recorder.received.isEmpty)
        #expect(pair.recorder.failures.count == 1 && pair.recorder.isClosed)
    }

    @Test("the end of the client's side is reported once, and answers still go out")
    func clientEnds() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.write([1]))
        SSL_shutdown(pair.client.connection)
        pair.send(pair.client.take())
        pair.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.recorder.received == [1] && pair.recorder.inputEndCount == 1)
        pair.write([2])
        pair.client.feed(pair.serverBytes())
        #expect(pair.client.read() == [2])
    }

    @Test("an end of the TCP connection without close_notify is the end of the client's side")
    func clientEndsWithoutNotify() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        pair.exchange()
        pair.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.recorder.inputEndCount == 1 && pair.recorder.failures.isEmpty)
    }

    @Test("our end is close_notify behind everything that was written")
    func serverEnds() throws {
        let pair = try TestPair(TestCertificate.server())
        pair.exchange()
        pair.channel.write(ByteBuffer(bytes: [7]), promise: nil)
        pair.channel.close(mode: .all, promise: nil)
        pair.channel.embeddedEventLoop.run()
        pair.client.feed(pair.serverBytes())
        #expect(pair.client.read().isEmpty)
        #expect(pair.client.hasEnd)
        let half = try TestPair(TestCertificate.server())
        half.exchange()
        half.channel.write(ByteBuffer(bytes: [7]), promise: nil)
        half.channel.close(mode: .output, promise: nil)
        // The answer and the end are one write.
        half.client.feed(half.serverPiece())
        #expect(half.client.read() == [7])
        #expect(half.client.hasEnd)
        let silent = try TestPair(TestCertificate.server())
        silent.exchange()
        silent.channel.close(mode: .output, promise: nil)
        silent.client.feed(silent.serverPiece())
        #expect(silent.client.read().isEmpty)
        #expect(silent.client.hasEnd)
    }

    @Test("an application may close from within a read")
    func closesInRead() throws {
        let pair = try TestPair(TestCertificate.server())
        pair.exchange()
        pair.recorder.onRead = { $0.close(promise: nil) }
        // Three records at once: the second and third come after the close.
        for byte: UInt8 in 1...3 { #expect(pair.client.write([UInt8](repeating: byte, count: 16 << 10))) }
        pair.send(pair.client.take())
        pair.channel.embeddedEventLoop.run()
        #expect(pair.recorder.isClosed && pair.recorder.failures.isEmpty)
    }

    @Test("renegotiation is refused")
    func noRenegotiation() throws {
        let pair = try TestPair(TestCertificate.server(), ClientOptions(versionMax: TLS1_2_VERSION))
        defer { pair.finish() }
        pair.exchange()
        let handshakes = SSL_renegotiate(pair.client.connection)
        pair.exchange()
        #expect(handshakes == 1)
        let isComplete = pair.client.handshake()
        #expect(!isComplete)
        #expect(pair.recorder.negotiated.count == 1)
    }

    @Test("plaintext that cannot be sent yet is bounded")
    func heldBytes() throws {
        let pair = try TestPair(TestCertificate.server())
        defer { pair.finish() }
        let piece = ByteBuffer(repeating: 1, count: 1 << 20)
        var refused = 0
        for _ in 0..<5 {
            let promise = pair.channel.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenFailure {
                if $0 as? TLSFailure == .heldBytes { refused += 1 }
            }
            pair.channel.write(piece, promise: promise)
        }
        #expect(refused == 1)
        #expect(pair.recorder.failures == [.heldBytes] && pair.recorder.isClosed)
    }

    @Test("a gateway that stops closes connections whose handshake is not complete, and no others")
    func quiesces() throws {
        let early = try TestPair(TestCertificate.server())
        early.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        early.channel.embeddedEventLoop.run()
        #expect(early.recorder.isClosed)
        let open = try TestPair(TestCertificate.server())
        defer { open.finish() }
        open.exchange()
        open.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        open.channel.embeddedEventLoop.run()
        #expect(!open.recorder.isClosed)
    }

    @Test("clients need a certificate of the given roots, where there are any")
    func clientCertificates() throws {
        let good = try TestCertificate.pair("client", usage: "clientAuth")
        let bad = try TestCertificate.pair("stranger", usage: "clientAuth")
        let server = try TLSServer(
            [TestCertificate.pair("a.example")],
            clientRoots: good.certificate,
            protocols: ["http/1.1"]
        )
        for (shown, isServed) in [(good, true), (bad, false), (nil, false)] as [(TLSPair?, Bool)] {
            let options = ClientOptions(
                versionMax: TLS1_2_VERSION,
                certificate: shown?.certificate,
                key: shown?.key
            )
            let pair = try TestPair(server, options)
            defer { pair.finish() }
            pair.exchange()
            #expect(pair.recorder.negotiated.count == (isServed ? 1 : 0))
            #expect(pair.recorder.isClosed == !isServed)
        }
    }
}
