// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compose
import FunctionModel
import Foundation
import ManifestReader
import Testing

@testable import faasctl

@Suite("options of compose before its subcommand")
struct ComposePlacementTests {
    @Test(
        "stand behind the subcommand afterwards, by their long names",
        arguments: [
            ("compose -f a.yaml -p x up -d", "compose up --file a.yaml --project-name x -d"),
            (
                "compose --file=a --profile p config",
                "compose config --file a --profile p config".replacing("p config", with: "p")
            ),
            ("--gateway http://h compose -f a logs -f", "--gateway http://h compose logs --file a -f"),
            ("compose --gateway http://h -f a ps", "compose --gateway http://h ps --file a"),
            ("compose up -f a", "compose up -f a"), ("run -f compose up", "run -f compose up"),
            ("compose", "compose"),
            ("compose --help", "compose --help"),
            ("-o json compose -p x ps", "-o json compose ps --project-name x"),
            ("deploy compose -f x", "deploy compose -f x"),
        ]
    )
    func moved(words: String, expected: String) throws {
        let words = words.split(separator: " ").map(String.init)
        #expect(try ComposePlacement.rearranged(words).joined(separator: " ") == expected)
    }

    @Test("an option without its value is refused")
    func withoutValue() {
        #expect(throws: (any Error).self) { try ComposePlacement.rearranged(["compose", "-f"]) }
    }
}

@Suite("files of a project")
struct ComposeFilesTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "compose-\(UUID().uuidString)"
    )

    private func withFiles(_ files: [String: String], _ body: (String) throws -> Void) throws {
        for (name, text) in files {
            let url = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        defer {
            // The folder is the test's own; a rest of it is harmless.
            try? FileManager.default.removeItem(at: folder)
        }
        try body(folder.standardizedFileURL.path)
    }

    private func options(_ words: String...) throws -> ComposeOptions { try ComposeOptions.parse(words) }

    @Test("the nearest folder's file and its override, with .env under the shell's variables")
    func search() throws {
        let files = [
            "compose.yml": "services: {web: {image: 'i:$TAG-$MORE'}}",
            "compose.override.yaml": "services: {web: {user: '5'}}",
            ".env": "TAG=1\nMORE=m", "deep/er/x": "",
        ]
        try withFiles(files) { root in
            let found = try ComposeFiles.find(options(), shell: ["TAG": "2"], current: root + "/deep/er")
            #expect(found.paths == [root + "/compose.yml", root + "/compose.override.yaml"])
            #expect(found.folder == root)
            let project = try found.project(options(), short: nil, chosen: [])
            #expect(project.services.first?.image == "i:2-m")
            #expect(project.services.first?.user == "5")
        }
    }

    @Test("files, name and profiles of the environment; the command line wins")
    func environment() throws {
        let text = "services: {web: {image: i}, dbg: {image: d, profiles: [dev]}}"
        try withFiles(["a.yaml": text, "b.yaml": text]) { root in
            let shell = [
                "COMPOSE_FILE": "b.yaml", "COMPOSE_PROJECT_NAME": "env", "COMPOSE_PROFILES": "x, dev",
            ]
            let found = try ComposeFiles.find(options(), shell: shell, current: root)
            #expect(found.paths == [root + "/b.yaml"])
            let project = try found.project(options(), short: nil, chosen: [])
            #expect(project.name == "env")
            #expect(project.services.map(\.name) == ["web", "dbg"])
            let own = try options("--file", "a.yaml", "--project-name", "own", "--profile", "y")
            let other = try ComposeFiles.find(own, shell: shell, current: root)
            #expect(other.paths == [root + "/a.yaml"])
            let second = try other.project(own, short: nil, chosen: [])
            #expect(second.name == "own")
            #expect(second.services.map(\.name) == ["web"])
        }
    }

    @Test("a missing file is reported")
    func missing() throws {
        try withFiles(["x": ""]) { root in
            let none = #expect(throws: CommandFailure.self) {
                try ComposeFiles.find(options("--project-directory", root), shell: [:], current: root)
            }
            #expect(none?.why.hasPrefix("there is no compose.yaml in") == true)
            let named = #expect(throws: CommandFailure.self) {
                try ComposeFiles.find(options("--file", "gone.yaml"), shell: [:], current: root)
            }
            #expect(named?.description == "cannot read 'gone.yaml': no such file or directory")
        }
    }
}

@Suite("functions of a project")
struct ComposeFunctionTests {
    private func manifest(_ body: String) throws -> FunctionManifest? {
        let text =
            "services:\n  f:\n    image: img:1\n    environment: {A: 1, B: 2}\n    labels: {l: x}\n    command: run it\n"
            + body
        let sources = ComposeSources(environment: [:], folder: "/srv/shop", home: nil) { _ in .missing }
        let project = try ComposeLoader(sources: sources).load([(file: "compose.yaml", text: text)])
        return try project.services[0].functionManifest(project: project.name)
    }

    @Test(
        "take keys of function.yaml below x-mayfly, and image, environment, labels and command of the service"
    )
    func keys() throws {
        let function = try #require(
            try manifest(
                "    x-mayfly: {contract: cgi, routes: [GET /r], limits: {memory: 64Mi}, environment: {B: own}}\n"
            )
        )
        #expect(function.name.text == "f")
        #expect(function.image == "img:1")
        #expect(function.configuration.contract == .cgi)
        #expect(function.configuration.routes.map(\.description) == ["GET /r"])
        #expect(function.configuration.limits.memory == ByteCount.mebibytes(64))
        #expect(function.configuration.environment == ["A": "1", "B": "own"])
        #expect(function.configuration.labels["l"] == "x")
        #expect(function.configuration.labels["com.docker.compose.project"] == "shop")
        #expect(function.configuration.command == ["run", "it"])
        #expect(try manifest("    x-mayfly:\n")?.configuration.contract == .stdio)
        #expect(try manifest("") == nil)
    }

    @Test(
        "mistakes below x-mayfly have their place in the compose file",
        arguments: [
            (
                "    x-mayfly: {contrat: cgi}\n",
                "compose.yaml:7:25: unknown key 'contrat' in 'services.f.x-mayfly' (did you mean 'contract'?)"
            ),
            (
                "    x-mayfly:\n      limits:\n        memory: lots\n",
                "compose.yaml:9:17: services.f.x-mayfly.limits.memory: 'lots' is not valid, expected a size such as 128Mi, 1Gi or 1048576"
            ),
            (
                "    x-mayfly: {image: x}\n",
                "compose.yaml:7:23: 'image' in 'services.f.x-mayfly' is a key of the service itself"
            ),
            (
                "    x-mayfly: {command: [x]}\n",
                "compose.yaml:7:25: 'command' is given on the service and in 'services.f.x-mayfly'"
            ),
            ("    x-mayfly: text\n", "compose.yaml:7:15: 'services.f.x-mayfly' is no map"),
        ]
    )
    func mistakes(body: String, message: String) {
        let error = #expect(throws: ManifestError.self) { try manifest(body) }
        #expect(error?.description == message)
    }
}
