// SPDX-License-Identifier: Apache-2.0
// Certificates of a real authority: issued, served, renewed, and what happens when it is not there.

import Foundation
import Testing

extension EndToEnd {
    @Suite(.enabled(if: AuthorityUnderTest.isInstalled, "needs pebble"))
    struct CertificateAuthorityTests {
        private static let domain = "faas.example.org"

        private static func wait(for what: String, in gateway: GatewayUnderTest, _ isThere: (String) -> Bool)
            async throws
        {
            let deadline = ContinuousClock.now + Patience.duration(.seconds(40))
            while !isThere(gateway.logText) {
                guard ContinuousClock.now < deadline else {
                    throw HarnessError("\(what) did not come:\n\(gateway.logText)")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }

        /// What `openssl x509` says of the certificate that a gateway shows for the name.
        private static func shown(_ gateway: GatewayUnderTest, _ fields: String...) async throws -> String {
            let place = gateway.address.replacing("https://", with: "")
            let chain = try await Command.run(
                "/usr/bin/openssl",
                ["s_client", "-connect", place, "-servername", domain],
                input: Data()
            )
            let text = try await Command.run(
                "/usr/bin/openssl",
                ["x509", "-noout"] + fields,
                input: Data(chain.text.utf8)
            )
            return text.text
        }

        private static func arguments(_ authority: AuthorityUnderTest, _ more: [String]) -> [String] {
            [
                "--acme-domain", domain, "--acme-url", authority.url, "--acme-ca", authority.serverRoots,
                "--acme-email", "admin@example.org", "--acme-agree-terms",
            ] + more
        }

        @Test("an authority checks the name over HTTP, and clients trust the certificate that it issues")
        func http() async throws {
            let port = try RegistryUnderTest.freePort()
            let authority = try await AuthorityUnderTest(httpPort: port, tlsPort: 1)
            defer { authority.stop() }
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let arguments = Self.arguments(authority, ["--tls-redirect", "127.0.0.1:\(port)"])
            let data = folder.url.appendingPathComponent("data").path
            let gateway = try await GatewayUnderTest(dataFolder: data, arguments: arguments)
            try await Self.wait(for: "the certificate", in: gateway) { $0.contains("certificate issued") }
            try await Self.wait(for: "its load", in: gateway) { $0.contains("certificates loaded") }
            #expect(gateway.logText.contains("a self-signed certificate is served until"))
            let place = gateway.address.split(separator: ":").last ?? ""
            let answer = try await Command.run(
                "/usr/bin/curl",
                [
                    "-sSL", "--cacert", try await authority.roots(), "--resolve",
                    "\(Self.domain):\(place):127.0.0.1",
                    "--resolve", "\(Self.domain):\(port):127.0.0.1", "http://\(Self.domain):\(port)/healthz",
                ]
            )
            #expect(answer.code == 0 && answer.text.contains("OK"), "\(answer.text)\(answer.error)")
            let serial = try await Self.shown(gateway, "-serial")
            await gateway.stop()
            // The next start serves it at once, and asks for no other one.
            let next = try await GatewayUnderTest(dataFolder: data, arguments: arguments)
            #expect(try await Self.shown(next, "-serial") == serial)
            #expect(!next.logText.contains("self-signed"))
            await next.stop()
        }

        @Test("an authority checks the name in a handshake, and a certificate is renewed before its end")
        func handshake() async throws {
            let port = try RegistryUnderTest.freePort()
            let authority = try await AuthorityUnderTest(httpPort: 1, tlsPort: port, validitySeconds: 15)
            defer { authority.stop() }
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let place = ["--listen", "127.0.0.1:\(port)", "--data-dir", data]
            let gateway = try await GatewayUnderTest(
                dataFolder: data,
                arguments: Self.arguments(authority, place),
                namesPlace: false
            )
            try await Self.wait(for: "the certificate", in: gateway) { $0.contains("certificate issued") }
            #expect(gateway.logText.contains("by=tls-alpn-01"))
            try await Self.wait(for: "its load", in: gateway) { $0.contains("certificates loaded") }
            let first = try await Self.shown(gateway, "-serial")
            #expect(try await Self.shown(gateway, "-issuer").contains("Pebble"))
            let deadline = ContinuousClock.now + Patience.duration(.seconds(40))
            while try await Self.shown(gateway, "-serial") == first {
                guard ContinuousClock.now < deadline else { throw HarnessError("it was not renewed") }
                try await Task.sleep(for: .seconds(1))
                // Looks now instead of within half a minute.
                gateway.signal(SIGHUP)
            }
            await gateway.stop()
        }

        @Test("without its authority a gateway serves a self-signed certificate and says why")
        func absent() async throws {
            let port = try RegistryUnderTest.freePort()
            let arguments = [
                "--acme-domain", Self.domain, "--acme-url", "https://127.0.0.1:\(port)/dir",
                "--acme-agree-terms",
            ]
            try await GatewayUnderTest.with(arguments: arguments) { gateway in
                try await Self.wait(for: "the failure", in: gateway) {
                    $0.contains("no certificate was issued") && $0.contains("cannot be reached")
                }
                let roots = gateway.dataFolder + "/tls/self-signed.crt"
                let answer = try await Command.require(
                    "curl",
                    "-sS",
                    "--cacert",
                    roots,
                    gateway.address + "/healthz"
                )
                #expect(answer.contains("OK"))
            }
        }
    }
}
