// SPDX-License-Identifier: Apache-2.0
// Settings of the configuration file whose effect only a whole gateway shows.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct SettingTests {
        private static func gateway(_ configuration: String, in folder: TemporaryFolder) async throws
            -> GatewayUnderTest
        {
            try folder.write(configuration, to: "config.yaml")
            return try await GatewayUnderTest(
                dataFolder: folder.url.appendingPathComponent("data").path,
                arguments: ["--config", folder.url.appendingPathComponent("config.yaml").path]
            )
        }

        @Test("the levels of the configuration decide what the log has")
        func levels() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let talkative = try await Self.gateway("access_log_level: info\n", in: folder)
            try await talkative.require("deploy", Fixtures.function("echo"))
            _ = try await talkative.call("/function/echo")
            await talkative.stop()
            #expect(talkative.logText.contains(" info "), "\(talkative.logText)")
            #expect(talkative.logText.contains("function=echo"), "\(talkative.logText)")
            let silent = try await Self.gateway("log_level: error\naccess_log_level: info\n", in: folder)
            _ = try await silent.call("/function/echo")
            await silent.stop()
            #expect(!silent.logText.contains(" info "), "\(silent.logText)")
        }

        @Test("an open connection holds the end up for the drain timeout at most")
        func drainTimeout() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let gateway = try await Self.gateway("drain_timeout: 500ms\n", in: folder)
            let folderOfSlow = try await Fixtures.shell(
                "echo begun; /bin/busybox sleep 600\n",
                name: "slow",
                configuration: "stream: true\ntimeout: 20m\ngrace: 100ms"
            )
            defer { folderOfSlow.remove() }
            try await gateway.require("deploy", folderOfSlow.url.path)
            // The body is never read completely: the connection stays open until the gateway gives it up.
            let call = Task { try await gateway.call("/function/slow") }
            _ = try await gateway.faasctl("logs", "slow")
            gateway.signal(SIGTERM)
            #expect(await gateway.ended() == 0, "\(gateway.logText)")
            call.cancel()
            _ = await call.result
        }
    }
}
