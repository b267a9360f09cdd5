// SPDX-License-Identifier: Apache-2.0
// Images come as folders, OCI layouts, OCI archives and `docker save` files.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct ImageTests {
        @Test("a folder with a root file system becomes an image, without its device nodes, and runs")
        func imports() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let hello = try await Fixtures.function("hello") + "/hello"
            let root = folder.url.appendingPathComponent("root")
            try FileManager.default.createDirectory(
                at: root.appendingPathComponent("dev"),
                withIntermediateDirectories: true
            )
            try await Command.require("cp", hello, root.path + "/hello")
            try await Command.require("mknod", root.path + "/dev/null", "c", "1", "3")
            try await Command.require("tar", "-C", root.path, "-czf", folder.url.path + "/root.tgz", ".")
            try await GatewayUnderTest.with { gateway in
                let load = try await gateway.faasctl("image", "load", "-i", root.path)
                #expect(load.code == 1 && load.error.contains("faasctl image import"), "\(load.error)")
                let refused = try await gateway.faasctl("image", "load", "-i", folder.url.path + "/root.tgz")
                #expect(refused.code == 1 && refused.error.contains("image import"), "\(refused.error)")
                for (source, name) in [("root", "base:1"), ("root.tgz", "base:2")] {
                    let made = try await gateway.faasctl(
                        "image",
                        "import",
                        folder.url.path + "/" + source,
                        name,
                        "--change",
                        "CMD [\"/hello\"]"
                    )
                    #expect(made.code == 0, "\(made.error)")
                    #expect(made.error.contains("left out 1 device"), "\(made.error)")
                    try await gateway.require("deploy", "imported", "--image", name)
                    #expect(try await gateway.call("/function/imported").status == 200)
                }
            }
        }

        @Test("an OCI layout folder, an OCI archive and a docker archive deploy and answer")
        func deploysArchives() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let image = try await ImageFixture.hello()
            let layout = folder.url.appendingPathComponent("layout")
            try await image.write(to: layout, name: "one")
            let archive = folder.url.appendingPathComponent("archive.tar")
            try await image.writeArchive(to: archive, name: "two")
            let docker = folder.url.appendingPathComponent("docker.tar")
            try await Self.writeDockerArchive(image, to: docker)
            try await GatewayUnderTest.with { gateway in
                for (name, file) in [("one", layout), ("two", archive), ("three", docker)] {
                    try await gateway.require("deploy", name, "--image", file.path)
                    let answer = try await gateway.call("/function/\(name)")
                    #expect(answer.text == "Hello from a fresh container\n")
                }
                let table = try await gateway.require("image", "list")
                #expect(table.contains("docker-hello"))
                let whole = try await gateway.require("image", "inspect", "docker-hello")
                #expect(whole.contains("amd64") || whole.contains("arm64"), "\(whole)")
                try await gateway.require("image", "tag", "docker-hello", "renamed:1")
                #expect(try await gateway.require("image", "list").contains("renamed"))
                try await gateway.require("image", "remove", "renamed:1")
                #expect(try await gateway.require("image", "list").contains("renamed") == false)
                let used = try await gateway.faasctl("image", "remove", "docker-hello")
                #expect(used.code == 1)
                #expect(used.error.contains("three revision 1"), "\(used.error)")
                try await Self.lookAround(gateway, folder)
            }
        }

        /// History, sizes, saving and pruning by the command line.
        private static func lookAround(_ gateway: GatewayUnderTest, _ folder: TemporaryFolder) async throws {
            try folder.write("FROM docker-hello\nLABEL a=b\nCMD [\"/hello\", \"again\"]\n", to: "Dockerfile")
            try await gateway.require("build", folder.url.path, "-t", "derived:1")
            let history = try await gateway.require("image", "history", "derived:1")
            #expect(history.contains("LABEL a=b"), "\(history)")
            let whole = try await gateway.require("image", "inspect", "derived:1", "--output", "json")
            #expect(whole.contains(#""names":["docker.io/library/derived:1"]"#), "\(whole)")
            #expect(!whole.contains(#""shared_bytes":0,"#), "its base's layers are shared: \(whole)")
            let saved = folder.url.appendingPathComponent("saved.tar").path
            try await gateway.require("image", "save", "derived:1", "docker-hello", "-o", saved)
            let seen = try await Command.require("tar", "-tf", saved)
            #expect(seen.contains("manifest.json") && seen.contains("oci-layout"))
            try await gateway.require("image", "remove", "derived:1")
            let absent = try await gateway.faasctl("image", "save", "derived:1", "-o", saved + "2")
            #expect(absent.code == 1 && absent.error.contains("derived:1"), "\(absent.error)")
            #expect(!FileManager.default.fileExists(atPath: saved + "2"))
            try await gateway.require("image", "load", "-i", saved)
            #expect(try await gateway.require("image", "list").contains("derived:1"))
            #expect(try await gateway.require("image", "prune", "--all", "--cache").contains("freed"))
            let left = try await gateway.require("image", "list")
            #expect(!left.contains("derived:1") && left.contains("docker-hello"), "\(left)")
            let verified = try await gateway.require("image", "verify", "--output", "json")
            #expect(verified == "[]\n")
        }

        /// The form that `docker save` writes: manifest.json, a configuration, layers.
        private static func writeDockerArchive(_ image: ImageFixture, to file: URL) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let layer = Tar.archive(image.members)
            let layerFile = folder.url.appendingPathComponent("layer.tar")
            try layer.write(to: layerFile)
            let digest = try await Command.require("sha256sum", layerFile.path).prefix(64)
            try folder.write(
                """
                {"architecture":"\(image.architecture)","os":"linux","config":{"Cmd":["/hello"]},
                "rootfs":{"type":"layers","diff_ids":["sha256:\(digest)"]}}
                """,
                to: "config.json"
            )
            try folder.write(
                #"[{"Config":"config.json","RepoTags":["docker-hello:latest"],"Layers":["layer.tar"]}]"#,
                to: "manifest.json"
            )
            try await Command.require(
                "tar",
                "-C",
                folder.url.path,
                "-cf",
                file.path,
                "manifest.json",
                "config.json",
                "layer.tar"
            )
        }
    }
}
