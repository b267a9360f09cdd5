// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol: headers whole and in pieces, hostile ones, and who may send them.

import FunctionModel
import Testing

@testable import Gateway

@Suite("PROXY protocol")
struct ProxyProtocolTests {
    private static let signature: [UInt8] = [
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
    ]
    private static let four: [UInt8] = [203, 0, 113, 9, 192, 0, 2, 1, 0x13, 0x88, 0, 80]
    private static let ends = ProxyHeaderState.Ends(
        sourceAddress: "203.0.113.9",
        sourcePort: 5000,
        targetAddress: "192.0.2.1",
        targetPort: 80
    )

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil)
        -> [UInt8]
    {
        let count = length ?? rest.count
        return signature + [command, family, UInt8(count >> 8), UInt8(count & 255)] + rest
    }

    private static func receive(_ bytes: [UInt8], size: Int = .max) -> ProxyHeaderState.Received {
        var state = ProxyHeaderState()
        var rest = bytes[...]
        while !rest.isEmpty {
            let result = state.received(rest.prefix(size))
            if result != .more { return result }
            rest = rest.dropFirst(size)
        }
        return .more
    }

    @Test(
        "a header names both ends, whatever the pieces it comes in, and takes no byte behind it",
        arguments: [1, 7, Int.max]
    )
    func headers(size: Int) {
        let six = [UInt8](repeating: 0, count: 15) + [1]
        let ends6 = ProxyHeaderState.Ends(
            sourceAddress: "::1",
            sourcePort: 1,
            targetAddress: "::1",
            targetPort: 65535
        )
        for (bytes, ends) in [
            (Array("PROXY TCP4 203.0.113.9 192.0.2.1 5000 80\r\n".utf8), Self.ends),
            (Array("PROXY TCP6 ::1 0:0:0:0:0:0:0:1 1 65535\r\n".utf8), ends6),
            (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN ffff::1 x y z\r\n".utf8), nil),
            (Self.binary(0x21, 0x11, Self.four), Self.ends),
            (Self.binary(0x21, 0x11, Self.four + [3, 0, 1, 7]), Self.ends),
            (Self.binary(0x21, 0x21, six + six + [0, 1, 255, 255]), ends6),
            (Self.binary(0x20, 0x00, []), nil), (Self.binary(0x20, 0x11, Self.four), nil),
            (Self.binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), nil),
        ] as [([UInt8], ProxyHeaderState.Ends?)] {
            let result = Self.receive(bytes + Array("GET / HTTP/1.1\r\n".utf8), size: size)
            #expect(result == .complete(ends, bytes: bytes.count), "\(bytes)")
            #expect(Self.receive(bytes.dropLast(), size: size) == .more, "\(bytes)")
        }
    }

    @Test("what is no header is refused as soon as that is certain")
    func malformed() {
        for text in [
            "G", "PROXY\t", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY \r\n",
            "PROXY \n",
            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "PROXY UNKNOWN " + String(repeating: "a", count: 94),
        ] { #expect(Self.receive(Array(text.utf8)) == .malformed, "\(text)") }
        for bytes in [
            Self.binary(0x11, 0x11, Self.four), Self.binary(0x22, 0x11, Self.four),
            Self.binary(0x21, 0x11, Array(Self.four.dropLast())), Self.binary(0x21, 0x21, Self.four),
            Self.binary(0x21, 0x11, [], length: ProxyHeaderState.restBytesMax + 1),
            Array(Self.signature.dropLast()) + [0],
        ] { #expect(Self.receive(bytes) == .malformed, "\(bytes)") }
        #expect(Self.receive(Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 97, count: 92)) == .more)
    }

    @Test("random bytes are never taken for more than they are")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            var bytes =
                Bool.random()
                ? Self.binary(0x21, 0x11, Self.four) : Array("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n".utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255,
                    using: &generator
                )
            }
            if case .complete(_, let count) = Self.receive(bytes) { #expect(count <= bytes.count) }
        }
    }

    private static func with(
        trusting network: String,
        _ test: (WireClient, FakeInvoker) async throws -> Void
    ) async throws {
        let invoker = FakeInvoker.ending(.ok)
        let networks = [try #require(IPv4Network(network))]
        try await TestGateway.run(invoker, nil) { configuration in
            configuration.trustedProxies = networks
            configuration.proxyProtocol = true
        } _: { gateway in
            try await test(gateway.client, invoker)
        }
    }

    private static let request =
        "GET /function/hello HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n"

    @Test("functions see the client that a trusted proxy names, and not what that client says of itself")
    func served() async throws {
        try await Self.with(trusting: "127.0.0.1") { client, invoker in
            let pieces = ["PROXY TCP4 203.0.113.9 192.0.2.1 50", "00 80\r\n" + Self.request]
            for pieces in [[pieces.joined()], pieces] {
                let answer = WireAnswer(try await client.exchange(pieces))
                #expect(answer.status == 200)
                let seen = try #require(invoker.requests.last?.variableTexts)
                #expect(seen.contains("REMOTE_ADDR=203.0.113.9") && seen.contains("REMOTE_PORT=5000"))
                #expect(!seen.contains { $0.contains("6.6.6.6") })
            }
            let bytes = Self.binary(0x21, 0x11, Self.four) + Array(Self.request.utf8)
            let answer = WireAnswer(try await client.exchange(bytes: bytes))
            #expect(answer.status == 200)
        }
    }

    @Test("a trusted proxy without a header is not served")
    func missing() async throws {
        try await Self.with(trusting: "127.0.0.1") { client, invoker in
            for header in ["", "PROXY TCP4 x\r\n"] {
                let answer = try await client.exchange([header + Self.request])
                #expect(answer == [])
            }
            #expect(invoker.requests.isEmpty)
        }
    }

    @Test("another client's header is no request")
    func untrusted() async throws {
        try await Self.with(trusting: "10.0.0.0/8") { client, invoker in
            let header = "PROXY TCP4 203.0.113.9 192.0.2.1 5000 80\r\n"
            #expect(try await client.raw(header + Self.request).status == 400)
            #expect(try await client.raw(Self.request).status == 200)
            let seen = try #require(invoker.requests.last?.variableTexts)
            #expect(seen.contains("REMOTE_ADDR=127.0.0.1"))
        }
    }
}
