// SPDX-License-Identifier: Apache-2.0
// Where another protocol begins behind an answer's head, however its bytes are cut.

import HTTPTypes
import NIOCore
import Testing

@testable import SandboxHTTP

@Suite("What follows a 101")
struct TunnelScanTests {
    private static let head = "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"

    private static func split(_ text: String, _ size: Int) -> (http: String, tunnel: String, scan: TunnelScan)
    {
        var scan = TunnelScan()
        var rest = ByteBuffer(string: text)
        var (http, tunnel) = ("", "")
        while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
            let parts = scan.received(piece)
            http += parts.http.map { String(buffer: $0) } ?? ""
            tunnel += parts.tunnel.map { String(buffer: $0) } ?? ""
        }
        http += scan.ended().http.map { String(buffer: $0) } ?? ""
        return (http, tunnel, scan)
    }

    @Test("is the other protocol's from the first byte behind the head", arguments: [1, 2, 3, 7, 1000])
    func tunnel(size: Int) {
        let found = Self.split(Self.head + "\r\n\r\nbytes", size)
        #expect(found.http == Self.head && found.tunnel == "\r\n\r\nbytes")
        #expect(found.scan.isTunnel)
    }

    @Test("is found behind interim answers", arguments: [1, 5, 40, 1000])
    func interim(size: Int) {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        let found = Self.split(interim + Self.head + "bytes", size)
        #expect(found.http == interim + Self.head && found.tunnel == "bytes")
        let other = Self.split(interim + "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 a\r\n\r\nb", size)
        #expect(other.tunnel.isEmpty && other.http.hasSuffix("b") && !other.scan.isTunnel)
    }

    @Test(
        "is nothing behind another answer, which is HTTP to its end",
        arguments: [
            "HTTP/1.1 200 OK\r\nA: 101\r\n\r\nbody", "HTTP/1.1 10", "", "garbage that is long",
        ]
    )
    func http(text: String) {
        for size in [1, 5, 1000] {
            let found = Self.split(text, size)
            #expect(found.http == text && found.tunnel.isEmpty && !found.scan.isTunnel)
        }
    }

    @Test("is looked for in a head of bounded length")
    func endless() {
        var scan = TunnelScan()
        var http = scan.received(ByteBuffer(string: "HTTP/1.1 101 S\r\n")).http
        let line = ByteBuffer(string: String(repeating: "a", count: 8192))
        for _ in 0..<11 where http == nil { http = scan.received(line).http }
        #expect((http?.readableBytes ?? 0) > TunnelScan.headBytesMax)
        #expect(scan.received(line) == TunnelScan.Parts(http: line))
    }

    @Test("is read as a body that ends with the connection, after which nothing is sent")
    func state() {
        var state = AnswerState()
        state.requested()
        state.requestEnded()
        state.received(HTTPResponse(status: .switchingProtocols), isKept: true)
        state.receivedEnd(nil)
        state.received(ByteBuffer(string: "a"))
        #expect(state.isTunnel)
        #expect(state.take() == .head(HTTPResponse(status: .switchingProtocols)))
        #expect(state.take() == .body(ByteBuffer(string: "a")))
        #expect(state.take() == nil)
        state.closed()
        #expect(state.take() == .end(nil))
        #expect(!state.isReusable)
    }
}
