// SPDX-License-Identifier: Apache-2.0
// HTTP/2 with real clients, curl and h2load, and with one that breaks the protocol.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct HTTP2Tests {
        private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Programs/http2-client").path

        private static func with(
            _ functions: String...,
            body: @Sendable (GatewayUnderTest, _ roots: String) async throws -> Void
        ) async throws {
            try await GatewayUnderTest.with(arguments: ["--tls-self-signed"]) { gateway in
                let roots = gateway.dataFolder + "/tls/self-signed.crt"
                for function in functions {
                    try await gateway.require("--tls-ca", roots, "deploy", Fixtures.function(function))
                }
                try await body(gateway, roots)
            }
        }

        @Test("curl and h2load are served over HTTP/2, and HTTP/1.1 stays")
        func clients() async throws {
            try await Self.with("env", "hello") { gateway, roots in
                let call = [
                    "-sS", "--cacert", roots, "-w", "\n%{http_version}", gateway.address + "/function/env",
                ]
                let second = try await Command.run("/usr/bin/curl", ["--http2"] + call)
                #expect(second.text.hasSuffix("\n2"), "\(second)")
                for line in ["SERVER_PROTOCOL=HTTP/2.0", "HTTPS=on", "REQUEST_METHOD=GET"] {
                    #expect(second.text.contains(line + "\n"), "\(second.text)")
                }
                let first = try await Command.run("/usr/bin/curl", ["--http1.1"] + call)
                #expect(first.text.hasSuffix("\n1.1"), "\(first)")
                let load = try await Command.run(
                    "/usr/bin/h2load",
                    ["-n", "200", "-c", "2", "-m", "10", gateway.address + "/function/hello"]
                )
                #expect(load.text.contains("200 succeeded, 0 failed"), "\(load.text)\(load.error)")
            }
        }

        @Test(
            "what a client sends that breaks the protocol or goes beyond limits harms no other client",
            arguments: [
                "heads", "many", "beyond", "resets", "window", "early", "aborted", "echoes", "floods",
                "preface",
                "garbage",
            ]
        )
        func hostile(name: String) async throws {
            try await Self.with("hello", "fail", "echo") { gateway, roots in
                let port = String(gateway.address.split(separator: ":").last ?? "")
                let result = try await Command.run("/usr/bin/python3", [Self.program, port, roots, name])
                #expect(result.code == 0 && result.text == "ok\n", "\(result.text)\(result.error)")
            }
        }

        @Test(
            "a client that resets its stream, or leaves, ends the function",
            arguments: ["cancels", "leaves"]
        )
        func cancels(name: String) async throws {
            try await Self.with("hello", "fail") { gateway, roots in
                let port = String(gateway.address.split(separator: ":").last ?? "")
                let result = try await Command.run(
                    "/usr/bin/python3",
                    [Self.program, port, roots, name]
                )
                #expect(result.code == 0 && result.text == "ok\n", "\(result.text)\(result.error)")
                let deadline = ContinuousClock.now + Patience.duration(.seconds(20))
                var list = ""
                while !list.contains("cancelled"), ContinuousClock.now < deadline {
                    list = try await gateway.require("--tls-ca", roots, "invocations", "fail", "-o", "json")
                }
                #expect(list.contains("\"cancelled\""), "\(list)")
            }
        }
    }
}
