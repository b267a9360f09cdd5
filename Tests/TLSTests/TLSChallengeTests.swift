// SPDX-License-Identifier: Apache-2.0
// Challenges of an authority in handshakes of their own protocol (RFC 8737), beside clients that want to be served.

import COpenSSL
import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct TLSChallengeTests {
    private static let digest = (0..<32).map { UInt8($0) }

    private static func server(clientRoots: PEMFile? = nil) throws -> TLSServer {
        let server = try TLSServer(
            [TestCertificate.pair("a.example"), TestCertificate.pair("b.example")],
            clientRoots: clientRoots,
            protocols: ["http/1.1"]
        )
        try server.showChallenge(digest, for: "b.example")
        return server
    }

    private static func options(_ name: String?, _ protocols: [String], _ version: Int32 = TLS1_3_VERSION)
        -> ClientOptions
    {
        ClientOptions(versionMax: version, name: name, protocols: protocols)
    }

    /// The bytes of acmeIdentifier in the certificate that a client got, and whether it is critical.
    private static func identifier(_ client: TestClient) -> (bytes: [UInt8], isCritical: Bool)? {
        guard let certificate = SSL_get1_peer_certificate(client.connection) else { return nil }
        defer { X509_free(certificate) }
        let object = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1)
        defer { ASN1_OBJECT_free(object) }
        let place = X509_get_ext_by_OBJ(certificate, object, -1)
        guard place >= 0, let part = X509_get_ext(certificate, place),
            let data = X509_EXTENSION_get_data(part)
        else { return nil }
        let bytes = UnsafeBufferPointer(
            start: ASN1_STRING_get0_data(data),
            count: Int(ASN1_STRING_length(data))
        )
        return (Array(bytes), X509_EXTENSION_get_critical(part) == 1)
    }

    @Test(
        "a challenge is answered with its certificate, and the connection ends after the handshake",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION],
        [false, true]
    )
    func answers(version: Int32, demandsClients: Bool) throws {
        let roots = demandsClients ? try TestCertificate.pair("client").certificate : nil
        let pair = try TestPair(
            Self.server(clientRoots: roots),
            Self.options("B.example", ["acme-tls/1"], version)
        )
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.chosenProtocol == "acme-tls/1")
        #expect(pair.client.serverName == "b.example")
        let found = try #require(Self.identifier(pair.client))
        #expect(found.bytes == [4, 32] + Self.digest && found.isCritical)
        #expect(pair.recorder.isClosed && pair.recorder.negotiated == [])
        #expect(pair.recorder.received == [])
    }

    @Test(
        "a challenge that is not open fails in the handshake",
        arguments: ["a.example", "c.example", nil]
    )
    func closed(name: String?) throws {
        let pair = try TestPair(Self.server(), Self.options(name, ["acme-tls/1"]))
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.chosenProtocol == nil && pair.recorder.isClosed)
        #expect(pair.recorder.failures.count == 1)
    }

    @Test("a challenge that was withdrawn is answered no more")
    func withdrawn() throws {
        let server = try Self.server()
        server.hideChallenge(for: "b.example")
        let pair = try TestPair(server, Self.options("b.example", ["acme-tls/1"]))
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.chosenProtocol == nil && pair.recorder.isClosed)
    }

    @Test("an open challenge survives a reload")
    func reload() throws {
        let server = try Self.server()
        try server.reload([TestCertificate.pair("b.example")])
        let pair = try TestPair(server, Self.options("b.example", ["acme-tls/1"]))
        defer { pair.finish() }
        pair.exchange()
        #expect(Self.identifier(pair.client) != nil)
    }

    @Test(
        "clients that want to be served get the server's own certificate while a challenge is open",
        arguments: [[], ["http/1.1"], ["acme-tls/1", "http/1.1"]]
    )
    func others(protocols: [String]) throws {
        let pair = try TestPair(Self.server(), Self.options("b.example", protocols))
        defer { pair.finish() }
        pair.exchange()
        #expect(pair.client.handshake() && pair.client.serverName == "b.example")
        #expect(Self.identifier(pair.client) == nil)
        #expect(pair.client.chosenProtocol == (protocols.isEmpty ? nil : "http/1.1"))
        #expect(!pair.recorder.isClosed)
    }

    @Test("malformed extensions name no protocol and no host")
    func fields() {
        func protocols(_ bytes: [UInt8]) -> [String] {
            bytes.withUnsafeBufferPointer { ClientHelloFields.protocols($0) }
        }
        func host(_ bytes: [UInt8]) -> String? {
            bytes.withUnsafeBufferPointer { ClientHelloFields.host($0) }
        }
        #expect(protocols([0, 3, 2, 104, 50]) == ["h2"])
        for bytes: [UInt8] in [[], [0], [0, 4, 2, 104, 50], [0, 2, 2, 104, 50]] {
            #expect(protocols(bytes) == [], "\(bytes)")
        }
        #expect(host([0, 4, 0, 0, 1, 65]) == "a")
        for bytes: [UInt8] in [
            [], [0, 3, 0, 0, 0], [0, 4, 1, 0, 1, 65], [0, 4, 0, 0, 2, 65], [0, 5, 0, 0, 1, 65],
            [0, 4, 0, 1, 1, 65],
        ] { #expect(host(bytes) == nil, "\(bytes)") }
    }

    @Test("no more challenges are open than the server has certificates")
    func bound() throws {
        let challenges = TLSChallenges()
        let pair = try TestCertificate.pair("a.example")
        let identity = try TLSIdentity(certificate: pair.certificate, key: pair.key)
        for number in 0..<TLSChallenges.countMax { #expect(challenges.show(identity, for: "\(number)")) }
        #expect(!challenges.show(identity, for: "more") && challenges.show(identity, for: "0"))
        for number in 0..<TLSChallenges.countMax { challenges.hide("\(number)") }
        #expect(!challenges.areOpen)
    }
}
