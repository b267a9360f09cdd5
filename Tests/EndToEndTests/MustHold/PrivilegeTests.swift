// SPDX-License-Identifier: Apache-2.0
// A gateway started as root is unprivileged afterwards, and everything still works: seen from outside.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct PrivilegeTests {
        /// A field of every thread's status.
        private static func field(_ name: String, of process: Int32) throws -> Set<String> {
            let folder = "/proc/\(process)/task"
            let threads = try FileManager.default.contentsOfDirectory(atPath: folder)
            return Set(
                try threads.map { thread in
                    let text = try String(contentsOfFile: "\(folder)/\(thread)/status", encoding: .utf8)
                    let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
                    return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
                }
            )
        }

        /// Insists that nothing of root is left in any thread.
        private static func expectUnprivileged(_ gateway: GatewayUnderTest) throws {
            let process = gateway.processID
            for name in ["Uid", "Gid"] {
                let ids = try #require(try field(name, of: process).first).split(separator: "\t")
                #expect(try field(name, of: process).count == 1)
                #expect(ids.count == 4 && Set(ids).count == 1 && ids.first != "0" && ids.first != "65534")
            }
            for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(try field(name, of: process) == ["0000000000000000"], "\(name)")
            }
            #expect(try field("NoNewPrivs", of: process) == ["1"])
            #expect(try field("Seccomp", of: process) == ["2"])
            #expect(try field("Groups", of: process) == [""])
        }

        private static func owner(_ path: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return try #require(attributes[.ownerAccountID] as? NSNumber).intValue
        }

        @Test("a gateway started as root keeps nothing of it, and does all its work")
        func unprivileged() async throws {
            try await GatewayUnderTest.with { gateway in
                try Self.expectUnprivileged(gateway)
                try await gateway.require("deploy", Fixtures.function("hello"))
                try await gateway.require("deploy", Fixtures.function("echo"))
                #expect(try await gateway.call("/hello").status == 200)
                try await gateway.require("remove", "echo")
                let secret = try await gateway.faasctl("secret", "create", "key", input: Data("value".utf8))
                #expect(secret.code == 0, "\(secret.error)")
                try Self.expectUnprivileged(gateway)
                for name in ["/mayfly.sqlite", "/blobs", "/secrets", "/rootfs", "/run"] {
                    #expect(try Self.owner(gateway.dataFolder + name) != 0, "\(name)")
                }
                #expect(!gateway.logText.contains("the host lacks unprivileged"), "\(gateway.logText)")
            }
        }

        @Test("a data folder of root's is taken over with what was deployed, containers' files excepted")
        func takeOver() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            try await first.require("deploy", Fixtures.function("hello"))
            await first.stop()
            let own = try Self.owner(data + "/blobs")
            // As it was before gateways gave up root.
            try await Command.require(
                "find",
                data,
                "-uid",
                "\(own)",
                "-exec",
                "chown",
                "-h",
                "0:0",
                "{}",
                "+"
            )
            try await Command.require("chmod", "700", data)
            #expect(try Self.owner(data + "/blobs") == 0)

            let second = try await GatewayUnderTest(dataFolder: data)
            try Self.expectUnprivileged(second)
            #expect(try await second.call("/hello").status == 200)
            try await second.require("deploy", Fixtures.function("echo"))
            #expect(try Self.owner(data + "/mayfly.sqlite") == own)
            let trees = try FileManager.default.contentsOfDirectory(atPath: data + "/rootfs")
                .filter { $0.count == 64 }
            let owners = try trees.map { try Self.owner(data + "/rootfs/" + $0) }
            #expect(owners == [0, 0])
            await second.stop()
        }

        @Test("a file of the host that was linked into the data folder is not given away")
        func plantedLink() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            try folder.write("of root", to: "host")
            try folder.write("of root", to: "data/blobs/own")
            let host = folder.url.appendingPathComponent("host").path
            try await Command.require("ln", host, data + "/blobs/planted")
            try await Command.require("ln", "-s", "../../host", data + "/blobs/link")
            let result = try await Command.run(
                Fixtures.faasctl,
                ["serve", "--listen", "127.0.0.1:0", "--data-dir", data],
                secondsMax: Patience.seconds(20)
            )
            #expect(result.code == 1)
            #expect(result.error.contains("planted: it has a second name"), "\(result.error)")
            #expect(try Self.owner(host) == 0)
            try FileManager.default.removeItem(atPath: data + "/blobs/planted")
            let gateway = try await GatewayUnderTest(dataFolder: data)
            #expect(try Self.owner(host) == 0)
            #expect(try Self.owner(data + "/blobs/own") != 0)
            await gateway.stop()
        }

        @Test("what a gateway has in its data folder it can neither take out, execute nor show to others")
        func shelter() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let outside = folder.url.appendingPathComponent("outside").path
            try await Command.require("mkdir", "-m", "777", outside)
            let gateway = try await GatewayUnderTest(dataFolder: data)
            #expect(try Self.owner(data) == 0)
            let own = try Self.owner(data + "/run")
            // As a gateway that was taken over: its user, in its namespaces.
            let inside = ["nsenter", "--mount=/proc/\(gateway.processID)/ns/mnt"]
            let user = ["setpriv", "--reuid=\(own)", "--regid=\(own)", "--clear-groups", "sh", "-c"]
            func attempt(_ wrapper: [String], _ script: String) async throws -> Int32 {
                try await Command.run("/usr/bin/env", wrapper + user + [script]).code
            }
            let file = data + "/run/program"
            let make = "printf '#!/bin/sh\\n' > \(file) && chmod 755 \(file)"
            #expect(try await attempt(inside, make) == 0)
            for script in ["ln \(file) \(outside)/linked", file, "chmod 755 \(data)"] {
                #expect(try await attempt(inside, script) != 0, "\(script)")
            }
            // That it is the mount which forbids it.
            for script in ["ln \(file) \(outside)/linked", file] {
                #expect(try await attempt([], script) == 0, "\(script)")
            }
            let other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", data]
            #expect(try await Command.run("/usr/bin/env", other).code != 0)
            await gateway.stop()
        }

        @Test("a port below 1024 is bound, and what it took is gone afterwards")
        func lowPort() async throws {
            let port = Int.random(in: 600..<1000)
            try await GatewayUnderTest.with(arguments: ["--listen", "127.0.0.1:\(port)"]) { gateway in
                #expect(gateway.address.hasSuffix(":\(port)"))
                try Self.expectUnprivileged(gateway)
                try await gateway.require("deploy", Fixtures.function("hello"))
                #expect(try await gateway.call("/hello").status == 200)
            }
        }

        @Test("helpers that are killed are replaced without root; without the warden the gateway ends")
        func helpersKilled() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                #expect(try await gateway.call("/hello").status == 200)
                let warden = try #require(Self.children(gateway.processID).first)
                for supervisor in Self.children(warden) { kill(supervisor, SIGKILL) }
                var status = 0
                for _ in 0..<100 where status != 200 {
                    try await Task.sleep(for: .milliseconds(100))
                    status = (try? await gateway.call("/hello").status) ?? 0
                }
                #expect(status == 200)
                try await gateway.require("deploy", Fixtures.function("echo"))
                kill(warden, SIGKILL)
                #expect(await gateway.ended() == 1)
                #expect(gateway.logText.contains("warden"))
            }
        }

        @Test("a build reads and keeps files that only an image's root may see")
        func privateFiles() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let busybox = try await Fixtures.function("echo") + "/busybox"
            try FileManager.default.copyItem(
                atPath: busybox,
                toPath: folder.url.appendingPathComponent("busybox").path
            )
            try folder.write(
                """
                FROM scratch AS first
                COPY busybox /bin/busybox
                RUN ["/bin/busybox", "sh", "-c", "mkdir -m 700 /root; echo kept > /root/file; chmod 600 /root/file; \
                chown 5:6 /root/file; ln /bin/busybox /bin/sh"]
                FROM first
                RUN busybox cat /root/file > /copy; busybox chown 7 /copy
                COPY --from=first /root/file /file
                CMD ["/bin/busybox", "stat", "-c", "%u:%g %a", "/root/file", "/copy", "/file"]

                """,
                to: "Dockerfile"
            )
            try folder.write("name: private\nbuild: .\nroutes: [/private]\n", to: "function.yaml")
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                #expect(try await gateway.call("/private").lines == ["5:6 600", "7:0 644", "5:6 600"])
            }
        }

        private static func children(_ process: Int32) -> [Int32] {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
            return tasks.flatMap { task in
                let path = "/proc/\(process)/task/\(task)/children"
                let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
                return text.split(separator: " ").compactMap { Int32($0) }
            }
        }
    }
}
