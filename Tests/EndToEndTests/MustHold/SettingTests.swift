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

        @Test("the file's listen and data_dir are where the gateway listens and keeps what it has")
        func place() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("elsewhere").path
            try folder.write("listen: \"127.0.0.2:0\"\ndata_dir: \(data)\n", to: "config.yaml")
            let gateway = try await GatewayUnderTest(
                dataFolder: data,
                arguments: ["--config", folder.url.appendingPathComponent("config.yaml").path],
                namesPlace: false
            )
            #expect(gateway.address.hasPrefix("http://127.0.0.2:"))
            #expect(try await gateway.call("/healthz").status == 200)
            #expect(access(data + "/mayfly.sqlite", F_OK) == 0)
            await gateway.stop()
        }

        @Test("sandboxes_max is how many containers there are at once, whatever functions are called")
        func sandboxesMax() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let gateway = try await Self.gateway("sandboxes_max: 1\n", in: folder)
            for name in ["one", "two"] {
                let sleeper = try await Fixtures.shell("/bin/busybox sleep 1; echo done", name: name)
                defer { sleeper.remove() }
                try await gateway.require("deploy", sleeper.url.path)
            }
            let start = ContinuousClock.now
            async let one = gateway.call("/function/one")
            async let two = gateway.call("/function/two")
            let answers = try await [one, two]
            #expect(answers.map(\.text) == ["done\n", "done\n"])
            #expect(ContinuousClock.now - start >= .seconds(2), "they ran at the same time")
            await gateway.stop()
        }

        @Test("builds reach the networks of build_allow, and without it nothing of the host")
        func buildAllow() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            for (configuration, isAllowed) in [("{}\n", false), ("build_allow: [127.0.0.0/8]\n", true)] {
                let gateway = try await Self.gateway(configuration, in: folder)
                // What the gateway itself answers is as much of the host as anything else.
                let line = "FROM scratch\nADD \(gateway.address)/healthz /health\n"
                try folder.write(line, to: "build/Dockerfile")
                let context = folder.url.appendingPathComponent("build").path
                let built = try await gateway.faasctl("build", context, "-t", "x")
                #expect((built.code == 0) == isAllowed, "\(built.error)")
                await gateway.stop()
            }
        }

        @Test(
            "a connection holds the end up for the drain timeout, and no longer",
            arguments: [0.5, 4] as [Double]
        )
        func drainTimeout(seconds: Double) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let gateway = try await Self.gateway("drain_timeout: \(Int(seconds * 1000))ms\n", in: folder)
            let writer = try await Fixtures.shell(
                "exec /bin/busybox head -c 50000000 /dev/zero\n",
                name: "writer",
                configuration: "stream: true\ngrace: 100ms"
            )
            defer { writer.remove() }
            try await gateway.require("deploy", writer.url.path)
            let connection = try Self.ask(gateway, "/function/writer")
            defer { close(connection) }
            // The answer stays unread: the sockets fill, and part of it is still to be sent when the call is stopped.
            try await Task.sleep(for: Patience.duration(.seconds(1)))
            let start = ContinuousClock.now
            gateway.signal(SIGTERM)
            #expect(await gateway.ended() == 0, "\(gateway.logText)")
            let took = ContinuousClock.now - start
            #expect(took >= .seconds(seconds))
            // Without the key it would be 30 s.
            #expect(took < Patience.duration(.seconds(15)))
        }

        /// Sends a request and waits for the answer's first byte, which it leaves unread.
        ///
        /// - Returns: the connection, which the caller closes.
        private static func ask(_ gateway: GatewayUnderTest, _ path: String) throws -> Int32 {
            let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(URL(string: gateway.address)?.port ?? 0).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let sent = result == 0 ? send(connection, request, request.utf8.count, 0) : 0
            var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard sent == request.utf8.count, poll(&waiting, 1, 30_000) == 1 else {
                close(connection)
                throw HarnessError("no answer from \(gateway.address)\(path)")
            }
            return connection
        }
    }
}
