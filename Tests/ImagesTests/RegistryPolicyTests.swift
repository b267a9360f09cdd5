// SPDX-License-Identifier: Apache-2.0
// Redirects, token servers, foreign layers, mirrors: which addresses may be used, and with what.

import Foundation
import Testing

@testable import HTTPClient
@testable import Registry

@Suite("Registry address policy")
struct RegistryPolicyTests {
    private func origin(_ text: String) throws -> Origin {
        try #require(URL(string: text).flatMap(Origin.init))
    }

    @Test(
        "credentials stay with scheme, host and port, and never come back",
        arguments: [
            ("https://r.example/v2/x", "/other", true),
            ("https://r.example/v2/x", "https://R.example:443/other", true),
            ("https://r.example/v2/x", "https://r.example:444/other", false),
            ("https://r.example/v2/x", "https://cdn.example/other", false),
            ("http://127.0.0.1:5000/v2/x", "http://127.0.0.1:5001/", false),
            ("http://127.0.0.1:5000/v2/x", "https://127.0.0.1:5000/", false),
        ]
    )
    func redirect(from: String, to: String, keeps: Bool) throws {
        let current = try #require(URL(string: from))
        var policy = RedirectPolicy(start: try origin(from))
        guard case .follow(let target) = policy.redirected(from: current, location: to) else {
            Issue.record("refused")
            return
        }
        #expect(policy.carriesAuthorization == keeps)
        _ = policy.redirected(from: target, location: from)
        #expect(policy.carriesAuthorization == keeps)
    }

    @Test(
        "redirects to plain http, to other schemes, with passwords or without end are refused",
        arguments: [
            "http://r.example/", "file:///etc/passwd", "ftp://r.example/", "https://u:p@cdn.example/", "",
        ]
    )
    func refused(to: String) throws {
        let start = try #require(URL(string: "https://r.example/v2/x"))
        var policy = RedirectPolicy(start: try origin("https://r.example"))
        guard case .refuse = policy.redirected(from: start, location: to.isEmpty ? nil : to) else {
            Issue.record("followed")
            return
        }
        var loop = RedirectPolicy(start: try origin("https://r.example"))
        for _ in 0..<RedirectPolicy.hopsMax { _ = loop.redirected(from: start, location: "/again") }
        #expect(loop.redirected(from: start, location: "/again") == .refuse(reason: "more than 10 redirects"))
    }

    @Test(
        "a token server gets credentials over https; over plain http only beside a plain registry",
        arguments: [
            ("https://auth.example/token", "https://r.example", true),
            ("http://auth.example/token", "https://r.example", false),
            ("http://r.example/token", "https://r.example", false),
            ("http://10.0.0.1:5000/token", "http://10.0.0.1:5001", true),
            ("http://localhost/token", "http://10.0.0.1:5001", true),
            ("http://10.0.0.2/token", "http://10.0.0.1:5001", false),
            ("https://u@auth.example/token", "https://r.example", false),
            ("ftp://auth.example/token", "https://r.example", false),
        ]
    )
    func realm(realm: String, registry: String, allowed: Bool) throws {
        let url = try #require(URL(string: realm))
        #expect(AddressPolicy.mayAuthenticate(at: url, for: try origin(registry)) == allowed)
    }

    @Test("an upload's address may be relative or elsewhere, keeps its query, and is never weaker")
    func upload() throws {
        let current = try #require(URL(string: "https://r.example/v2/a/blobs/uploads/"))
        func address(_ location: String?) -> String? {
            AddressPolicy.uploadAddress(location, relativeTo: current)?.absoluteString
        }
        #expect(address("/v2/u?_state=a%2Bb%3D") == "https://r.example/v2/u?_state=a%2Bb%3D")
        #expect(address("https://store.example/u") == "https://store.example/u")
        #expect(address("http://r.example/u") == nil && address(nil) == nil)
        let url = try #require(AddressPolicy.uploadAddress("/u?_state=a%2Bb%3D", relativeTo: current))
        let closing = FormEncoding.adding([("digest", "sha256:a&b")], to: url)
        #expect(closing?.absoluteString == "https://r.example/u?_state=a%2Bb%3D&digest=sha256%3Aa%26b")
    }

    @Test(
        "registries on this machine speak plain http, others https, unless configured otherwise",
        arguments: [
            ("docker.io", "https://registry-1.docker.io:443"),
            ("localhost:5000", "http://localhost:5000"),
            ("127.8.9.10", "http://127.8.9.10:80"),
            ("127.evil.example", "https://127.evil.example:443"),
            ("[::1]:5000", "http://[::1]:5000"),
            ("10.0.0.1:5000", "https://10.0.0.1:5000"),
            ("plain.example:80", "http://plain.example:80"),
            ("localhost:5443", "https://localhost:5443"),
        ]
    )
    func plain(registry: String, expected: String) throws {
        var configuration = RegistryConfiguration()
        configuration.plainHTTP = ["plain.example": true, "localhost:5443": false]
        let endpoints = try configuration.endpoints(for: registry, pulling: true)
        #expect(endpoints.map(\.origin.description) == [expected])
    }

    @Test("mirrors come first when pulling and not at all when pushing; the file says so or is refused")
    func mirrors() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/registries.json"
        try scratch.write(
            #"{"mirrors": {"docker.io": ["m.example", "http://n.example:81/"]}}"#,
            to: "registries.json"
        )
        let configuration = try RegistryConfiguration(path: path)
        let pulling = try configuration.endpoints(for: "docker.io", pulling: true)
        #expect(
            pulling.map(\.origin.description).prefix(2) == ["https://m.example:443", "http://n.example:81"]
        )
        #expect(
            pulling.last?.url("library/a/tags")?.absoluteString
                == "https://registry-1.docker.io/v2/library/a/tags"
        )
        #expect(try configuration.endpoints(for: "docker.io", pulling: false).count == 1)
        for bad in [#"{"mirror": {}}"#, #"{"mirrors": {"a": ["b/c"]}}"#, #"{"mirrors": []}"#, "[]", "{"] {
            try scratch.write(bad, to: "registries.json")
            #expect(throws: RegistryError.self) { try RegistryConfiguration(path: path) }
        }
        #expect(try RegistryConfiguration(path: scratch.path + "/none") == RegistryConfiguration())
    }
}
