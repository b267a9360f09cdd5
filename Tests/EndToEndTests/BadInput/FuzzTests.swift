// SPDX-License-Identifier: Apache-2.0
// Broken bytes in HTTP/1.1, HTTP/2 frames and TLS records: the gateway survives them, and serves what follows.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct FuzzTests {
        private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Programs/fuzz").path
        /// Inputs of each kind; `MAYFLY_TEST_INPUTS` asks for more than a usual run has time for.
        private static let count =
            ProcessInfo.processInfo.environment["MAYFLY_TEST_INPUTS"].flatMap(Int.init) ?? 600
        /// Of the first input; each has the next number.
        private static let seed = 1
        /// Descriptors that a gateway may have more than before: of connections that linger, and of warm sandboxes.
        private static let descriptorsMax = 64

        @Test(
            "random and changed bytes end no gateway, and leave nothing of theirs",
            arguments: [["http1"], ["http2", "tls", "records"]]
        )
        func survives(kinds: [String]) async throws {
            let isSecure = kinds != ["http1"]
            try await GatewayUnderTest.with(arguments: isSecure ? ["--tls-self-signed"] : []) { gateway in
                let roots = isSecure ? ["--tls-ca", gateway.dataFolder + "/tls/self-signed.crt"] : []
                let deployed = try await gateway.faasctl(roots + ["deploy", Fixtures.function("hello")])
                #expect(deployed.code == 0, "\(deployed.error)")
                let before = try Self.descriptors(gateway)
                let port = String(gateway.address.split(separator: ":").last ?? "")
                for kind in kinds {
                    let words = [Self.program, port, kind, "\(Self.count)", "\(Self.seed)"]
                    let result = try await Command.run("/usr/bin/python3", words)
                    #expect(result.code == 0 && result.text == "ok\n", "\(result.text)\(result.error)")
                }
                let called = try await gateway.faasctl(roots + ["invoke", "hello"])
                #expect(called.code == 0 && called.text.contains("fresh container"), "\(called)")
                #expect(try Self.descriptors(gateway) <= before + Self.descriptorsMax)
                #expect(!gateway.logText.contains("Fatal error"), "\(gateway.logText)")
            }
        }

        private static func descriptors(_ gateway: GatewayUnderTest) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(gateway.processID)/fd").count
        }
    }
}
