// SPDX-License-Identifier: Apache-2.0
// Programs that know nothing of Mayfly, from a distribution's packages: git's server, Flask and Node.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct StockServerTests {
        /// Calls of each server; `MAYFLY_TEST_CALLS` asks for more than a usual run has time for.
        private static let calls =
            ProcessInfo.processInfo.environment["MAYFLY_TEST_CALLS"].flatMap(Int.init) ?? 40

        @Test(
            "git clones and pushes through its own http-backend; Flask and Node start afresh, websockets echo"
        )
        func servers() async throws {
            try await DebianBase.with(tag: "debian:bookworm-slim") { gateway in
                try await cloneAndPush(gateway)
                try await callFlask(gateway)
                try await callNode(gateway)
                try await talkOverWebSocket(gateway)
            }
        }

        private func cloneAndPush(_ gateway: GatewayUnderTest) async throws {
            try await gateway.require("deploy", Fixtures.function("git"))
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let clone = folder.url.appendingPathComponent("clone").path
            let origin = gateway.address + "/function/git/hello.git"
            try await Command.require("git", "clone", "--quiet", origin, clone)
            let hello = try String(contentsOfFile: clone + "/hello.txt", encoding: .utf8)
            #expect(hello == "Hello from a repository\n")
            // Larger than git's own buffer of 1 MiB: such a push has no Content-Length.
            try await Command.require(
                "dd",
                "if=/dev/urandom",
                "of=\(clone)/large",
                "bs=1M",
                "count=3",
                "status=none"
            )
            let git = ["git", "-C", clone, "-c", "user.name=Test", "-c", "user.email=test@example.org"]
            for arguments in [["add", "."], ["commit", "--quiet", "-m", "Add large"]] {
                #expect(try await Command.run("/usr/bin/env", git + arguments).code == 0)
            }
            let push = try await Command.run("/usr/bin/env", git + ["push", "--porcelain", "origin", "main"])
            #expect(push.code == 0 && push.text.contains("refs/heads/main:refs/heads/main"), "\(push)")
            // The push's container is gone, and what it wrote with it.
            let before = try await Command.require("git", "-C", clone, "rev-parse", "HEAD~1")
            let after = try await Command.require("git", "ls-remote", origin, "refs/heads/main")
            #expect(after.hasPrefix(before.trimmingCharacters(in: .newlines)))
            #expect(try await gateway.call("/function/git/none.git/info/refs").status == 404)
        }

        /// Each call sees a process of its own: its counter is always 1.
        private func callFlask(_ gateway: GatewayUnderTest) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write(
                """
                import itertools
                from flask import Flask, request
                app = Flask("counter")
                counter = itertools.count(1)

                @app.route("/count/<name>", methods=["GET", "POST"])
                def count(name):
                    return {"count": next(counter), "name": name, "body": len(request.data)}

                app.run(host="127.0.0.1", port=5000)

                """,
                to: "server.py"
            )
            try folder.write(
                "FROM debian:bookworm-slim\nCOPY server.py /\nCMD [\"python3\", \"/server.py\"]\n",
                to: "Dockerfile"
            )
            let settings = "limits: {memory: 256Mi}\nqueue: {length: 64, wait: 60s}\n"
            try folder.write(
                "name: flask\nbuild: .\ncontract: http\nport: 5000\n\(settings)",
                to: "function.yaml"
            )
            try await gateway.require("deploy", folder.url.path)
            let posted = try await gateway.call(
                "/function/flask/count/post",
                method: "POST",
                body: Data(count: 100_000),
                headers: ["Content-Type": "application/octet-stream"]
            )
            #expect(posted.text == #"{"body":100000,"count":1,"name":"post"}"# + "\n", "\(posted.status)")
            let answers = try await gateway.calls(Self.calls, atOnce: 8, "/function/flask/count/get")
            #expect(answers.count == Self.calls)
            let first = #"{"body":0,"count":1,"name":"get"}"# + "\n"
            #expect(answers.allSatisfy { $0.status == 200 && $0.text == first })
            #expect(try await gateway.call("/function/flask/none").status == 404)
        }

        private func callNode(_ gateway: GatewayUnderTest) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write(
                """
                let count = 0
                require("http").createServer((request, response) => {
                    count += 1
                    response.setHeader("Content-Type", "application/json")
                    response.end(JSON.stringify({count, url: request.url}))
                }).listen(3000, "127.0.0.1")

                """,
                to: "server.js"
            )
            try folder.write(
                "FROM debian:bookworm-slim\nCOPY server.js /\nCMD [\"node\", \"/server.js\"]\n",
                to: "Dockerfile"
            )
            let settings = "limits: {memory: 256Mi}\nqueue: {length: 64, wait: 60s}\n"
            try folder.write(
                "name: node\nbuild: .\ncontract: http\nport: 3000\n\(settings)",
                to: "function.yaml"
            )
            try await gateway.require("deploy", folder.url.path)
            let answers = try await gateway.calls(Self.calls, atOnce: 8, "/function/node/a?b=c")
            #expect(answers.count == Self.calls)
            #expect(answers.allSatisfy { $0.status == 200 && $0.text == #"{"count":1,"url":"/a?b=c"}"# })
        }

        /// A server and a client of one library; the gateway joins their connections.
        private func talkOverWebSocket(_ gateway: GatewayUnderTest) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write(
                """
                import asyncio, websockets

                async def echo(socket):
                    async for message in socket:
                        await socket.send(message)

                async def main():
                    async with websockets.serve(echo, "127.0.0.1", 8765, max_size=2**21):
                        await asyncio.Future()

                asyncio.run(main())

                """,
                to: "server.py"
            )
            try folder.write(
                """
                import asyncio, sys, websockets

                async def main():
                    async with websockets.connect(sys.argv[1], max_size=2**21, open_timeout=30) as socket:
                        for message in ["a", "\\u00e4" * 1000, bytes(70_000), b"x" * 2**20]:
                            await socket.send(message)
                            assert await socket.recv() == message
                        await asyncio.wait_for(await socket.ping(), 10)
                    assert socket.close_code == 1000, socket.close_code
                    print("echoed")

                asyncio.run(main())

                """,
                to: "client.py"
            )
            try folder.write(
                "FROM debian:bookworm-slim\nCOPY server.py /\nCMD [\"python3\", \"/server.py\"]\n",
                to: "Dockerfile"
            )
            try folder.write(
                "name: echo-socket\nbuild: .\ncontract: http\nport: 8765\nlimits: {memory: 256Mi}\n",
                to: "function.yaml"
            )
            try await gateway.require("deploy", folder.url.path)
            let address = gateway.address.replacing("http://", with: "ws://") + "/function/echo-socket/"
            let client = folder.url.appendingPathComponent("client.py").path
            // Debian's own, for which its packages install modules.
            let talked = try await Command.run("/usr/bin/python3", [client, address])
            #expect(talked.code == 0 && talked.text == "echoed\n", "\(talked)")
        }
    }
}
