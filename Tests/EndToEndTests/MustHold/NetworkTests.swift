// SPDX-License-Identifier: Apache-2.0
// Networks: containers reach each other by name at every port, as people type it for Docker, and nothing else.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct NetworkTests {
        /// A server at a port that no image exposes.
        static let server =
            "mkdir -p /www; echo $HOSTNAME > /www/index.html; exec httpd -f -p 5000 -h /www"

        /// Asks until the answer comes: a server may not listen yet.
        ///
        /// getent resolves names as programs do that share the C library; the static busybox cannot.
        static func fetch(_ place: String) -> String {
            let slash = place.firstIndex(of: "/") ?? place.endIndex
            let parts = place[..<slash].split(separator: ":")
            let get = #"printf 'GET \#(slash == place.endIndex ? "/" : place[slash...]) HTTP/1.0\r\n\r\n'"#
            return """
                for i in 1 2 3 4 5 6 7 8 9 10; do set -- $(getent hosts \(parts[0]))
                test -n "$1" && \(get) | nc $1 \(parts[1]) | tr -d '\\r' | sed '1,/^$/d' | grep . && break; sleep 0.2; done
                """
        }

        /// A gateway with the image `box` of ContainerScene, with getent in it.
        static func with(_ body: (GatewayUnderTest) async throws -> Void) async throws {
            try await ContainerScene.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let script =
                    "mkdir $1/root && cp --parents -L /usr/bin/getent $(ldd /usr/bin/getent | grep -o '/[^ ]*') $1/root"
                let copied = try await Command.run("/bin/sh", ["-c", script, "sh", folder.url.path])
                #expect(copied.code == 0, "\(copied)")
                // Its servers have no handler: as PID 1 they would wait for the end of their grace.
                try folder.write("FROM box\nCOPY root/ /\nSTOPSIGNAL SIGKILL\n", to: "Dockerfile")
                try await gateway.require("build", folder.url.path, "-t", "box")
                try await body(gateway)
            }
        }

        @Test("members find each other by name, alias and short id, also those that start later or come back")
        func names() async throws {
            try await Self.with { gateway in
                let id = try await gateway.requireLine("network create shop")
                #expect(id.count == 65)
                try await gateway.requireLine(
                    "run -d --name first --network shop box sh -c",
                    "exec sleep 1000"
                )
                let second = try await gateway.requireLine(
                    "run -d --name second --hostname two --network shop --network-alias web box sh -c",
                    Self.server
                )
                for name in ["second", "web", String(second.prefix(12))] {
                    let text = try await gateway.requireLine("exec first sh -c", Self.fetch("\(name):5000"))
                    #expect(text == "two\n")
                }
                // The other way round, and the address that the server sees.
                let peer =
                    "(echo hi; sleep 0.2) | nc -l -p 6000 & sleep 0.3; netstat -tn | grep :6000 || true; wait"
                async let listening = gateway.requireLine("exec first sh -c", peer)
                try await Task.sleep(for: .milliseconds(100))
                let hi = try await gateway.requireLine(
                    "exec second sh -c",
                    "set -- $(getent hosts first); nc $1 6000 </dev/null"
                )
                #expect(hi == "hi\n")
                _ = try await listening
                try await gateway.requireLine("stop -t 0 second")
                #expect(try await gateway.line("exec first getent hosts web").code != 0)
                #expect(try await !gateway.requireLine("exec first cat /etc/hosts").contains("web"))
                try await gateway.requireLine("start second")
                #expect(
                    try await gateway.requireLine("exec first sh -c", Self.fetch("web:5000")) == "two\n"
                )
                try await gateway.requireLine("rename second third")
                #expect(
                    try await gateway.requireLine("exec first sh -c", Self.fetch("third:5000")) == "two\n"
                )
                #expect(try await gateway.requireLine("exec first hostname -i").hasPrefix("172.30.0.2"))
            }
        }

        @Test(
            "a network in use stays, and outlives a restart of the gateway; ls, inspect, rm and prune are Docker's"
        )
        func life() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await ContainerScene.build(on: first)
            let id = try await first.requireLine("network create --label a=b shop")
            let twice = try await first.line("network create shop")
            #expect(twice.code == 1 && twice.error.contains("already exists"))
            #expect(try await first.line("network create host").code == 1)
            try await first.requireLine("run -d --name one --network shop box")
            let used = try await first.line("network rm shop")
            #expect(used.code == 1 && used.error.contains("in use by container one"), "\(used)")
            let missing = try await first.line("run --network nowhere box true")
            #expect(missing.code == 125 && missing.error.contains("network nowhere not found"), "\(missing)")
            let host = try await first.line("run --network host box true")
            #expect(host.error.contains("no container is in the host's network"), "\(host)")
            await first.stop()
            let gateway = try await GatewayUnderTest(dataFolder: data)
            try await self.looks(gateway, id.trimmingCharacters(in: .newlines))
            await gateway.stop()
        }

        private func looks(_ gateway: GatewayUnderTest, _ id: String) async throws {
            let table = try await gateway.requireLine("network ls")
            let lines = table.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
            #expect(lines.first?.joined(separator: " ") == "NETWORK ID NAME DRIVER SCOPE")
            #expect(lines.last?.map(String.init) == [String(id.prefix(12)), "shop", "links", "local"])
            let member = try await gateway.faasctl(
                "network",
                "inspect",
                "-f",
                "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}} {{.Labels.a}}",
                "shop"
            )
            #expect(member.text == "one 172.30.0.2/24 b\n", "\(member)")
            let inside = try await gateway.faasctl(
                "inspect",
                "-f",
                "{{.NetworkSettings.Networks.shop.IPAddress}}",
                "one"
            )
            #expect(inside.text == "172.30.0.2\n", "\(inside)")
            #expect(
                try await gateway.requireLine("ps -a --filter network=shop --format {{.Networks}}")
                    == "shop\n"
            )
            #expect(try await gateway.requireLine("ps -aq --filter network=other") == "")
            try await gateway.requireLine("rm -f one")
            try await gateway.requireLine("network create empty")
            #expect(try await gateway.requireLine("network prune -f") == "Deleted Networks:\nempty\nshop\n")
            let gone = try await gateway.line("network rm shop")
            #expect(gone.code == 1 && gone.error.contains("network shop not found"), "\(gone)")
        }

        @Test(
            "a member reaches no other network, no loopback of the host, not the gateway, and no port that is closed"
        )
        func isolation() async throws {
            try await Self.with { gateway in
                try await gateway.requireLine("network create red")
                try await gateway.requireLine("network create blue")
                try await gateway.requireLine("run -d --name server --network blue box sh -c", Self.server)
                try await gateway.requireLine("run -d --name near --network blue box")
                try await gateway.requireLine("run -d --name far --network red box")
                #expect(
                    try await gateway.requireLine("exec near sh -c", Self.fetch("server:5000")).count == 13
                )
                let hosts = try await gateway.requireLine("exec far cat /etc/hosts")
                let port = gateway.address.split(separator: ":").last ?? ""
                #expect(!hosts.contains("server") && !hosts.contains("172.30.1."))
                for place in [
                    "172.30.1.2:5000", "172.30.1.3:5000", "172.30.0.9:5000", "127.0.0.1:\(port)",
                    "172.30.0.1:\(port)", "172.30.255.1:80", "10.0.0.1:80", "127.0.0.1:1",
                ] {
                    let started = ContinuousClock.now
                    let result = try await gateway.line(
                        "exec far sh -c",
                        "nc \(place.replacing(":", with: " ")) </dev/null"
                    )
                    #expect(result.text.isEmpty, "\(place)")
                    #expect(ContinuousClock.now - started < .seconds(4), "\(place)")
                }
                let closed = try await gateway.line("exec near sh -c", "nc 172.30.1.2 5001 </dev/null")
                #expect(closed.text.isEmpty, "\(closed)")
            }
        }

        /// Keeps as many connections as it can have, and opens one anew that is closed.
        private static let floodProgram = """
            #include <arpa/inet.h>
            #include <errno.h>
            #include <sys/resource.h>
            #include <sys/socket.h>
            #include <unistd.h>
            static int is_open(int end) {
                char byte;
                return end > 0 && (recv(end, &byte, 1, MSG_DONTWAIT) > 0 || errno == EAGAIN);
            }
            int main(int count, char **words) {
                struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(5000)};
                static int ends[4000];
                setrlimit(RLIMIT_NOFILE, &(struct rlimit){4096, 4096});
                inet_pton(AF_INET, words[1], &place.sin_addr);
                for (;; usleep(20000))
                    for (int i = 0; i < 4000; i++) {
                        if (is_open(ends[i])) continue;
                        if (ends[i] > 0) close(ends[i]);
                        ends[i] = socket(AF_INET, SOCK_STREAM, 0);
                        if (connect(ends[i], (void *)&place, sizeof place) < 0) usleep(1000);
                    }
            }

            """

        @Test(
            "a member that opens thousands of connections is bounded, and the others reach each other meanwhile"
        )
        func flood() async throws {
            try await Self.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(Self.floodProgram, to: "flood.c")
                let path = folder.url.appendingPathComponent("flood").path
                let compiled = try await Command.run("/usr/bin/cc", ["-static", "-o", path, path + ".c"])
                #expect(compiled.code == 0, "\(compiled)")
                try await gateway.requireLine("network create shop")
                try await gateway.requireLine("run -d --name server --network shop box sh -c", Self.server)
                try await gateway.requireLine("run -d --name calm --network shop box")
                try await gateway.requireLine(
                    "run -d --name wild --network shop -v \(path):/flood:ro box /flood 172.30.0.2"
                )
                func descriptors() throws -> Int {
                    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(gateway.processID)/fd").count
                }
                for _ in 0..<400 {
                    if try descriptors() >= 600 { break }
                    try await Task.sleep(for: .milliseconds(25))
                }
                for _ in 0..<5 {
                    let text = try await gateway.requireLine("exec calm sh -c", Self.fetch("server:5000"))
                    #expect(text.count == 13)
                }
                let count = try descriptors()
                #expect((600..<512 * 2 + 400).contains(count), "\(count)")
            }
        }

        /// A server that counts, one that asks, one in another network, and one in none.
        private static let project = """
            services:
              web:
                image: box
                command: [sh, -c, "\(Self.server.replacing("$", with: "$$"))"]
                networks: [front, back]
              counter:
                image: box
                container_name: counting
                command:
                  - sh
                  - -c
                  - "mkdir -p /w/cgi-bin; cp /tmp/count /w/cgi-bin/count; exec httpd -f -p 7000 -h /w"
                networks: {back: {aliases: [store]}}
                volumes: ["./count:/tmp/count:ro"]
              alone:
                image: box
                command: [sh, -c, "exec sleep 1000"]
                networks: [front]
              off:
                image: box
                command: [sh, -c, "exec sleep 1000"]
                network_mode: none
            networks:
              front: {internal: true}
              back: {internal: true}
            """

        /// A CGI program whose file lives as long as the layer of its container.
        private static let count = """
            #!/bin/sh
            n=$(($(cat /tmp/n 2>/dev/null || echo 0) + 1)); echo $n > /tmp/n
            echo; echo hits $n

            """

        @Test("a compose project's services count hits of each other by name, in whatever order they start")
        func compose() async throws {
            try await Self.with { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(Self.project, to: "compose.yaml")
                try folder.write(Self.count, to: "count")
                _ = try await Command.run(
                    "/bin/chmod",
                    ["+x", folder.url.appendingPathComponent("count").path]
                )
                let words = [
                    "compose", "-p", "shop", "-f", folder.url.appendingPathComponent("compose.yaml").path,
                ]
                let up = try await gateway.faasctl(words + ["up", "-d"])
                #expect(up.code == 0, "\(up.error)")
                #expect(try await gateway.requireLine("network ls -q").split(separator: "\n").count == 2)
                for (number, name) in ["counter", "counting", "store"].enumerated() {
                    let text = try await gateway.requireLine(
                        "exec shop-web-1 sh -c",
                        Self.fetch("\(name):7000/cgi-bin/count")
                    )
                    #expect(text == "hits \(number + 1)\n")
                }
                #expect(
                    try await gateway.requireLine("exec shop-alone-1 sh -c", Self.fetch("web:5000")).count
                        == 13
                )
                let alone = try await gateway.requireLine("exec shop-alone-1 cat /etc/hosts")
                #expect(!alone.contains("counter"))
                #expect(try await !gateway.requireLine("exec shop-off-1 cat /etc/hosts").contains("web"))
                let restarted = try await gateway.faasctl(words + ["restart", "-t", "0", "counter"])
                #expect(restarted.code == 0, "\(restarted.error)")
                let again = try await gateway.requireLine(
                    "exec shop-web-1 sh -c",
                    Self.fetch("counter:7000/cgi-bin/count")
                )
                #expect(again == "hits 4\n")
                let down = try await gateway.faasctl(words + ["down"])
                #expect(down.code == 0, "\(down.error)")
                #expect(try await gateway.requireLine("network ls -q") == "")
            }
        }

        @Test(
            "a function reaches the containers that it uses by name, and nothing else; without one a call gets 503"
        )
        func uses() async throws {
            try await Self.with { gateway in
                try await gateway.requireLine("network create shop")
                try await gateway.requireLine("run -d --name plain --hostname one box sh -c", Self.server)
                let member = "run -d --name member --hostname two --network shop box sh -c"
                try await gateway.requireLine(member, Self.server)
                try await gateway.requireLine("run -d --name other --network shop box sh -c", Self.server)
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let script = """
                    get() { test -n "$1" && printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc $1 5000 | sed '1,/^.$/d'; }
                    name() { get $(getent hosts $1 | cut -d" " -f1); }
                    name store; name member; name other || echo no other
                    get 172.30.0.3 | grep . || echo no address

                    """
                try folder.write(script, to: "run.sh")
                let file = "FROM box\nCOPY run.sh /run.sh\nCMD [\"sh\", \"/run.sh\"]\n"
                try folder.write(file, to: "Dockerfile")
                let uses = "name: reader\nbuild: .\nuses: [\"plain:store\", member]\n"
                try folder.write(uses, to: "function.yaml")
                let unknown = try await gateway.faasctl("deploy", folder.url.path, "--uses", "nowhere")
                #expect(unknown.code == 1 && unknown.error.contains("'nowhere'"), "\(unknown)")
                try await gateway.require("deploy", folder.url.path)
                for _ in 0..<20 {
                    let answer = try await gateway.call("/function/reader")
                    #expect(
                        answer.status == 200 && answer.text == "one\ntwo\nno other\nno address\n",
                        "\(answer)"
                    )
                }
                try await gateway.requireLine("stop -t 0 plain")
                let down = try await gateway.call("/function/reader")
                #expect(down.status == 503 && down.text.contains("'plain'"), "\(down)")
                try await gateway.requireLine("start plain")
                var text = ""
                for _ in 0..<50 where !text.hasPrefix("one\ntwo\n") {
                    text = try await gateway.call("/function/reader").text
                }
                #expect(text.hasPrefix("one\ntwo\n"), "\(text)")
            }
        }
    }
}
