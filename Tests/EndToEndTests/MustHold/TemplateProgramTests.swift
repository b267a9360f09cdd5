// SPDX-License-Identifier: Apache-2.0
// Programs of a distribution, unchanged, whose sandboxes are copies of one started process.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct TemplateProgramTests {
        /// A function on the Debian base.
        private struct Program {
            var name: String
            var file: String
            var source: String
            var command: String
            var configuration: String
        }

        /// Calls of each program; `MAYFLY_TEST_CALLS` asks for more than a usual run has time for.
        private static let calls =
            ProcessInfo.processInfo.environment["MAYFLY_TEST_CALLS"].flatMap(Int.init) ?? 24

        /// Each answers with its process number, the call's number in its memory, the number of files in /tmp after it
        /// made one, and what it got.
        private static let programs = [
            Program(
                name: "perl",
                file: "handler.pl",
                source: """
                    use POSIX; use List::Util qw(sum);
                    my $calls = 0; my $text = join "", <STDIN>; $calls++;
                    open my $file, ">", "/tmp/$calls"; my @files = glob "/tmp/*";
                    my $child = qx(echo child);
                    print "$$ $calls ", scalar @files, " $text $child";
                    """,
                command: #"["perl", "/handler.pl"]"#,
                configuration: "prestart: true"
            ),
            Program(
                name: "php",
                file: "handler.php",
                source: """
                    <?php
                    $calls = 0; $text = stream_get_contents(STDIN); $calls++;
                    touch("/tmp/$calls"); $files = glob("/tmp/*");
                    $child = shell_exec("echo child");
                    echo getmypid(), " $calls ", count($files), " $text $child";
                    """,
                command: #"["php", "/handler.php"]"#,
                configuration: "prestart: true"
            ),
            Program(
                name: "python",
                file: "handler.py",
                source: """
                    import os, subprocess, sys, threading
                    calls = []
                    text = sys.stdin.read()
                    threads = [threading.Thread(target=calls.append, args=[0]) for _ in range(4)]
                    for thread in threads: thread.start()
                    for thread in threads: thread.join()
                    open("/tmp/x", "w").close()
                    child = subprocess.run(["echo", "child"], capture_output=True, text=True).stdout
                    print(os.getpid(), len(calls) // 4, len(os.listdir("/tmp")), text, child, end="")
                    """,
                command: #"["python3", "/handler.py"]"#,
                configuration: "prestart: true"
            ),
            Program(
                name: "selectors",
                file: "server.py",
                source: """
                    import os, selectors, socket, subprocess
                    calls = 0
                    selector = selectors.EpollSelector()

                    def answer(connection):
                        global calls
                        data = b""
                        while b"\\r\\n\\r\\n" not in data:
                            piece = connection.recv(65536)
                            if not piece:
                                return
                            data += piece
                        head, data = data.split(b"\\r\\n\\r\\n", 1)
                        length = [int(line[15:]) for line in head.lower().split(b"\\r\\n")
                            if line.startswith(b"content-length:")]
                        while len(data) < length[0]:
                            data += connection.recv(65536)
                        calls += 1
                        open("/tmp/x", "w").close()
                        child = subprocess.run(["echo", "child"], capture_output=True, text=True).stdout
                        body = f"{os.getpid()} {calls} {len(os.listdir('/tmp'))} {data.decode()} {child}"
                        connection.sendall(f"HTTP/1.1 200 OK\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())

                    server = socket.create_server(("127.0.0.1", 8000))
                    wake, waker = socket.socketpair()
                    selector.register(server, selectors.EVENT_READ)
                    selector.register(wake, selectors.EVENT_READ)
                    while True:
                        for key, _ in selector.select():
                            if key.fileobj is server:
                                with server.accept()[0] as connection:
                                    answer(connection)
                    """,
                command: #"["python3", "/server.py"]"#,
                configuration: "contract: http\nport: 8000"
            ),
            Program(
                name: "runtime",
                file: "runtime.py",
                source: """
                    import base64, http.client, json, os, subprocess
                    calls = 0
                    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
                    while True:
                        api.request("GET", "/2018-06-01/runtime/invocation/next")
                        answer = api.getresponse()
                        event = json.loads(answer.read())
                        text = event["body"]
                        if event["isBase64Encoded"]:
                            text = base64.b64decode(text).decode()
                        calls += 1
                        open("/tmp/x", "w").close()
                        child = subprocess.run(["echo", "child"], capture_output=True, text=True).stdout
                        body = f"{os.getpid()} {calls} {len(os.listdir('/tmp'))} {text} {child}"
                        id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
                        api.request("POST", f"/2018-06-01/runtime/invocation/{id}/response",
                            json.dumps({"statusCode": 200, "body": body}))
                        api.getresponse().read()
                    """,
                command: #"["python3", "/runtime.py"]"#,
                configuration: "contract: lambda"
            ),
        ]

        @Test(
            "Perl, PHP, Python, a server with an epoll set and a Lambda runtime are copied, each copy fresh, as any user"
        )
        func programs() async throws {
            try await DebianBase.with(tag: "debian:template") { gateway in
                for user in ["0:0", "1234:1234"] {
                    let image = "programs:\(user.prefix { $0 != ":" })"
                    try await build(gateway, image, user)
                    for program in Self.programs { try await call(gateway, program, image) }
                }
            }
        }

        /// One image for all: each takes the room of the whole base.
        private func build(_ gateway: GatewayUnderTest, _ image: String, _ user: String) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            for program in Self.programs { try folder.write(program.source, to: program.file) }
            let files = Self.programs.map(\.file).joined(separator: " ")
            try folder.write("FROM debian:template\nCOPY \(files) /\nUSER \(user)\n", to: "Dockerfile")
            try await gateway.require("build", folder.url.path, "-t", image)
        }

        private func call(_ gateway: GatewayUnderTest, _ program: Program, _ image: String) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let name = program.name + "-" + image.drop { $0 != ":" }.dropFirst()
            let settings = "template: true\nlimits: {memory: 256Mi}\nqueue: {length: 64, wait: 60s}\n"
            try folder.write(
                "name: \(name)\nimage: \(image)\ncommand: \(program.command)\n\(program.configuration)\n\(settings)",
                to: "function.yaml"
            )
            try await gateway.require("deploy", folder.url.path)
            for number in 0..<Self.calls {
                let answer = try await gateway.call(
                    "/function/\(name)",
                    method: "POST",
                    body: Data("call \(number)".utf8)
                )
                try #require(
                    answer.status == 200 && answer.text == "1 1 1 call \(number) child\n",
                    "\(name): \(answer.status) \(answer.text)"
                )
            }
            try await requireCopies(gateway, name)
        }

        @Test(
            "asyncio of a Python that keeps its process id is started in the ordinary way, and describe says why"
        )
        func oldAsyncio() async throws {
            try await DebianBase.with(tag: "debian:template") { gateway in
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(
                    """
                    import asyncio

                    async def answer(reader, writer):
                        await asyncio.sleep(0)
                        await asyncio.wait_for(reader.readuntil(b"\\r\\n\\r\\n"), 10)
                        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")

                    async def main():
                        async with await asyncio.start_server(answer, "127.0.0.1", 8000) as server:
                            await server.serve_forever()

                    asyncio.run(main())

                    """,
                    to: "server.py"
                )
                try folder.write(
                    "FROM debian:template\nCOPY server.py /\nCMD [\"python3\", \"/server.py\"]\n",
                    to: "Dockerfile"
                )
                try folder.write(
                    "name: loop\nbuild: .\ncontract: http\nport: 8000\ntemplate: true\nlimits: {memory: 256Mi}\n"
                        + "queue: {length: 64, wait: 60s}\n",
                    to: "function.yaml"
                )
                try await gateway.require("deploy", folder.url.path)
                for _ in 0..<10 {
                    let answer = try await gateway.call("/function/loop")
                    #expect(answer.text == "ok", "\(answer.status) \(answer.text)")
                }
                let description = try await gateway.require("describe", "loop")
                #expect(description.contains("asyncio of a Python before 3.12"), "\(description)")
            }
        }

        /// The first calls come before a template pays; most of the others are copies.
        private func requireCopies(_ gateway: GatewayUnderTest, _ name: String) async throws {
            let records = try await gateway.require("invocations", name, "--output", "json")
            let copies = records.components(separatedBy: "\"start\":\"template\"").count - 1
            let description = try await gateway.require("describe", name)
            try #require(copies >= Self.calls / 3, "\(name): \(description)")
            #expect(!records.contains("\"fresh\":false"))
            #expect(description.contains(" copies so far"), "\(description)")
        }

        @Test("AWS's own runtime client for Python is copied: it waits in libcurl")
        func runtimeClient() async throws {
            try await DebianBase.with(tag: "debian:template") { gateway in
                try await AWSClients.buildRuntime(gateway, base: "debian:template", tag: "runtime:template")
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write(
                    """
                    import os
                    calls = 0

                    def handler(event, context):
                        global calls
                        calls += 1
                        return {"statusCode": 200, "body": f"{os.getpid()} {calls} {event['rawPath']}"}

                    """,
                    to: "app.py"
                )
                try folder.write(
                    "FROM runtime:template\nCOPY app.py .\nCMD [\"app.handler\"]\n",
                    to: "Dockerfile"
                )
                try folder.write(
                    "name: client\nbuild: .\ncontract: lambda\ntemplate: true\nlimits: {memory: 256Mi}\n"
                        + "queue: {length: 64, wait: 60s}\n",
                    to: "function.yaml"
                )
                try await gateway.require("deploy", folder.url.path)
                for number in 0..<Self.calls {
                    let answer = try await gateway.call("/function/client/\(number)")
                    try #require(answer.text == "1 1 /\(number)", "\(answer.status) \(answer.text)")
                }
                try await requireCopies(gateway, "client")
            }
        }
    }
}
