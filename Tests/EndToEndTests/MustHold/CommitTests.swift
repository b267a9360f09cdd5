// SPDX-License-Identifier: Apache-2.0
// `diff` and `commit` of containers that run and that rest.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct CommitTests {
        /// A container of `tree`, an image with files, that has run this script.
        private func with(
            _ script: String,
            _ body: (GatewayUnderTest) async throws -> Void
        ) async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("", name: "tree")
                defer { folder.remove() }
                try folder.write(
                    """
                    FROM scratch
                    COPY busybox /bin/busybox
                    RUN ["/bin/busybox", "--install", "-s", "/bin"]
                    RUN mkdir -p /d/e /d/f /old/sub /keep /etc && for f in d/e/file d/f/file old/sub/z keep/a keep/b touched; do echo $f > /$f; done
                    ENV FROM_IMAGE=1
                    LABEL of=image
                    CMD ["true"]

                    """,
                    to: "Dockerfile"
                )
                try await gateway.require("build", folder.url.path, "-t", "tree")
                try await gateway.requireLine(
                    "run -d --name c1 -e A=b -w /d -p 127.0.0.1::81 -l of=run tree sh -c",
                    script
                )
                try await body(gateway)
                try await gateway.requireLine("rm -f c1")
            }
        }

        private static let changes =
            "cd /; rm -r /d/e /old; mkdir /old; echo n >/old/new; echo more >>/keep/a; rm /keep/b; mkdir -p /zz/yy; "
            + "echo q >/zz/yy/q; chmod 700 /touched; mv /d/f /d/g; mkfifo /zz/fifo; ln -s /etc/passwd /aa; ln /keep/a /keep/hard"

        /// As `docker diff` of the same commands, sorted.
        private static let listed = """
            A /aa
            C /d
            D /d/e
            D /d/f
            A /d/g
            A /d/g/file
            C /keep
            C /keep/a
            D /keep/b
            A /keep/hard
            C /old
            A /old/new
            D /old/sub
            C /touched
            A /zz
            A /zz/fifo
            A /zz/yy
            A /zz/yy/q

            """

        @Test("diff lists what Docker's lists, of a running and of a stopped container")
        func differences() async throws {
            try await with(Self.changes + "; echo done; exec sleep 1000") { gateway in
                _ = try await gateway.eventually("logs", "c1") { $0.contains("done") }
                #expect(try await gateway.requireLine("diff c1") == Self.listed)
                try await gateway.requireLine("stop -t 0 c1")
                #expect(try await gateway.requireLine("container diff c1") == Self.listed)
                #expect(try await gateway.line("diff nosuch").error.contains("No such container: nosuch"))
                try await gateway.requireLine("run --name quiet --add-host h:10.0.0.1 tree true")
                #expect(try await gateway.requireLine("diff quiet").isEmpty)
                try await gateway.requireLine("run -d --rm --name memory tree sleep 1000")
                for verb in ["diff", "commit"] {
                    let refused = try await gateway.line("\(verb) memory")
                    #expect(refused.code == 1 && refused.error.contains("in memory (--rm)"), "\(refused)")
                }
                try await gateway.requireLine("rm -f memory quiet")
            }
        }

        @Test(
            "commit makes an image of files and settings, of a running and of a stopped container, with equal layers"
        )
        func commits() async throws {
            try await with(Self.changes + "; echo done; trap 'exit 0' TERM; while :; do sleep 0.05; done") {
                gateway in
                _ = try await gateway.eventually("logs", "c1") { $0.contains("done") }
                let words = "commit -a me -m why -c"
                let id = try await gateway.faasctl(
                    "commit",
                    "-a",
                    "me",
                    "-m",
                    "why",
                    "-c",
                    #"CMD ["cat", "/zz/yy/q"]"#,
                    "-c",
                    "ENV B=$A-2",
                    "--change",
                    "LABEL more=1",
                    "-c",
                    "WORKDIR sub",
                    "-c",
                    "EXPOSE 8080",
                    "c1",
                    "made:1"
                )
                #expect(
                    id.code == 0 && id.text.hasPrefix("sha256:") && id.text.count == 72,
                    "\(words): \(id)"
                )
                #expect(try await gateway.requireLine("ps --format", "{{.State}}") == "running\n")
                #expect(try await gateway.requireLine("run --rm made:1") == "q\n")
                let seen = try await gateway.requireLine(
                    "run --rm made:1 sh -c",
                    "pwd; echo $FROM_IMAGE $A $B; ls -d /d/* /old/* /keep/*; readlink /aa; stat -c %a /touched; test -p /zz/fifo && echo fifo; "
                        + "test /keep/a -ef /keep/hard && echo one"
                )
                #expect(
                    seen
                        == "/d/sub\n1 b b-2\n/d/g\n/d/sub\n/keep/a\n/keep/hard\n/old/new\n/etc/passwd\n700\nfifo\none\n",
                    "\(seen)"
                )
                try await gateway.requireLine("stop c1")
                let plain = try await gateway.requireLine("commit --pause=false c1 made:2")
                #expect(plain.hasPrefix("sha256:"))
                #expect(
                    try await Self.lastLayer(of: "made:1", gateway) == Self.lastLayer(of: "made:2", gateway)
                )
                // The container goes on as it was.
                #expect(try await gateway.requireLine("diff c1") == Self.listed)
                try await gateway.requireLine("start c1")
                let wrong = try await gateway.line("commit -c", "RUN true")
                #expect(wrong.code == 64)
                let refused = try await gateway.faasctl("commit", "-c", "RUN true", "c1", "made:3")
                #expect(refused.code == 1 && refused.error.contains("expected CMD"), "\(refused)")
                #expect(try await gateway.faasctl("commit", "c1", "Made:3").code == 1)
                #expect(try await !gateway.requireLine("images").contains("made:3"))
            }
        }

        @Test("several commits of one container at once all make their image, running or not, and it runs on")
        func together() async throws {
            try await with("head -c 20000000 /dev/urandom >/made; echo done; exec sleep 1000") { gateway in
                _ = try await gateway.eventually("logs", "c1") { $0.contains("done") }
                for state in ["running", "exited"] {
                    let codes = try await withThrowingTaskGroup(of: Int32.self) { tasks in
                        for number in 1...4 {
                            tasks.addTask { try await gateway.line("commit c1 \(state):\(number)").code }
                        }
                        return try await tasks.reduce(into: []) { $0.append($1) }
                    }
                    #expect(codes == [0, 0, 0, 0], "\(state)")
                    #expect(try await gateway.requireLine("ps -a --format", "{{.State}}") == "\(state)\n")
                    if state == "running" { try await gateway.requireLine("stop -t 0 c1") }
                }
            }
        }

        @Test("a file that takes 33 GiB in an image alone is refused, and the container goes on")
        func sparse() async throws {
            try await with("exec sleep 1000") { gateway in
                try await gateway.requireLine(
                    "exec c1 sh -c",
                    "dd if=/dev/zero of=/huge bs=1M count=0 seek=33792"
                )
                let huge = try await gateway.faasctl("commit", "c1", "made:4")
                #expect(huge.code == 1 && huge.error.contains("bytes of the changed files"), "\(huge)")
                #expect(try await gateway.requireLine("ps --format", "{{.State}}") == "running\n")
            }
        }

        private static func lastLayer(of image: String, _ gateway: GatewayUnderTest) async throws -> String {
            struct Inspected: Decodable {
                struct Layer: Decodable { var digest: String }
                var layers: [Layer]
            }
            let text = try await gateway.require("image", "inspect", image, "--output", "json")
            return try JSONDecoder().decode(Inspected.self, from: Data(text.utf8)).layers.last?.digest ?? text
        }
    }
}
