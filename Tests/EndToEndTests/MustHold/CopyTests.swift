// SPDX-License-Identifier: Apache-2.0
// `faasctl cp` both ways, with containers that fight back.

import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct CopyTests {
        /// A container of busybox, and its id; it ends afterwards.
        private func with(
            _ script: String = "exec sleep 1000",
            _ body: (GatewayUnderTest, String) async throws -> Void
        ) async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("", name: "box")
                defer { folder.remove() }
                try folder.write(
                    """
                    FROM scratch
                    COPY busybox /bin/busybox
                    RUN ["/bin/busybox", "--install", "-s", "/bin"]

                    """,
                    to: "Dockerfile"
                )
                try await gateway.require("build", folder.url.path, "-t", "box")
                let run = Task { try await gateway.faasctl(["run", "box", "sh", "-c", script]) }
                var id: Substring?
                for _ in 0..<400 where id == nil {
                    id = try await gateway.require("ps", "-q").split(separator: "\n").first
                    if id == nil { try await Task.sleep(for: .milliseconds(25)) }
                }
                try await body(gateway, String(try #require(id)))
                _ = try await gateway.faasctl("kill", String(id ?? ""))
                _ = try await run.value
            }
        }

        @Test("files, folders and their content go both ways by Docker's rules, byte for byte")
        func bothWays() async throws {
            try await with { gateway, id in
                let own = try TemporaryFolder()
                defer { own.remove() }
                try own.write("one", to: "dummy/a.txt")
                try own.write("two", to: "dummy/deep/b.txt")
                let path = { (name: String) in own.url.appendingPathComponent(name).path }
                let bytes = Data((0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
                try bytes.write(to: own.url.appendingPathComponent("large"))
                let inside = { (script: String) in
                    try await gateway.require("exec", id, "sh", "-c", script)
                }
                try await gateway.require("cp", path("dummy") + "/.", id + ":/copyTest")
                #expect(try await inside("cat /copyTest/a.txt /copyTest/deep/b.txt") == "onetwo")
                try await gateway.require("cp", path("dummy"), id + ":/copyTest")
                #expect(try await inside("cat /copyTest/dummy/a.txt") == "one")
                try await gateway.require("cp", path("large"), id + ":/copyTest/")
                try await gateway.require("cp", id + ":/copyTest/large", path("back"))
                #expect(try Data(contentsOf: own.url.appendingPathComponent("back")) == bytes)
                try await gateway.require("cp", id + ":/copyTest", path("fetched"))
                #expect(
                    try String(contentsOfFile: path("fetched/dummy/deep/b.txt"), encoding: .utf8) == "two"
                )
                let missing = try await gateway.faasctl("cp", path("large"), id + ":/no/such/")
                #expect(missing.code == 1 && missing.error.contains("does not exist"), "\(missing)")
                let onto = try await gateway.faasctl("cp", path("dummy"), id + ":/copyTest/large")
                #expect(onto.code == 1 && onto.error.contains("is a file"), "\(onto)")
                // As tar, out and in again.
                let tar = try await gateway.faasctl("cp", id + ":/copyTest/dummy", "-")
                #expect(tar.code == 0 && tar.output.count > 1024)
                let again = try await gateway.faasctl(["cp", "-", id + ":/tmp"], input: tar.output)
                #expect(again.code == 0, "\(again)")
                #expect(try await inside("cat /tmp/dummy/deep/b.txt; stat -c %u /tmp/dummy") == "two0\n")
            }
        }

        @Test("a file from a container gets no rights on the host, and one without an end is refused")
        func hostileFiles() async throws {
            try await with { gateway, id in
                let own = try TemporaryFolder()
                defer { own.remove() }
                let path = { (name: String) in own.url.appendingPathComponent(name).path }
                let script = "mkdir /h; echo x > /h/s; chmod 6755 /h/s; chmod 1777 /h; truncate -s 9G /large"
                try await gateway.require("exec", id, "sh", "-c", script)
                try await gateway.require("cp", id + ":/h", path("h"))
                try await gateway.require("cp", id + ":/h/s", path("s"))
                for name in ["h", "h/s", "s"] {
                    let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
                    let mode = try #require(attributes[.posixPermissions] as? Int)
                    #expect(mode == (name == "h" ? 0o777 : 0o755), "\(name): \(String(mode, radix: 8))")
                }
                let large = try await gateway.faasctl("cp", id + ":/large", path("large"))
                #expect(large.code != 0 && !FileManager.default.fileExists(atPath: path("large")), "\(large)")
            }
        }

        @Test("no link leads out of the root, in either direction; devices and /proc are refused")
        func contained() async throws {
            try await with { gateway, id in
                let own = try TemporaryFolder()
                defer { own.remove() }
                let path = { (name: String) in own.url.appendingPathComponent(name).path }
                try own.write("mine", to: "mine")
                let secret = path("secret")
                try "host".write(toFile: secret, atomically: true, encoding: .utf8)
                let set =
                    "mkdir /d; ln -s \(secret) /d/l; ln -s / /d/root; ln -s ../../../../../..\(own.url.path) /d/up; mknod /d/p p"
                try await gateway.require("exec", id, "sh", "-c", set)
                // Links are copied as links.
                try await gateway.require("cp", id + ":/d", path("got"))
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("got/l")) == secret)
                #expect(!FileManager.default.fileExists(atPath: path("got/p")))
                // Followed, they are resolved in the container's root.
                let followed = try await gateway.faasctl("cp", "-L", id + ":/d/l", path("followed"))
                #expect(followed.code == 1 && followed.error.contains("no '/d/l'"), "\(followed)")
                let into = try await gateway.faasctl("cp", path("mine"), id + ":/d/up/planted")
                #expect(into.code == 1, "\(into)")
                #expect(!FileManager.default.fileExists(atPath: path("planted")))
                try await gateway.require("cp", path("mine"), id + ":/d/root/etc/mine")
                #expect(try await gateway.require("exec", id, "cat", "/etc/mine") == "mine")
                // A link in the place of a file is replaced, not written through.
                try await gateway.require("cp", path("mine"), id + ":/d/l")
                #expect(try String(contentsOfFile: secret, encoding: .utf8) == "host")
                for refused in ["/dev/null", "/proc/1/environ", "/d/p", "/proc/self/root"] {
                    let result = try await gateway.faasctl("cp", id + ":" + refused, path("x"))
                    #expect(result.code == 1, "\(refused): \(result)")
                    #expect(!FileManager.default.fileExists(atPath: path("x")))
                }
                let proc = try await gateway.faasctl("cp", path("mine"), id + ":/proc/1/comm")
                #expect(proc.code == 1, "\(proc)")
                #expect(try await gateway.require("exec", id, "cat", "/d/l") == "mine")
            }
        }

        @Test("a container that exchanges files for links all the time gets and gives nothing of the host")
        func exchanging() async throws {
            let script = """
                mkdir /w; while :; do rm -rf /w/x; mkdir /w/x; echo inside > /w/x/passwd; rm -rf /w/x;
                ln -s /../../../../etc /w/x; rm /w/x; done
                """
            try await with(script) { gateway, id in
                let own = try TemporaryFolder()
                defer { own.remove() }
                try own.write("planted", to: "planted")
                let path = { (name: String) in own.url.appendingPathComponent(name).path }
                for turn in 0..<40 {
                    _ = try await gateway.faasctl("cp", id + ":/w/x/passwd", path("got-\(turn)"))
                    if let text = try? String(contentsOfFile: path("got-\(turn)"), encoding: .utf8) {
                        #expect(!text.contains("root:"), "\(text)")
                    }
                    _ = try await gateway.faasctl("cp", path("planted"), id + ":/w/x/mayfly-planted")
                }
                #expect(!FileManager.default.fileExists(atPath: "/etc/mayfly-planted"))
            }
        }

        @Test(
            "a container that rests is copied from and to, and executes nothing for it; a paused one is refused"
        )
        func resting() async throws {
            try await ContainerScene.with { gateway in
                let own = try TemporaryFolder()
                defer { own.remove() }
                try own.write("mine\n", to: "mine")
                let path = { (name: String) in own.url.appendingPathComponent(name).path }
                let script = "echo ran >> /runs; cat /mine; sleep 1000"
                let words = ["run", "-d", "--name", "one", "-v", "data:/data", "box", "sh", "-c", script]
                #expect(try await gateway.faasctl(words).code == 0)
                _ = try await gateway.eventually("exec", "one", "cat", "/runs") { $0 == "ran\n" }
                try await gateway.require("pause", "one")
                let paused = try await gateway.faasctl("cp", "one:/runs", path("paused"))
                #expect(paused.code == 1 && paused.error.contains("is paused"), "\(paused)")
                try await gateway.require("stop", "-t", "0", "one")
                try await gateway.require("cp", "one:/runs", path("runs"))
                #expect(try String(contentsOfFile: path("runs"), encoding: .utf8) == "ran\n")
                try await gateway.require("cp", path("mine"), "one:/mine")
                try await gateway.require("cp", path("mine"), "one:/data/")
                try await gateway.require("start", "one")
                _ = try await gateway.eventually("logs", "one") { $0.hasSuffix("mine\n") }
                #expect(
                    try await gateway.require("exec", "one", "cat", "/runs", "/data/mine")
                        == "ran\nran\nmine\n"
                )
                try await gateway.require("rm", "-f", "one")
                #expect(try gateway.containerFiles() == [])
            }
        }
    }
}
