// SPDX-License-Identifier: Apache-2.0
// The parser alone: what it takes off a buffer, and that pieces change nothing.

import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct RequestParserTests {
    private static let limits = RequestParser.Limits(
        targetBytesMax: 100,
        fieldBytesMax: 200,
        headBytesMax: 400,
        fieldCountMax: 5
    )

    /// Everything that a parser says of these pieces, bodies joined.
    private static func events(_ pieces: [[UInt8]]) -> [String] {
        var parser = RequestParser(limits)
        var buffer = ByteBuffer()
        var body = ""
        var events: [String] = []
        for piece in pieces {
            buffer.writeBytes(piece)
            loop: while true {
                switch parser.next(&buffer) {
                case .more: break loop
                case .head(let head):
                    events.append("\(head.request.method) \(head.request.path ?? "") \(head.framing)")
                case .body(let bytes): body += String(buffer: bytes)
                case .end:
                    events.append("end \(body)")
                    body = ""
                case .refused(let refusal): events.append("refused \(refusal)")
                }
            }
        }
        return events
    }

    @Test("a GET that asks for another protocol is the last request; what follows is that protocol's")
    func tunnel() {
        func stream(_ fields: String) -> [String] {
            let text = "GET /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
            return Self.events([Array(text.utf8)])
        }
        #expect(stream("Upgrade: websocket\r\nConnection: keep-alive, Upgrade") == ["GET /a tunnel"])
        let ordinary = ["GET /a length(0)", "end ", "GET /b length(0)", "end "]
        for fields in [
            "Upgrade: websocket", "Connection: Upgrade", "Upgrade: h2c\r\nConnection: upgrade",
            "Upgrade: websocket, h2c\r\nConnection: upgrade", "Upgrade: TLS/1.3\r\nConnection: upgrade",
            "Upgrade: a\r\nUpgrade: b\r\nConnection: upgrade",
            "Upgrade: a\r\nConnection: upgrade\r\nContent-Length: 0",
        ] {
            #expect(stream(fields) == ordinary, "\(fields)")
        }
        let post = "POST /a HTTP/1.1\r\nHost: h\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n"
        #expect(Self.events([Array(post.utf8)]) == ["POST /a length(0)", "end "])
    }

    @Test("every way to cut a stream of requests in two is the same stream")
    func cuts() {
        let stream = Array(
            ("\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                + "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                + "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;a=b\r\nhello\r\n001 \r\n!\r\n0\r\nX: y\r\n\r\nBAD\r\n\r\n").utf8
        )
        let whole = Self.events([stream])
        #expect(
            whole == [
                "GET /a length(0)", "end ", "POST /b length(5)", "end hello", "PUT /c chunked", "end hello!",
                "refused malformed(Gateway.RequestRefusal.Mistake.requestLine)",
            ]
        )
        for cut in 1..<stream.count {
            #expect(Self.events([Array(stream[..<cut]), Array(stream[cut...])]) == whole, "cut at \(cut)")
        }
        #expect(Self.events(stream.map { [$0] }) == whole)
    }

    @Test(
        "what is too large is refused before its end comes",
        arguments: [
            ("GET /" + String(repeating: "a", count: 300), RequestRefusal.targetTooLong(max: 100)),
            ("GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 300), .fieldTooLarge(max: 200)),
            (
                "GET / HTTP/1.1\r\n"
                    + (0..<4).map { "A\($0): \(String(repeating: "a", count: 150))\r\n" }.joined(),
                .headTooLarge(max: 400)
            ),
        ]
    ) func early(_ text: String, _ refusal: RequestRefusal) {
        #expect(Self.events([Array(text.utf8)]) == ["refused \(refusal)"])
    }

    /// A request whose target, first field and fields together have these sizes; fields count with their line ends.
    private static func request(target: Int, field: Int, fields: Int) -> String {
        let line = "GET /" + String(repeating: "t", count: target - 1) + " HTTP/1.1\r\n"
        let first = "A: " + String(repeating: "a", count: field - 3) + "\r\n"
        let rest = fields - first.utf8.count - "Host: h\r\nB: \r\n".utf8.count
        return line + first + "Host: h\r\nB: " + String(repeating: "b", count: rest) + "\r\n\r\n"
    }

    @Test(
        "a head of exactly the most is taken however it is cut, one byte more is refused",
        arguments: [
            (request(target: 100, field: 200, fields: 400), RequestRefusal?.none),
            (request(target: 101, field: 200, fields: 400), .targetTooLong(max: 100)),
            (request(target: 100, field: 201, fields: 400), .fieldTooLarge(max: 200)),
            (request(target: 100, field: 200, fields: 401), .headTooLarge(max: 400)),
        ]
    ) func exact(_ text: String, _ refusal: RequestRefusal?) {
        let bytes = Array(text.utf8)
        for cut in 0..<bytes.count {
            let events = Self.events([Array(bytes[..<cut]), Array(bytes[cut...])])
            if let refusal {
                #expect(events == ["refused \(refusal)"], "cut at \(cut)")
            } else {
                #expect(events.last == "end ", "cut at \(cut): \(events)")
            }
        }
        #expect(Self.events(bytes.map { [$0] }).last == (refusal.map { "refused \($0)" } ?? "end "))
    }

    @Test("nothing is read behind what was refused")
    func afterwards() {
        let good = Array("GET /a HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        #expect(Self.events([Array("X\r\n\r\n".utf8), good]).count == 1)
    }

    @Test(
        "an authority is a host with an optional port",
        arguments: [
            ("h", true), ("", true), ("h:80", true), ("h:", true), ("[::1]:8080", true), ("[::1]", true),
            ("a.b-c_d", true), ("h:x", false), ("a b", false), ("u@h", false), ("h/p", false),
            ("[::1", false),
            ("[]", false), ("[::1]x", false), (":80", false), ("h:123456", false), ("a,b", true),
        ]
    ) func authority(_ text: String, _ isValid: Bool) {
        #expect(Authority.isValid(text.utf8) == isValid)
    }

    @Test("a head has one limit, a body one for each silence in which it was waited for")
    func time() {
        var watch = ReadWatch(.init(head: .seconds(30), body: .seconds(20), upload: .seconds(70)))
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        watch.received(.head, at: start)
        watch.received(.head, at: start + .seconds(29))
        #expect(watch.verdict(.head, at: start + .seconds(29)) == .wait(until: start + .seconds(30)))
        #expect(watch.verdict(.head, at: start + .seconds(30)) == .stalled)
        watch.bodyBegins(isUpload: false)
        watch.received(.body, at: start)
        #expect(watch.verdict(.body, at: start + .seconds(100)) == .wait(until: start + .seconds(120)))
        watch.asks(at: start)
        watch.asks(at: start + .seconds(19))
        #expect(watch.verdict(.body, at: start + .seconds(20)) == .stalled)
        watch.received(.body, at: start + .seconds(20))
        watch.asks(at: start + .seconds(21))
        #expect(watch.verdict(.body, at: start + .seconds(40)) == .wait(until: start + .seconds(41)))
        watch.bodyBegins(isUpload: true)
        #expect(watch.verdict(.body, at: start + .seconds(50)) == .wait(until: start + .seconds(91)))
        #expect(watch.verdict(.idle, at: start + .seconds(500)) == .idle)
    }
}
