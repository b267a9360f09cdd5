// SPDX-License-Identifier: Apache-2.0
// Servers as functions, under the `http` contract, through the whole gateway.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct HTTPContractTests {
        @Test("a server's image answers unchanged, each request from a container of its own")
        func site() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("site"))
                let page = try await gateway.call("/function/site/")
                #expect(page.status == 200)
                #expect(page.text.contains("Served by a server"))
                #expect(page.headers["content-type"] == "text/html")
                for _ in 0..<6 {
                    let fresh = try await gateway.call("/function/site/cgi-bin/fresh")
                    #expect(fresh.text == "1\n", "\(fresh.status)")
                }
                #expect(try await gateway.call("/function/site/none").status == 404)
                let head = try await gateway.call("/function/site/", method: "HEAD")
                #expect(head.status == 200 && head.body.isEmpty)
                let records = try await gateway.invocations("site", atLeast: 9)
                #expect(records.allSatisfy { $0.outcome == "ok" })
                #expect(records.map(\.status).filter { $0 == 404 }.count == 1)
            }
        }

        /// A server whose answers depend on the request's path: nc runs it for each connection.
        private static let handler = #"""
            read -r method path version
            [ -n "$path" ] || exit 0
            length=0
            while read -r name value; do
                name=$(echo "$name" | /bin/busybox tr -d '\r')
                [ -n "$name" ] || break
                [ "$name" = Content-Length: ] && length=$(echo "$value" | /bin/busybox tr -d '\r')
            done
            case "$path" in
            /up) printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' ;;
            /echo) printf 'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' "$length"
                /bin/busybox head -c "$length" ;;
            /events)
                printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
                for i in 1 2 3; do printf 'data: %d\n\n' "$i"; /bin/busybox sleep 0.2; done ;;
            /garbage) echo garbage; echo garbage >&2 ;;
            /short) printf 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf' ;;
            /cut) printf 'HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nhalf' ;;
            /silent) ;;
            /endless) printf 'HTTP/1.1 200 OK\r\n'; /bin/busybox yes 'X-A: b' ;;
            /large) printf 'HTTP/1.1 200 OK\r\n\r\n'; /bin/busybox yes | /bin/busybox head -c 3000000 ;;
            /count) count=$(($(/bin/busybox cat /tmp/count) + 1)); echo "$count" > /tmp/count
                printf 'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d' "${#count}" "$count" ;;
            /long) printf 'HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n'
                /bin/busybox head -c 300000 /dev/zero ;;
            /socket)
                printf 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'
                exec /bin/busybox cat ;;
            /sum) printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n'
                printf '2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n' ;;
            /hang) /bin/busybox sleep 100 ;;
            /dies) /bin/busybox kill -SEGV 1 ;;
            esac
            """#

        private static func with(
            _ configuration: String,
            _ body: (GatewayUnderTest) async throws -> Void
        ) async throws {
            let folder = try await Fixtures.shell(
                // Not PID 1: the kernel keeps signals from it that it does not handle.
                "trap 'exit 7' SEGV; /bin/busybox nc -ll -p 7000 -e /bin/busybox sh /handler & wait",
                name: "server",
                configuration: "contract: http\n\(configuration)"
            )
            defer { folder.remove() }
            try folder.write(handler, to: "handler")
            try folder.write(
                """
                FROM scratch
                COPY busybox /bin/busybox
                COPY run /run.sh
                COPY handler /handler
                CMD ["/bin/busybox", "sh", "/run.sh"]

                """,
                to: "Dockerfile"
            )
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                try await body(gateway)
            }
        }

        @Test("an http function is reached at its port, and ready when its ready_path answers")
        func port() async throws {
            try await Self.with("port: 7000\nready_path: /up") { gateway in
                let echoed = try await gateway.call(
                    "/function/server/echo",
                    method: "POST",
                    body: Data("hello".utf8)
                )
                #expect(echoed.status == 200)
                #expect(echoed.text == "hello")
            }
        }

        @Test(
            "a connection that changes to another protocol carries bytes both ways, and its end is recorded"
        )
        func upgrade() async throws {
            try await Self.with("port: 7000\ntimeout: 20s") { gateway in
                // A WebSocket frame of a client: text, masked. The server returns it as it is.
                let script = #"""
                    exec 3<>/dev/tcp/127.0.0.1/$1 || exit 1
                    printf 'GET /function/server%s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n' $2 >&3
                    while read -r line <&3; do line=${line%$'\r'}; [ -n "$line" ] || break; echo "$line"; done
                    [ "$2" = /socket ] || exit 0
                    for i in 1 2 3; do
                        printf '\x81\x82\x00\x00\x00\x00h%d' $i >&3
                        head -c 8 <&3 | od -An -tx1
                    done
                    head -c 1000000 /dev/zero >&3 & head -c 1000000 <&3 | cksum
                    """#
                let port = try #require(URL(string: gateway.address)?.port)
                func run(_ path: String) async throws -> String {
                    let result = try await Command.run(
                        "/bin/bash",
                        ["-c", script, "client", "\(port)", path]
                    )
                    return String(decoding: result.output, as: UTF8.self)
                }
                let text = try await run("/socket")
                #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\n"), "\(text)")
                #expect(text.lowercased().contains("\nupgrade: echo\n"))
                for number in 1...3 {
                    #expect(text.contains(" 81 82 00 00 00 00 68 3\(number)\n"), "\(text)")
                }
                let zeros = try await Command.run("/bin/bash", ["-c", "head -c 1000000 /dev/zero | cksum"])
                #expect(text.hasSuffix(String(decoding: zeros.output, as: UTF8.self)))
                let refused = try await run("/up")
                #expect(
                    refused.hasPrefix("HTTP/1.1 200 OK\n")
                        && refused.lowercased().contains("\nconnection: close\n")
                )
                let records = try await gateway.invocations("server", atLeast: 2)
                #expect(Set(records.map(\.status)) == [101, 200])
                #expect(records.allSatisfy { $0.outcome == "ok" }, "\(records)")
            }
        }

        @Test("a long answer keeps its length, and the fields behind an answer go to the client")
        func framing() async throws {
            try await Self.with("port: 7000") { gateway in
                func raw(_ path: String) async throws -> String {
                    let url = gateway.address + "/function/server" + path
                    let result = try await Command.run("/usr/bin/env", ["curl", "-sS", "-i", "--raw", url])
                    return String(decoding: result.output, as: UTF8.self).lowercased()
                }
                let long = try await raw("/long")
                #expect(long.contains("\r\ncontent-length: 300000\r\n"), "\(long.prefix(500))")
                #expect(!long.contains("\r\ntransfer-encoding:"))
                let sum = try await raw("/sum")
                #expect(sum.contains("\r\ntrailer: x-sum, x-exit-code, x-duration-seconds\r\n"), "\(sum)")
                #expect(sum.contains("\r\n0\r\nx-sum: 7\r\n"), "\(sum)")
                let url = gateway.address + "/function/server/cut"
                let cut = try await Command.run("/usr/bin/env", ["curl", "-sSf", "-o", "/dev/null", url])
                #expect(cut.code == 18 || cut.code == 22, "curl: the body is too short, or the answer a 502")
            }
        }

        @Test("with reuse one sandbox serves that many requests, and none after one that failed")
        func reuse() async throws {
            try await Self.with("port: 7000\nreuse: 4\nconcurrency: 1\ntimeout: 2s\ngrace: 100ms") {
                gateway in
                func count() async throws -> String {
                    try await gateway.call("/function/server/count").text
                }
                for number in 0..<10 { #expect(try await count() == "\(number % 4 + 1)") }
                // Two more would be 3 and 4; what fails starts anew.
                for path in ["garbage", "hang", "short", "dies"] {
                    let first = try await count()
                    #expect(try await gateway.call("/function/server/" + path).status >= 500)
                    #expect(try await count() == "1", "after \(path), which came after \(first)")
                }
                let records = try await gateway.invocations("server", atLeast: 22)
                #expect(records.filter { $0.outcome == "ok" }.count == 18)
            }
        }

        @Test("what is not an answer has a defined status and record, and the next request is served")
        func badServers() async throws {
            try await Self.with("port: 7000\ntimeout: 2s\ngrace: 100ms") { gateway in
                let statuses = [
                    "garbage": 502, "short": 502, "silent": 502, "endless": 502, "hang": 504, "dies": 500,
                ]
                for (path, status) in statuses {
                    let answer = try await gateway.call("/function/server/" + path)
                    #expect(answer.status == status, "\(path): \(answer.text)")
                    let next = try await gateway.call("/function/server/up")
                    #expect(next.status == 200, "after \(path)")
                }
                #expect(try await gateway.call("/function/server/large").body.count == 3_000_000)
                let log = try await gateway.require("logs", "server")
                #expect(log.contains("its answer is not HTTP/1.1"))
                #expect(log.contains("it closed the connection without an answer"))
                let failed = try await gateway.invocations("server", atLeast: 13).filter {
                    $0.outcome != "ok"
                }
                #expect(Set(failed.map(\.outcome)) == ["platform", "timeout", "exit"])
            }
        }

        @Test("a program that is started before its request answers it, each in a container of its own")
        func prestart() async throws {
            let folder = try await Fixtures.shell(
                "echo started >&2; echo one >> /tmp/calls; read -r name; echo \"$name $(/bin/busybox wc -l < /tmp/calls)\"",
                name: "waits",
                configuration: "prestart: true"
            )
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                for number in 1...5 {
                    let answer = try await gateway.call(
                        "/function/waits",
                        method: "POST",
                        body: Data("call\(number)\n".utf8)
                    )
                    #expect(answer.text == "call\(number) 1\n")
                    #expect(answer.headers["x-exit-code"] == "0")
                }
                #expect(try await gateway.require("logs", "waits").contains("started"))
            }
        }

        @Test("a server that never listens, and one that exits, are 502 with what they wrote in the log")
        func neverReady() async throws {
            let folder = try await Fixtures.shell(
                "echo no such port >&2; exit 3",
                name: "dead",
                configuration: "contract: http"
            )
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                #expect(try await gateway.call("/function/dead").status == 502)
                let log = try await gateway.require("logs", "dead")
                #expect(log.contains("ended before it was ready") && log.contains("no such port"), "\(log)")
            }
        }
    }
}
