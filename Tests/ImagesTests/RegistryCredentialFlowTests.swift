// SPDX-License-Identifier: Apache-2.0
// The receivers of credentials: the registry and its token server, and no server that they refer to.

import ImageStore
import Foundation
import FunctionModel
import Testing

@testable import OCI
@testable import Registry

@Suite("Registry credential flow")
struct RegistryCredentialFlowTests {
    let fixture: RegistryFixture
    let registry: FakeRegistry

    init() throws {
        fixture = try RegistryFixture()
        registry = try FakeRegistry()
    }

    private func client(_ secret: String = "s3cret") -> RegistryClient {
        let host = registry.host
        return fixture.client { $0.credentials = .fixed([host: Credential(user: "ada", secret: secret)]) }
    }

    private static let basic = "Basic " + Data("ada:s3cret".utf8).base64EncodedString()

    /// Wants a bearer token from its own `/token`, which wants the password.
    private func demandToken() {
        let host = registry.host
        registry.setAuthority { request in
            if request.path == "/token" {
                guard request.fields["authorization"] == Self.basic else {
                    return FakeRegistry.error(401, "UNAUTHORIZED", "wrong password")
                }
                return TestReply(200, text: #"{"access_token": "t0ken", "expires_in": 300}"#)
            }
            guard request.fields["authorization"] != "Bearer t0ken" else { return nil }
            let challenge =
                #"Bearer realm="http://\#(host)/token",service="a, b",scope="repository:app:pull""#
            return TestReply(401, ["WWW-Authenticate": challenge], text: "{}")
        }
    }

    @Test("one token is fetched for all requests of a pull, for the scope and service asked for")
    func token() async throws {
        demandToken()
        try registry.addImage("app", layers: (0..<4).map { noise(1000, seed: $0) })
        try await fixture.pull("\(registry.host)/app", using: client())
        let asked = registry.requests.filter { $0.path == "/token" }
        #expect(asked.map(\.query) == ["client_id=mayfly&service=a%2C%20b&scope=repository%3Aapp%3Apull"])
        let others = registry.requests.filter { $0.path != "/token" }
        #expect(others.compactMap { $0.fields["authorization"] }.allSatisfy { $0 == "Bearer t0ken" })
        #expect(others.filter { $0.fields["authorization"] == nil }.count == 1)
    }

    @Test("a wrong password is reported in the token server's words")
    func wrongPassword() async throws {
        demandToken()
        try registry.addImage("app", layers: [])
        await #expect { try await fixture.pull("\(registry.host)/app", using: client("wrong")) } throws: {
            error in
            guard case RegistryError.notAllowed(let answer) = error else { return false }
            return answer.message == "wrong password" && answer.subject.contains("token")
        }
    }

    @Test("a registry that takes no token is asked twice, not for ever")
    func loop() async throws {
        let host = registry.host
        registry.setAuthority { request in
            if request.path == "/token" { return TestReply(200, text: #"{"token": "t"}"#) }
            return TestReply(401, ["WWW-Authenticate": #"Bearer realm="http://\#(host)/token""#])
        }
        await #expect { try await fixture.pull("\(registry.host)/app", using: client()) } throws: { error in
            if case RegistryError.notAllowed = error { true } else { false }
        }
        #expect(
            registry.requests.map(\.path) == [
                "/v2/app/manifests/latest", "/token", "/v2/app/manifests/latest",
            ]
        )
    }

    @Test("an identity token is exchanged by POST and never sent to the registry")
    func identityToken() async throws {
        let host = registry.host
        registry.setAuthority { request in
            if request.path == "/token" { return TestReply(200, text: #"{"access_token": "t"}"#) }
            guard request.fields["authorization"] != "Bearer t" else { return nil }
            return TestReply(401, ["WWW-Authenticate": #"Bearer realm="http://\#(host)/token",service="s""#])
        }
        try registry.addImage("app", layers: [])
        let credential = Credential(user: "", secret: "ref/resh", kind: .identityToken)
        try await fixture.pull(
            "\(host)/app",
            using: fixture.client { $0.credentials = .fixed([host: credential]) }
        )
        let asked = registry.requests.filter { $0.path == "/token" }
        #expect(asked.map(\.method) == ["POST"])
        let body = String(decoding: asked[0].body, as: UTF8.self)
        #expect(body.contains("grant_type=refresh_token&refresh_token=ref%2Fresh"))
        #expect(asked[0].fields["authorization"] == nil)
    }

    @Test("Basic is answered with the password, then sent without a challenge", .timeLimit(.minutes(1)))
    func basic() async throws {
        registry.setAuthority { request in
            guard request.fields["authorization"] != Self.basic else { return nil }
            return TestReply(401, ["WWW-Authenticate": #"Basic realm="here""#], text: "{}")
        }
        try registry.addImage("app", layers: (0..<4).map { noise(1000, seed: $0) })
        try await fixture.pull("\(registry.host)/app", using: client())
        #expect(registry.requests.filter { $0.fields["authorization"] == nil }.count == 1)
    }

    @Test("without credentials a Basic challenge is the registry's refusal", .timeLimit(.minutes(1)))
    func anonymousBasic() async throws {
        registry.setAuthority { _ in
            var reply = FakeRegistry.error(401, "UNAUTHORIZED", "authentication required")
            reply.fields["WWW-Authenticate"] = #"Basic realm="here""#
            return reply
        }
        await #expect { try await fixture.pull("\(registry.host)/app") } throws: { error in
            guard case RegistryError.notAllowed(let answer) = error else { return false }
            return answer.message == "authentication required"
        }
    }

    @Test("a blob's redirect to another server carries no credentials")
    func redirect() async throws {
        demandToken()
        let layer = noise(1000, seed: 1)
        let elsewhere = try TestServer { _ in TestReply(200, body: layer) }
        defer { elsewhere.stop() }
        try registry.addImage("app", layers: [layer])
        let target = "http://\(elsewhere.host)/cdn?signature=1%2F2"
        registry.edit { $0.redirects["\(Digest(of: layer))"] = target }
        try await fixture.pull("\(registry.host)/app", using: client())
        #expect(elsewhere.requests.map(\.query) == ["signature=1%2F2"])
        #expect(elsewhere.requests.allSatisfy { $0.fields["authorization"] == nil })
        #expect(fixture.blobs.size(of: Digest(of: layer)) == layer.count)
    }

    @Test("another server that asks for our credentials gets none")
    func redirectChallenge() async throws {
        demandToken()
        let layer = noise(1000, seed: 1)
        let host = registry.host
        let elsewhere = try TestServer { _ in
            TestReply(401, ["WWW-Authenticate": #"Bearer realm="http://\#(host)/token",service="x""#])
        }
        defer { elsewhere.stop() }
        try registry.addImage("app", layers: [layer])
        registry.edit { $0.redirects["\(Digest(of: layer))"] = "http://\(elsewhere.host)/cdn" }
        await #expect(throws: RegistryError.self) {
            try await fixture.pull("\(registry.host)/app", using: client())
        }
        #expect(elsewhere.requests.count == 1)
        #expect(elsewhere.requests.allSatisfy { $0.fields["authorization"] == nil })
    }

    @Test(
        "an answer that leads to a reserved address is not followed, and not tried again",
        arguments: ["http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/latest"]
    )
    func reserved(target: String) async throws {
        let layer = noise(1000, seed: 1)
        try registry.addImage("app", layers: [layer])
        registry.edit { $0.redirects["\(Digest(of: layer))"] = target }
        await #expect { try await fixture.pull("\(registry.host)/app") } throws: { error in
            guard case RegistryError.violation(_, let reason) = error else { return false }
            return reason == "it refers to another address, and 169.254.169.254 is a reserved address"
        }
        #expect(registry.requests.count { $0.path.contains("\(Digest(of: layer))") } == 1)
    }

    @Test("a token server at a reserved address is not asked")
    func reservedRealm() async throws {
        registry.setAuthority { _ in
            TestReply(401, ["WWW-Authenticate": #"Bearer realm="https://169.254.169.254/token",service="s""#])
        }
        await #expect { try await fixture.pull("\(registry.host)/app", using: client()) } throws: { error in
            guard case RegistryError.violation(_, let reason) = error else { return false }
            return reason.contains("169.254.169.254 is a reserved address")
        }
    }

    @Test("a layer's own addresses are fetched without credentials, and only for foreign layers")
    func foreign() async throws {
        demandToken()
        let layer = noise(1000, seed: 1)
        let elsewhere = try TestServer { _ in TestReply(200, body: layer) }
        defer { elsewhere.stop() }
        for type in ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MediaType.layerGzip] {
            let config = registry.addBlob(
                try Documents.encode(ImageConfiguration(), name: "test"),
                type: MediaType.configuration
            )
            var descriptor = Descriptor(mediaType: type, digest: Digest(of: layer), size: layer.count)
            descriptor.urls = ["http://\(elsewhere.host)/layer"]
            let manifest = try Documents.encode(Manifest(config: config, layers: [descriptor]), name: "test")
            registry.addManifest("app", tag: "latest", manifest, type: MediaType.manifest)
            if type == MediaType.layerGzip {
                let other = try RegistryFixture()
                await #expect(throws: RegistryError.self) {
                    try await other.pull("\(registry.host)/app", using: client())
                }
            } else {
                try await fixture.pull("\(registry.host)/app", using: client())
            }
        }
        #expect(elsewhere.requests.count == 1)
        #expect(elsewhere.requests.allSatisfy { $0.fields["authorization"] == nil })
    }

    @Test("a token server on another host gets no password over plain http")
    func strangeRealm() async throws {
        registry.setAuthority { _ in
            TestReply(401, ["WWW-Authenticate": #"Bearer realm="http://192.0.2.1/token",service="s""#])
        }
        await #expect { try await fixture.pull("\(registry.host)/app", using: client()) } throws: { error in
            if case RegistryError.violation = error { true } else { false }
        }
    }

    @Test("a mirror is asked first and gets other credentials; the registry follows when it fails")
    func mirror() async throws {
        let mirror = try FakeRegistry()
        let layers = [noise(1000, seed: 1), noise(1000, seed: 2)]
        try mirror.addImage("app", layers: layers)
        try registry.addImage("app", layers: layers)
        mirror.edit { $0.blobs["\(Digest(of: layers[1]))"] = nil }
        let (host, other) = (registry.host, mirror.host)
        let client = fixture.client { options in
            options.registries.mirrors = [host: ["http://\(other)"]]
            options.credentials = .fixed([host: Credential(user: "ada", secret: "s3cret")])
        }
        mirror.setAuthority { request in request.fields["authorization"] == nil ? nil : TestReply(500) }
        try await fixture.pull("\(host)/app", using: client)
        #expect(registry.requests.contains { $0.path.hasSuffix("\(Digest(of: layers[1]))") })
        #expect(!registry.requests.contains { $0.path.hasSuffix("\(Digest(of: layers[0]))") })
    }
}
