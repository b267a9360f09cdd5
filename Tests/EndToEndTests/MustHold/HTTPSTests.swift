// SPDX-License-Identifier: Apache-2.0
// HTTPS with real clients: curl, openssl and faasctl, against a gateway with a certificate.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct HTTPSTests {
        /// A certificate of `openssl req`, below a folder: NAME.crt and NAME.key.
        private static func certificate(_ name: String, in folder: TemporaryFolder, days: Int = 2)
            async throws
        {
            let path = folder.url.appendingPathComponent(name).path
            try await Command.require(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-keyout",
                path + ".key",
                "-out",
                path + ".crt",
                "-days",
                "\(days)",
                "-subj",
                "/CN=\(name)",
                "-addext",
                "subjectAltName=DNS:\(name),IP:127.0.0.1"
            )
            chmod(path + ".key", 0o600)
        }

        private static func port(_ gateway: GatewayUnderTest) -> String {
            String(gateway.address.split(separator: ":").last ?? "")
        }

        private static func wait(for what: String, _ isThere: () -> Bool) async throws {
            let deadline = ContinuousClock.now + Patience.duration(.seconds(20))
            while !isThere() {
                guard ContinuousClock.now < deadline else { throw HarnessError("\(what) did not come") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }

        /// What `openssl s_client` says of one connection.
        private static func client(_ gateway: GatewayUnderTest, _ more: String...) async throws -> String {
            let words = ["s_client", "-connect", "127.0.0.1:" + port(gateway)] + more
            let result = try await Command.run("/usr/bin/openssl", words, input: Data())
            return result.text + result.error
        }

        @Test("a gateway makes a certificate of its own, and serves HTTPS with it")
        func selfSigned() async throws {
            try await GatewayUnderTest.with(arguments: ["--tls-self-signed"]) { gateway in
                #expect(gateway.address.hasPrefix("https://127.0.0.1:"))
                let roots = gateway.dataFolder + "/tls/self-signed.crt"
                let refused = try await gateway.faasctl("list")
                #expect(refused.code != 0 && refused.error.contains("certificate"), "\(refused.error)")
                try await gateway.require("--tls-ca", roots, "deploy", Fixtures.function("env"))
                let answer = try await Command.require(
                    "curl",
                    "-sS",
                    "--cacert",
                    roots,
                    gateway.address + "/function/env"
                )
                #expect(answer.contains("HTTPS=on"), "\(answer)")
                // Without TLS there is no answer, and others are served meanwhile.
                let plain = try await Command.run(
                    "/usr/bin/curl",
                    ["-sS", "-m", "20", gateway.address.replacing("https:", with: "http:")]
                )
                #expect(plain.code != 0)
                let old = try await Self.client(gateway, "-tls1_2", "-CAfile", roots)
                #expect(old.contains("Verify return code: 0 (ok)") && old.contains("TLSv1.2"), "\(old)")
                let oldest = try await Self.client(gateway, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
                #expect(oldest.contains("Cipher is (NONE)"), "\(oldest)")
                let alpn = try await Self.client(gateway, "-alpn", "h2,http/1.1")
                #expect(alpn.contains("ALPN protocol: h2"), "\(alpn)")
                let first = try await Self.client(gateway, "-alpn", "http/1.1")
                #expect(first.contains("ALPN protocol: http/1.1"), "\(first)")
                // Those that failed above are counted.
                let metrics = try await Command.require(
                    "curl",
                    "-sS",
                    "--cacert",
                    roots,
                    gateway.address + "/metrics"
                )
                let failed = metrics.firstMatch(of: /mayfly_tls_failures_total{reason="refused"} (\d+)/)
                #expect((failed.flatMap { Int($0.1) } ?? 0) >= 2, "\(metrics)")
                let expiry = metrics.firstMatch(of: /mayfly_tls_certificate_expiry_timestamp_seconds (\d+)/)
                let days = (expiry.flatMap { Double($0.1) } ?? 0) - Date.now.timeIntervalSince1970
                #expect(days / 86400 > 300 && days / 86400 < 366, "\(metrics)")
            }
        }

        @Test("requests without TLS are redirected, and HTTPS serves them")
        func redirects() async throws {
            let arguments = ["--tls-self-signed", "--tls-redirect", "127.0.0.1:0"]
            try await GatewayUnderTest.with(arguments: arguments) { gateway in
                let line = gateway.logText.split(separator: "\n").first { $0.contains("redirects to HTTPS") }
                let plain = try #require(line?.firstMatch(of: /127\.0\.0\.1:\d+/)).output
                let roots = gateway.dataFolder + "/tls/self-signed.crt"
                let path = "http://\(plain)/healthz?a=b"
                let answer = try await Command.require(
                    "curl",
                    "-sSL",
                    "--cacert",
                    roots,
                    "-w",
                    " %{url_effective}",
                    path
                )
                #expect(answer.hasSuffix(" " + gateway.address + "/healthz?a=b"), "\(answer)")
                let foreign = try await Command.run(
                    "/usr/bin/curl",
                    ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: evil.example", path]
                )
                #expect(foreign.text == "421", "\(foreign.error)")
            }
        }

        @Test("renewed certificates are loaded without an end of the gateway, and broken ones are not")
        func renews() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            for name in ["a.example", "b.example", "c.example"] {
                try await Self.certificate(name, in: folder)
            }
            func path(_ name: String) -> String { folder.url.appendingPathComponent(name).path }
            for kind in ["crt", "key"] { symlink(path("a.example." + kind), path("now." + kind)) }
            let pairs = [
                "--tls-cert", path("now.crt"), "--tls-key", path("now.key"),
                "--tls-cert", path("c.example.crt"), "--tls-key", path("c.example.key"),
            ]
            try await GatewayUnderTest.with(arguments: pairs) { gateway in
                func subject(_ name: String) async throws -> String {
                    let text = try await Self.client(gateway, "-servername", name)
                    let line = text.split(separator: "\n").first { $0.hasPrefix("subject=") }
                    // OpenSSL 3.2 writes it without spaces.
                    return line.map { String($0).replacing(" ", with: "") } ?? text
                }
                #expect(try await subject("a.example") == "subject=CN=a.example")
                #expect(try await subject("c.example") == "subject=CN=c.example")
                // A certificate without its key: the old one stays.
                unlink(path("now.crt"))
                symlink(path("b.example.crt"), path("now.crt"))
                gateway.signal(SIGHUP)
                try await Self.wait(for: "the refusal") { gateway.logText.contains("does not belong") }
                #expect(try await subject("x") == "subject=CN=a.example")
                unlink(path("now.key"))
                symlink(path("b.example.key"), path("now.key"))
                gateway.signal(SIGHUP)
                try await Self.wait(for: "the load") { gateway.logText.contains("certificates loaded") }
                #expect(try await subject("x") == "subject=CN=b.example")
            }
        }

        @Test("clients without a certificate of the given authority are not served")
        func clients() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            for name in ["a.example", "client"] { try await Self.certificate(name, in: folder) }
            func path(_ name: String) -> String { folder.url.appendingPathComponent(name).path }
            let arguments = [
                "--tls-cert", path("a.example.crt"), "--tls-key", path("a.example.key"),
                "--tls-client-ca", path("client.crt"),
            ]
            try await GatewayUnderTest.with(arguments: arguments) { gateway in
                let common = ["-sS", "--cacert", path("a.example.crt"), gateway.address + "/healthz"]
                let without = try await Command.run("/usr/bin/curl", common)
                #expect(without.code != 0)
                let with = try await Command.run(
                    "/usr/bin/curl",
                    ["--cert", path("client.crt"), "--key", path("client.key")] + common
                )
                #expect(with.code == 0, "\(with.error)")
                let trust = ["--cacert", path("a.example.crt")]
                let own = ["--client-cert", path("client.crt"), "--client-key", path("client.key")]
                let stranger = try await gateway.faasctl(["list"] + trust)
                #expect(stranger.code == 1, "\(stranger.error)")
                let known = try await gateway.faasctl(["list"] + trust + own)
                #expect(known.code == 0, "\(known.error)")
                try await Self.contexts(gateway, trust + own, folder)
            }
        }

        /// The same by the name of a context, which another gateway's does not help.
        private static func contexts(
            _ gateway: GatewayUnderTest,
            _ certificates: [String],
            _ folder: TemporaryFolder
        ) async throws {
            let environment = [
                "XDG_CONFIG_HOME": folder.url.path, "MAYFLY_DATA_DIR": gateway.dataFolder,
                "FAASCTL_GATEWAY": "",
                "OPENFAAS_URL": "",
            ]
            func faasctl(_ words: [String], _ input: String = "") async throws -> CommandResult {
                try await Command.run(
                    Fixtures.faasctl,
                    words,
                    environment: environment,
                    input: Data(input.utf8)
                )
            }
            let made = try await gateway.faasctl(
                ["token", "create", "--scope", "read", "--quiet"] + certificates
            )
            let add = ["context", "add", "lab", "--gateway", gateway.address, "--token-stdin"] + certificates
            let added = try await faasctl(add, made.text)
            #expect(added.code == 0, "\(added.error)")
            let list = try await faasctl(["list"])
            #expect(list.code == 0, "\(list.error)")
            let create = try await faasctl(["token", "create"])
            #expect(create.code == 1 && create.error.contains("scope"), "\(create.error)")
            let contexts = try await faasctl(["context", "list", "--output", "json"]).text
            #expect(contexts.contains(#""credentials":"token, certificate""#) && !contexts.contains("mf_"))
            let removed = try await faasctl(["context", "remove", "lab"])
            #expect(removed.code == 0, "\(removed.error)")
            #expect(try await faasctl(["context", "use", "lab"]).code == 1)
        }

        @Test("a certificate that cannot be used stops the start with its file and the reason")
        func refusesStart() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            for name in ["a.example", "b.example"] { try await Self.certificate(name, in: folder) }
            func path(_ name: String) -> String { folder.url.appendingPathComponent(name).path }
            for (certificate, key, reason) in [
                ("a.example.crt", "b.example.key", "does not belong to the first certificate in"),
                ("none.crt", "a.example.key", "none.crt cannot be read: no such file or directory"),
                ("a.example.key", "a.example.key", "a.example.key holds no certificate in PEM form"),
            ] {
                let result = try await Command.run(
                    Fixtures.faasctl,
                    [
                        "serve", "--listen", "127.0.0.1:0", "--data-dir", path("data"),
                        "--tls-cert", path(certificate), "--tls-key", path(key),
                    ]
                )
                #expect(result.code == 1 && result.error.contains(reason), "\(result.error)")
            }
        }
    }
}
