// SPDX-License-Identifier: Apache-2.0
// Images from and to a real registry, by the command line.

import Foundation
import Testing

extension EndToEnd {
    @Suite(.enabled(if: RegistryUnderTest.isInstalled, "needs docker-registry and skopeo"))
    struct RegistryTests {
        /// A gateway, a registry that asks for a password and holds `ns/hello:1`, and a home folder.
        private static func with(
            _ body: (GatewayUnderTest, RegistryUnderTest, TemporaryFolder) async throws -> Void
        ) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let registry = try await RegistryUnderTest(asksPassword: true)
            defer { registry.stop() }
            let layout = home.url.appendingPathComponent("layout")
            try await ImageFixture.hello().write(to: layout, name: "one")
            try await registry.fill(from: layout, name: "one", as: "ns/hello:1")
            try await GatewayUnderTest.with { gateway in try await body(gateway, registry, home) }
        }

        /// Runs faasctl with a home of its own, so that the tester's credentials stay out of it.
        private static func faasctl(
            _ gateway: GatewayUnderTest,
            _ home: TemporaryFolder,
            _ arguments: [String],
            input: String? = nil
        ) async throws -> CommandResult {
            try await Command.run(
                Fixtures.faasctl,
                arguments,
                environment: [
                    "FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder,
                    "REGISTRY_AUTH_FILE": home.url.appendingPathComponent("auth.json").path,
                ],
                input: input.map { Data($0.utf8) }
            )
        }

        private static func logIn(
            _ gateway: GatewayUnderTest,
            _ home: TemporaryFolder,
            _ registry: RegistryUnderTest
        ) async throws {
            let result = try await faasctl(
                gateway,
                home,
                ["login", "-u", RegistryUnderTest.user, "--password-stdin", registry.host],
                input: RegistryUnderTest.password + "\n"
            )
            #expect(result.code == 0, "\(result.error)")
        }

        @Test("login, pull, deploy, push and logout work with a registry that asks for a password")
        func wholeRound() async throws {
            try await Self.with { gateway, registry, home in
                let image = "\(registry.host)/ns/hello:1"
                let early = try await Self.faasctl(gateway, home, ["image", "pull", image])
                #expect(early.code == 1)
                #expect(early.error.contains("not allowed"), "\(early.error)")
                #expect(early.error.contains("UNAUTHORIZED"), "\(early.error)")
                let wrong = try await Self.faasctl(
                    gateway,
                    home,
                    ["login", "-u", "ada", "--password-stdin", registry.host],
                    input: "wrong"
                )
                #expect(wrong.code == 1)
                #expect(wrong.error.contains("not allowed"), "\(wrong.error)")
                try await Self.logIn(gateway, home, registry)
                let deployed = try await Self.faasctl(gateway, home, ["deploy", "hi", "--image", image])
                #expect(deployed.code == 0, "\(deployed.error)")
                #expect(deployed.error.contains("done"), "no progress reported: \(deployed.error)")
                #expect(!deployed.error.contains("\r"), "a bar where there is no terminal")
                #expect(try await gateway.call("/function/hi").text == "Hello from a fresh container\n")
                let pulled = try await Self.faasctl(
                    gateway,
                    home,
                    ["image", "pull", image, "--output", "json"]
                )
                #expect(pulled.text.contains(#""digest":"sha256:"#), "\(pulled.error)")
                try await gateway.require("image", "tag", image, "\(registry.host)/other/copy:2")
                let pushed = try await Self.faasctl(
                    gateway,
                    home,
                    ["image", "push", "\(registry.host)/other/copy:2"]
                )
                #expect(pushed.code == 0, "\(pushed.error)")
                let seen = try await Command.require(
                    "skopeo",
                    "inspect",
                    "--tls-verify=false",
                    "--creds=ada:s3cret",
                    "docker://\(registry.host)/other/copy:2"
                )
                #expect(seen.contains("sha256:"))
                try await Self.pushIndex(gateway, registry, home, of: image)
                #expect(try await Self.faasctl(gateway, home, ["logout", registry.host]).code == 0)
                let late = try await Self.faasctl(gateway, home, ["image", "pull", image])
                #expect(late.code == 1)
            }
        }

        /// Two platforms under one name, as another tool reads them back.
        private static func pushIndex(
            _ gateway: GatewayUnderTest,
            _ registry: RegistryUnderTest,
            _ home: TemporaryFolder,
            of image: String
        ) async throws {
            var foreign = try await ImageFixture.hello()
            foreign.architecture = ImageFixture.foreignArchitecture
            let layout = home.url.appendingPathComponent("foreign")
            try await foreign.write(to: layout, name: "v1")
            let loaded = try await gateway.require("image", "load", "-i", layout.path)
            #expect(loaded.contains("foreign:v1"), "a tag without a repository got no name: \(loaded)")
            let index = "\(registry.host)/ns/both:1"
            try await gateway.require("image", "index", "create", index, image, "foreign:v1")
            let pushed = try await faasctl(gateway, home, ["image", "push", index])
            #expect(pushed.code == 0, "\(pushed.error)")
            let seen = try await Command.require(
                "skopeo",
                "inspect",
                "--raw",
                "--tls-verify=false",
                "--creds=ada:s3cret",
                "docker://\(index)"
            )
            for architecture in [ImageFixture.hostArchitecture, ImageFixture.foreignArchitecture] {
                #expect(seen.contains("\"architecture\":\"\(architecture)\""), "\(seen)")
            }
        }

        @Test("a base image that is not here is pulled with the client's credentials, and kept nowhere")
        func pullsBase() async throws {
            try await Self.with { gateway, registry, home in
                try await Self.logIn(gateway, home, registry)
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let image = "\(registry.host)/ns/hello:1"
                try folder.write(
                    "FROM scratch\nCOPY --from=\(image) /hello /hello\nCMD [\"/hello\"]\n",
                    to: "Dockerfile"
                )
                let built = try await Self.faasctl(
                    gateway,
                    home,
                    ["build", folder.url.path, "-t", "mine:1"]
                )
                #expect(built.code == 0, "\(built.error)")
                #expect(built.error.contains("pulling \(image)"), "\(built.error)")
                let secret = Data("\(RegistryUnderTest.user):\(RegistryUnderTest.password)".utf8)
                for text in [RegistryUnderTest.password, secret.base64EncodedString()] {
                    let found = try await Command.run(
                        "/usr/bin/env",
                        ["grep", "-r", "-l", "-a", text, gateway.dataFolder]
                    )
                    #expect(found.text == "", "the gateway keeps a credential")
                    #expect(!gateway.logText.contains(text))
                }
            }
        }

        @Test("not found, not allowed and unreachable are distinguished, with the registry's own words")
        func tellsApart() async throws {
            try await Self.with { gateway, registry, home in
                try await Self.logIn(gateway, home, registry)
                let absent = try await Self.faasctl(
                    gateway,
                    home,
                    ["image", "pull", "\(registry.host)/ns/absent:1"]
                )
                #expect(absent.code == 1)
                #expect(absent.error.contains("not found"), "\(absent.error)")
                #expect(absent.error.contains("MANIFEST_UNKNOWN"), "\(absent.error)")
                let port = try RegistryUnderTest.freePort()
                for arguments in [
                    ["image", "pull", "127.0.0.1:\(port)/x:1"],
                    ["deploy", "x", "--image", "127.0.0.1:\(port)/x:1"],
                ] {
                    let nobody = try await Self.faasctl(gateway, home, arguments)
                    #expect(nobody.code == 1)
                    #expect(nobody.error.contains("unreachable"), "\(nobody.error)")
                    let lines = nobody.error.split(separator: "\n").filter { $0.hasPrefix("faasctl: ") }
                    #expect(lines.count == 1, "\(nobody.error)")
                }
                // What other clients of the admin API send is pulled as well.
                let body = #"{"service":"y","image":"\#(registry.host)/ns/absent:2"}"#
                let answer = try await Command.run(
                    "/usr/bin/curl",
                    [
                        "-s", "-u", try gateway.admin, "-X", "POST", "-d", body,
                        "\(gateway.address)/system/functions",
                    ]
                )
                #expect(answer.text.contains("not allowed"), "\(answer.text)")
                #expect(answer.text.contains("registry_denied"), "\(answer.text)")
            }
        }

        @Test("mirrors and plain-http registries are taken from the configuration file")
        func configured() async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let registry = try await RegistryUnderTest()
            defer { registry.stop() }
            let layout = home.url.appendingPathComponent("layout")
            try await ImageFixture.hello().write(to: layout, name: "one")
            try await registry.fill(from: layout, name: "one", as: "library/mirrored:1")
            try home.write(
                "registries: {mirrors: {docker.io: [\"http://\(registry.host)\"]}}\n",
                to: "config.yaml"
            )
            let config = home.url.appendingPathComponent("config.yaml").path
            try await GatewayUnderTest.with(arguments: ["--config", config]) { gateway in
                try await gateway.require("image", "pull", "mirrored:1")
                #expect(try await gateway.require("image", "list").contains("mirrored:1"))
            }
        }
    }
}
