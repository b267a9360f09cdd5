// SPDX-License-Identifier: Apache-2.0
// Published ports: TCP and UDP from the host to servers in containers, as people type them for Docker.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct PortTests {
        /// Answers each datagram with its bytes in capitals.
        private static let datagramServer = """
            #include <ctype.h>
            #include <netinet/in.h>
            #include <sys/socket.h>
            int main(void) {
                struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(7001)}, peer;
                int end = socket(AF_INET, SOCK_DGRAM, 0);
                if (bind(end, (struct sockaddr *)&own, sizeof own) < 0) return 1;
                for (char bytes[2048];;) {
                    socklen_t size = sizeof peer;
                    long count = recvfrom(end, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &size);
                    for (long i = 0; i < count; i++) bytes[i] = toupper(bytes[i]);
                    if (count >= 0) sendto(end, bytes, count, 0, (struct sockaddr *)&peer, size);
                }
            }
            """

        /// A gateway with the image `server`: busybox, which serves its folder /www at port 7000, and the server above.
        private func with(_ body: (GatewayUnderTest) async throws -> Void) async throws {
            try await GatewayUnderTest.with { gateway in
                try await Self.build(on: gateway)
                try await body(gateway)
            }
        }

        private static func build(on gateway: GatewayUnderTest) async throws {
            let folder = try await Fixtures.shell("", name: "server")
            defer { folder.remove() }
            try folder.write(datagramServer, to: "server.c")
            let path = { (name: String) in folder.url.appendingPathComponent(name).path }
            let compiled = try await Command.run(
                "/usr/bin/cc",
                ["-static", "-o", path("udp"), path("server.c")]
            )
            guard compiled.code == 0 else { throw HarnessError("\(compiled)") }
            try folder.write(
                """
                FROM scratch
                COPY busybox /bin/busybox
                COPY udp /bin/udp
                RUN ["/bin/busybox", "--install", "-s", "/bin"]
                RUN mkdir /www && echo hello > /www/index.html && head -c 20000000 /dev/urandom > /www/large
                EXPOSE 7000 7001/udp
                STOPSIGNAL SIGKILL
                CMD ["sh", "-c", "udp & exec httpd -f -p 7000 -h /www"]

                """,
                to: "Dockerfile"
            )
            try await gateway.require("build", folder.url.path, "-t", "server")
        }

        private static func curl(_ place: String, _ path: String = "") async throws -> CommandResult {
            try await Command.run("/usr/bin/curl", ["-s", "-m", "20", "http://\(place)/\(path)"])
        }

        /// What a server answers that may not listen yet.
        private static func answer(_ place: String) async throws -> String {
            for _ in 0..<200 {
                let result = try await curl(place)
                if result.code == 0 { return result.text }
                try await Task.sleep(for: .milliseconds(25))
            }
            throw HarnessError("nothing answers at \(place)")
        }

        private static func place(_ gateway: GatewayUnderTest, _ name: String, _ port: String) async throws
            -> String
        {
            let lines = try await gateway.require("port", name, port).split(separator: "\n")
            return String(try #require(lines.first)).replacing("0.0.0.0", with: "127.0.0.1")
        }

        @Test("connections to one container leave descriptors for those to others and for calls of functions")
        func gatewayBound() async throws {
            // Of 512 descriptors a quarter are places for connections; the ports of one container get half of these.
            let few = ["bash", "-c", "ulimit -n 512; exec \"$@\"", "bash"]
            try await GatewayUnderTest.with(wrapper: few) { gateway in
                try await Self.build(on: gateway)
                for name in ["wild", "calm"] {
                    try await gateway.requireLine("run -d --name \(name) -p 127.0.0.1::7000 server")
                }
                let wild = try await Self.place(gateway, "wild", "7000")
                #expect(try await Self.answer(wild) == "hello\n")
                let port = try #require(wild.split(separator: ":").last.flatMap { UInt16($0) })
                let ends = (0..<300).map { _ in Self.connection(port) }
                defer { for end in ends { close(end) } }
                func openCount() -> Int { ends.count { Self.isOpen($0) } }
                for _ in 0..<400 where openCount() > 64 { try await Task.sleep(for: .milliseconds(25)) }
                #expect(openCount() == 64)
                let calm = try await Self.place(gateway, "calm", "7000")
                for _ in 0..<5 { #expect(try await Self.curl(calm).text == "hello\n") }
                try await gateway.require("deploy", Fixtures.function("hello"))
                #expect(try await gateway.call("/hello").status == 200)
            }
        }

        private static func connection(_ port: UInt16) -> Int32 {
            let end = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            place.sin_port = port.bigEndian
            _ = withUnsafePointer(to: place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(end, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return end
        }

        /// Whether nothing, and not its end either, came by a connection.
        private static func isOpen(_ end: Int32) -> Bool {
            var byte: UInt8 = 0
            return recv(end, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == -1 && errno == EAGAIN
        }

        @Test(
            "TCP: curl gets every byte, ps, port and inspect show it, one in use is refused, stop closes it"
        )
        func streams() async throws {
            try await with { gateway in
                try await gateway.requireLine("run -d --name web -p 127.0.0.1::7000 server")
                let place = try await Self.place(gateway, "web", "7000")
                #expect(try await Self.answer(place) == "hello\n")
                let inside = try await gateway.require("exec", "web", "md5sum", "/www/large").prefix(32)
                let sum = try await Command.run(
                    "/bin/bash",
                    ["-c", "curl -s http://\(place)/large | md5sum | cut -c1-32"]
                )
                #expect(sum.text == inside + "\n")
                #expect(try await gateway.require("port", "web") == "7000/tcp -> \(place)\n")
                // What is exposed and not published comes first, as with Docker.
                let ports = try await gateway.require("ps", "--format", "{{.Ports}}")
                #expect(ports == "7001/udp, \(place)->7000/tcp\n")
                let form = "{{(index (index .NetworkSettings.Ports \"7000/tcp\") 0).HostPort}}"
                let number = try await gateway.require("inspect", "-f", form, "web")
                #expect(place == "127.0.0.1:" + number.dropLast())
                let taken = try await gateway.faasctl("run", "--name", "two", "-p", "\(place):7000", "server")
                #expect(taken.code == 125 && taken.error.contains("in use already"), "\(taken)")
                #expect(try await gateway.require("ps", "-q").split(separator: "\n").count == 1)
                let other = try await gateway.faasctl("port", "web", "81")
                #expect(other.code == 1 && other.error.contains("No public port '81/tcp'"), "\(other)")
                #expect(try await gateway.faasctl("run", "-p", "1-2:1-2", "server").code == 64)
                try await gateway.require("stop", "-t", "0", "web")
                #expect(try await Self.curl(place).code == 7)
                #expect(try await gateway.require("port", "web") == "")
                try await gateway.require("start", "web")
                #expect(try await Self.answer(try await Self.place(gateway, "web", "7000")) == "hello\n")
            }
        }

        @Test(
            "UDP and -P: each exposed port at a free one of the host, and answers come back to their sender"
        )
        func datagrams() async throws {
            try await with { gateway in
                try await gateway.requireLine("run -d --name web -P server")
                let listed = try await gateway.require("port", "web")
                #expect(
                    listed.contains("7000/tcp -> 0.0.0.0:") && listed.contains("7001/udp -> 0.0.0.0:"),
                    "\(listed)"
                )
                #expect(try await Self.answer(try await Self.place(gateway, "web", "7000")) == "hello\n")
                let number = try await Self.place(gateway, "web", "7001/udp").dropFirst("127.0.0.1:".count)
                for word in ["one", "two", "three"] {
                    let script = """
                        exec 3<>/dev/udp/127.0.0.1/\(number)
                        for n in $(seq 50); do echo \(word) >&3; timeout 0.5 head -n1 <&3 | grep . && break; done
                        """
                    #expect(
                        try await Command.run("/bin/bash", ["-c", script]).text == word.uppercased() + "\n"
                    )
                }
            }
        }

        @Test("a connection to a paused container waits until it goes on")
        func paused() async throws {
            try await with { gateway in
                try await gateway.requireLine("run -d --name web -p 127.0.0.1::7000 server")
                let place = try await Self.place(gateway, "web", "7000")
                #expect(try await Self.answer(place) == "hello\n")
                try await gateway.require("pause", "web")
                let waiting = Task { try await Self.curl(place) }
                try await Task.sleep(for: .seconds(12))
                try await gateway.require("unpause", "web")
                let result = try await waiting.value
                #expect(result.code == 0 && result.text == "hello\n", "\(result)")
                #expect(try await gateway.require("inspect", "-f", "{{.State.Status}}", "web") == "running\n")
            }
        }

        @Test("after kill -9 of the gateway its next one starts a container again, with its port")
        func killed() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await Self.build(on: first)
            try await first.requireLine("run -d --name free -p 127.0.0.1::7000 server")
            // A number that was free a moment ago.
            let place = try await Self.place(first, "free", "7000")
            try await first.require("rm", "-f", "free")
            try await first.requireLine("run -d --name web --restart always -p \(place):7000 server")
            #expect(try await Self.answer(place) == "hello\n")
            first.signal(SIGKILL)
            _ = await first.ended()
            #expect(try await Self.curl(place).code != 0)
            let second = try await GatewayUnderTest(dataFolder: data)
            #expect(try await Self.answer(place) == "hello\n")
            #expect(try await second.require("port", "web", "7000") == place + "\n")
            await second.stop()
        }

        @Test("a container that publishes what has become the gateway's port does not keep it from starting")
        func ownPort() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await Self.build(on: first)
            try await first.requireLine("run -d --name web --restart always -p 127.0.0.1::7000 server")
            let place = try await Self.place(first, "web", "7000")
            try await first.require("rm", "-f", "web")
            try await first.requireLine("run -d --name web --restart always -p \(place):7000 server")
            await first.stop()
            let arguments = ["--listen", place, "--data-dir", data]
            let second = try await GatewayUnderTest(
                dataFolder: data,
                arguments: arguments,
                namesPlace: false
            )
            let error = try await Self.reason(second, "web")
            #expect(error.contains("port \(place)/tcp of the gateway's host is in use already"), "\(error)")
            await second.stop()
        }

        /// Why a container has not been started, once it was tried.
        private static func reason(_ gateway: GatewayUnderTest, _ name: String) async throws -> String {
            for _ in 0..<200 {
                let text = try await gateway.require("inspect", "-f", "{{.State.Error}}", name)
                if text != "\n" { return text }
                try await Task.sleep(for: .milliseconds(25))
            }
            return ""
        }
    }
}
