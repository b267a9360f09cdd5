// SPDX-License-Identifier: Apache-2.0
// The folders of `faasctl new`: what they hold, and what they never replace.

import ArgumentParser
import Foundation
import FunctionModel
import Testing

@testable import faasctl

@Suite("A new function's folder")
struct FunctionTemplateTests {
    private static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test("is read as the function that it is named after", arguments: FunctionTemplate.allCases)
    func reads(template: FunctionTemplate) throws {
        try Self.inFolder { place in
            for name in ["hello", "404", "true", "a_b-C"] {
                let folder = place + "/" + name
                try FolderWriter(folder: folder).write(template.files(for: FunctionName(name)))
                let manifest = try FunctionFolder.read(URL(fileURLWithPath: folder), shown: folder, name: nil)
                #expect(manifest.name.text == name && manifest.buildFolder == ".")
                #expect(manifest.configuration.contract == template.contract)
            }
        }
    }

    @Test("replaces no file, and leaves none when one is there")
    func keeps() throws {
        try Self.inFolder { place in
            let folder = place + "/f"
            let files = FunctionTemplate.sh.files(for: try FunctionName("f"))
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try "mine".write(toFile: folder + "/handler.sh", atomically: true, encoding: .utf8)
            #expect(throws: CommandFailure.self) { try FolderWriter(folder: folder).write(files) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["handler.sh"])
            #expect(try String(contentsOfFile: folder + "/handler.sh", encoding: .utf8) == "mine")
            // A link that leads nowhere is a file, too.
            try FileManager.default.removeItem(atPath: folder + "/handler.sh")
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/README.md",
                withDestinationPath: "/no/where"
            )
            #expect(throws: CommandFailure.self) { try FolderWriter(folder: folder).write(files) }
            try FileManager.default.removeItem(atPath: folder + "/README.md")
            try FolderWriter(folder: folder).write(files)
            #expect(FileManager.default.isExecutableFile(atPath: folder + "/handler.sh"))
        }
    }

    @Test("is refused for names that are none and unknown templates")
    func refuses() {
        for words in [
            ["new", "../x", "--template", "sh"], ["new", "-x", "--template", "sh"],
            ["new", "a b", "--template", "sh"],
            ["new", "x.openfaas-fn", "--template", "sh"], ["new", "x"], ["new", "x", "--template", "cobol"],
        ] {
            #expect(throws: (any Error).self) { try Faasctl.parseAsRoot(words) }
        }
    }

    @Test("says which images it needs, and how to get them without a registry")
    func images() throws {
        #expect(FunctionTemplate.go.images == ["golang:1.25"])
        for template in FunctionTemplate.allCases {
            #expect(template.images.count == 1)
            let readme = template.files(for: try FunctionName("f")).first { $0.path == "README.md" }
            #expect(readme?.text.contains("`\(template.images[0])`") == true)
            #expect(readme?.text.contains("faasctl image load") == true)
        }
    }
}
