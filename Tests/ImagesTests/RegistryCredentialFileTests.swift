// SPDX-License-Identifier: Apache-2.0
// Docker's credential file in the forms that its versions wrote, and credential helpers that misbehave.

import CSandbox
import Foundation
import Glibc
import Testing

@testable import ImageStore
@testable import Registry

@Suite("Registry credential file")
struct RegistryCredentialFileTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func config(_ text: String) throws -> DockerConfig {
        try DockerConfig(Data(text.utf8), path: "config.json")
    }

    private static let pair = Data("ada:s3:cret".utf8).base64EncodedString()

    @Test(
        "a registry's entry is found under every name that is in use",
        arguments: [
            ("docker.io", "https://index.docker.io/v1/"), ("docker.io", "docker.io"),
            ("r.example:5000", "r.example:5000"), ("r.example", "https://r.example"),
            ("r.example", "https://r.example/v1/"), ("r.example", "http://r.example/v2"),
            ("r.example", "r.example/team"), ("r.example", "r.example/team/app"),
        ]
    )
    func keys(registry: String, key: String) throws {
        let config = try config(
            #"{"auths": {"\#(key)": {"auth": "\#(Self.pair)"}, "other.example": {"auth": "eDp5"}}}"#
        )
        let found = try config.stored(for: registry, repository: "team/app")
        #expect(found == Credential(user: "ada", secret: "s3:cret"))
        #expect(try config.stored(for: "third.example", repository: "team/app") == nil)
    }

    @Test("the longest path wins, and entries for other paths do not count")
    func paths() throws {
        let config = try config(
            #"{"auths": {"r.example": {"auth": "YTph"}, "r.example/x/y": {"auth": "Yjpi"},"#
                + #" "r.example/x": {"auth": "Yzpj"}, "r.example/z": null}}"#
        )
        #expect(try config.stored(for: "r.example", repository: "x/y/z")?.user == "b")
        #expect(try config.stored(for: "r.example", repository: "x/yy")?.user == "c")
        #expect(try config.stored(for: "r.example", repository: "xx")?.user == "a")
        #expect(try config.stored(for: "r.example", repository: "z")?.user == "a")
    }

    @Test("tokens are distinguished from passwords")
    func kinds() throws {
        let config = try config(
            #"""
            {"auths": {"a": {"auth": "YWRhOg==", "identitytoken": "t"}, "b": {"registrytoken": "t"},
            "c": {"username": "u", "password": "p"}, "d": {}}, "credsStore": "", "unknown": [1]}
            """#
        )
        let kinds = try ["a", "b", "c", "d"].map { try config.stored(for: $0, repository: nil)?.kind }
        #expect(kinds == [.identityToken, .registryToken, .password, nil])
        #expect(throws: RegistryError.self) {
            try self.config(#"{"auths": {"a": {"auth": "!"}}}"#).stored(for: "a", repository: nil)
        }
        #expect(throws: RegistryError.self) { try self.config("[]") }
    }

    @Test("a registry's own helper comes before the store for all")
    func helpers() throws {
        let config = try config(#"{"credHelpers": {"r.example": "own"}, "credsStore": "all"}"#)
        #expect(try #require(config.helper(for: "r.example")) == ("own", "r.example"))
        #expect(try #require(config.helper(for: "docker.io")) == ("all", "https://index.docker.io/v1/"))
    }

    @Test("the environment says where the file is")
    func locations() {
        func path(_ environment: [String: String]) -> String? {
            DockerConfigFile.Locations.ofEnvironment(environment).path
        }
        #expect(path(["REGISTRY_AUTH_FILE": "/a", "DOCKER_CONFIG": "/b", "HOME": "/c"]) == "/a")
        #expect(path(["REGISTRY_AUTH_FILE": "", "DOCKER_CONFIG": "/b", "HOME": "/c"]) == "/b/config.json")
        #expect(path(["HOME": "/c"]) == "/c/.docker/config.json")
        #expect(path([:]) == nil)
    }

    @Test("writing keeps what else is in the file, through a link, private, and leaves no second file")
    func write() throws {
        try scratch.write(#"{"auths": {"old": {"auth": "eDp5"}}, "psFormat": "x/y"}"#, to: "real.json")
        symlink(scratch.path + "/real.json", scratch.path + "/config.json")
        let locations = DockerConfigFile.Locations(path: scratch.path + "/config.json")
        try DockerConfigFile.write(
            Credential(user: "ada", secret: "s3:cret"),
            for: "docker.io",
            to: locations
        )
        let config = try #require(try DockerConfigFile.read(locations))
        #expect(try config.stored(for: "docker.io", repository: nil)?.secret == "s3:cret")
        #expect(try config.stored(for: "old", repository: nil)?.user == "x")
        #expect(scratch.read("real.json")?.contains(#""psFormat" : "x/y""#) == true)
        #expect(scratch.status("real.json").map { $0.st_mode & 0o777 } == 0o600)
        #expect(scratch.status("config.json").map { $0.st_mode & S_IFMT } == S_IFLNK)
        #expect(try Directories.names(in: scratch.path).filter { $0.contains(".json.") }.isEmpty)
        try DockerConfigFile.write(nil, for: "docker.io", to: locations)
        #expect(try DockerConfigFile.read(locations)?.stored(for: "docker.io", repository: nil) == nil)
        try scratch.write("broken", to: "real.json")
        #expect(throws: RegistryError.self) { try DockerConfigFile.write(nil, for: "a", to: locations) }
        #expect(scratch.read("real.json") == "broken")
    }
}

@Suite("Registry credential helper")
struct RegistryCredentialHelperTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    private func ask(_ script: String, name: String = "test") async throws -> Credential? {
        let path = scratch.path + "/docker-credential-test"
        try scratch.write("#!/bin/sh\n" + script, to: "docker-credential-test")
        chmod(path, 0o755)
        return try await CredentialHelper.get(name, server: "r.example", path: "relative:" + scratch.path)
    }

    @Test("the name goes in by stdin, and a credential or token comes out")
    func get() async throws {
        let found = try await ask(
            #"test "$1" = get && read s && echo "{\"Username\":\"$s\",\"Secret\":\"p\"}""#
        )
        #expect(found == Credential(user: "r.example", secret: "p"))
        let token = try await ask(#"echo '{"ServerURL":"","Username":"<token>","Secret":"t"}'"#)
        #expect(token == Credential(user: "", secret: "t", kind: .identityToken))
    }

    @Test("a helper that does not read its input, or does not know the registry, is no failure")
    func unknown() async throws {
        #expect(try await ask("echo 'credentials not found in native keychain'; exit 1") == nil)
        #expect(try await ask(#"exec <&-; echo '{"Username":"u","Secret":"p"}'"#)?.user == "u")
    }

    @Test(
        "failures, nonsense, floods and odd names are errors that hold no secret",
        arguments: [
            ("echo s3cret; exit 0", "test"), ("echo locked; exit 3", "test"), ("yes s3cret", "test"),
            ("exit 0", "../test"), ("exit 0", "absent"),
        ]
    )
    func failures(script: String, name: String) async throws {
        await #expect { try await ask(script, name: name) } throws: { error in
            guard case RegistryError.credentials(let text) = error else { return false }
            return !text.contains("s3cret")
        }
    }
}
