// SPDX-License-Identifier: Apache-2.0
// Which address counts as the client behind proxies.

import Contracts
import FunctionModel
import HTTPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite("Behind trusted proxies")
struct TrustedProxiesTests {
    private static func client(
        _ peer: String,
        _ pairs: [(String, String)],
        trusted: [String] = ["10.0.0.0/8", "127.0.0.1"]
    ) throws -> ClientOrigin {
        var fields = HTTPFields()
        for (name, value) in pairs {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        var from = RequestHead.Peer()
        from.remoteAddress = peer
        return TrustedProxies(trusted.compactMap { IPv4Network($0) }).client(from, fields)
    }

    @Test(
        "the client is the last address that no trusted proxy has, and an untrusted peer speaks for itself only",
        arguments: [
            ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", [("X-Forwarded-For", "6.6.6.6, 192.0.2.1, 10.0.0.2")], "192.0.2.1"),
            ("10.0.0.1", [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1:4711")], "192.0.2.1"),
            ("10.0.0.1", [("X-Forwarded-For", "2001:DB8::1")], "2001:db8::1"),
            ("10.0.0.1", [("X-Forwarded-For", "[2001:db8::1]:80")], "2001:db8::1"),
            ("10.0.0.1", [("X-Forwarded-For", "10.0.0.9, 10.0.0.8")], "10.0.0.9"),
            ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1, junk")], "10.0.0.1"),
            ("10.0.0.1", [("X-Forwarded-For", "192.0.2.1, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", [("X-Forwarded-For", "")], "10.0.0.1"),
            ("10.0.0.1", [], "10.0.0.1"),
            ("192.0.2.9", [("X-Forwarded-For", "6.6.6.6")], "192.0.2.9"),
            ("192.0.2.9", [("Forwarded", "for=6.6.6.6")], "192.0.2.9"),
            ("10.0.0.1", [("Forwarded", "for=192.0.2.60;proto=http;by=203.0.113.43")], "192.0.2.60"),
            ("10.0.0.1", [("Forwarded", "For=\"[2001:db8:cafe::17]:4711\"")], "2001:db8:cafe::17"),
            ("10.0.0.1", [("Forwarded", "for=6.6.6.6, for=192.0.2.1")], "192.0.2.1"),
            ("10.0.0.1", [("Forwarded", "for=192.0.2.1, for=unknown")], "10.0.0.1"),
            ("10.0.0.1", [("Forwarded", "for=192.0.2.1"), ("X-Forwarded-For", "6.6.6.6")], "192.0.2.1"),
        ] as [(String, [(String, String)], String)]
    ) func chains(_ peer: String, _ pairs: [(String, String)], _ address: String) throws {
        #expect(try Self.client(peer, pairs).address == address)
        #expect(try Self.client(peer, pairs, trusted: []).address == peer)
    }

    @Test(
        "an IPv4 peer of an IPv6 listener has its IPv4 address, and is trusted under it",
        arguments: [
            ("::ffff:127.0.0.1", "127.0.0.1", "192.0.2.1"), ("127.0.0.1", "127.0.0.1", "192.0.2.1"),
            ("::ffff:192.0.2.9", "192.0.2.9", "192.0.2.9"), ("2001:db8::1", "2001:db8::1", "2001:db8::1"),
            ("::1", "::1", "::1"),
        ]
    ) func mapped(_ address: String, _ shown: String, _ client: String) throws {
        let end = try SocketAddress(ipAddress: address, port: 4711)
        let peer = Connection.peer(remote: end, local: end)
        #expect(peer.remoteAddress == shown && peer.localAddress == shown)
        #expect(peer.remotePort == 4711 && peer.localPort == 4711)
        #expect(try Self.client(peer.remoteAddress, [("X-Forwarded-For", "192.0.2.1")]).address == client)
    }

    @Test("a trusted proxy says whether the client's connection was encrypted")
    func secure() throws {
        let chain = ("X-Forwarded-For", "192.0.2.1")
        #expect(try Self.client("10.0.0.1", [chain, ("X-Forwarded-Proto", "https")]).isSecure == true)
        #expect(try Self.client("10.0.0.1", [chain, ("X-Forwarded-Proto", "http")]).isSecure == false)
        #expect(try Self.client("10.0.0.1", [chain]).isSecure == nil)
        #expect(try Self.client("192.0.2.9", [chain, ("X-Forwarded-Proto", "https")]).isSecure == nil)
        #expect(
            try Self.client("10.0.0.1", [("Forwarded", "for=192.0.2.1;proto=https")]).isSecure == true
        )
    }

    @Test("rates, records and functions see the client; fields of other peers are dropped")
    func served() async throws {
        let rate = RateConfiguration(requests: try RequestRate("1/h", field: ""))
        let invoker = FakeInvoker.ending(.ok)
        let trusted = [try #require(IPv4Network("127.0.0.1"))]
        try await TestGateway.run(
            invoker,
            [try makeRevision("hello") { $0.rate = rate }],
            { $0.trustedProxies = trusted }
        ) {
            gateway in
            for (client, status) in [("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.1", 429)] {
                let answer = try await gateway.client.send(
                    "GET",
                    "/function/hello",
                    headers: ["X-Forwarded-For: " + client, "X-Forwarded-Proto: https"]
                )
                #expect(answer.status == status)
            }
            let seen = try #require(invoker.requests.first?.variableTexts)
            #expect(seen.contains("REMOTE_ADDR=192.0.2.1") && seen.contains("HTTPS=on"))
        }
        let other = [try #require(IPv4Network("10.0.0.0/8"))]
        try await TestGateway.run(invoker, nil, { $0.trustedProxies = other }) { gateway in
            _ = try await gateway.client.send("GET", "/function/hello", headers: ["X-Forwarded-For: 6.6.6.6"])
            let seen = try #require(invoker.requests.last?.variableTexts)
            #expect(seen.contains("REMOTE_ADDR=127.0.0.1") && !seen.contains { $0.contains("6.6.6.6") })
        }
    }
}
