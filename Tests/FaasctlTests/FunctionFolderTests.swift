// SPDX-License-Identifier: Apache-2.0
// Folders and image arguments of deploy.

import ArgumentParser
import Foundation
import FunctionModel
import ManifestReader
import Testing

@testable import faasctl

@Suite final class FunctionFolderTests: Sendable {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("Folder-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    // A failing test leaves no folder either.
    deinit { try? FileManager.default.removeItem(at: folder) }

    @Test("a folder without function.yaml is named after itself")
    func namesAfterFolder() throws {
        try write("FROM scratch\n", "Dockerfile")
        let manifest = try FunctionFolder.read(folder, shown: "x", name: nil)
        #expect(manifest.name.text == folder.lastPathComponent.lowercased())
        #expect(manifest.buildFolder == ".")
        #expect(try FunctionFolder.read(folder, shown: "x", name: "other").name.text == "other")
    }

    @Test(
        "what the gateway would refuse in any case is refused before a build",
        arguments: [
            (
                "schedules: [{cron: \"CRON_TZ=UTC * * * * *\", timezone: UTC}]", "names a time zone itself"
            ),
            ("image: Foo:Bar", "'Foo:Bar' is not an image reference"),
            ("schedules: [{cron: \"61 * * * *\"}]", "61"),
        ]
    )
    func checksFirst(line: String, reason: String) throws {
        let manifest = try FunctionManifest.read("name: f\nbuild: .\n\(line)\n", file: "function.yaml")
        let failure = #expect(throws: CommandFailure.self) { try Deployer.check(manifest) }
        #expect(failure?.what == "cannot deploy 'f'")
        #expect(failure?.why.contains(reason) == true, "\(failure?.why ?? "")")
        try Deployer.check(try FunctionManifest.read("name: f\nbuild: .\n", file: "function.yaml"))
    }

    @Test("build wants a name that an image can have", arguments: ["Foo:Bar", "a b", "", "x:"])
    func checksTag(tag: String) {
        #expect(throws: (any Error).self) { try BuildCommand.parse(["-t", tag, "."]) }
    }

    @Test("mistakes are reported with the file as the user named it")
    func namesFile() throws {
        try write("nam: a\n", "function.yaml")
        let mistake = #expect(throws: ManifestError.self) {
            try FunctionFolder.read(folder, shown: "x/", name: nil)
        }
        #expect(mistake?.file == "x/function.yaml")
    }

    @Test("a missing Dockerfile, folder or file is reported with what to do")
    func tellsMissing() throws {
        try write("name: a\nbuild: .\n", "function.yaml")
        let missing = #expect(throws: CommandFailure.self) {
            try FunctionFolder.read(folder, shown: "x", name: nil)
        }
        #expect(missing?.why.contains("there is no Dockerfile") == true)
        let absent = #expect(throws: CommandFailure.self) {
            try FunctionFolder.read(folder.appendingPathComponent("absent"), shown: "absent", name: nil)
        }
        #expect(absent?.next.contains("--image") == true)
        let file = #expect(throws: CommandFailure.self) {
            try FunctionFolder.read(folder.appendingPathComponent("function.yaml"), shown: "f", name: nil)
        }
        #expect(file?.why == "it is not a folder")
    }

    @Test("an image is a layout, an archive or a reference by what is there")
    func findsImages() throws {
        try write("", "image.tar")
        let archive = folder.appendingPathComponent("image.tar")
        #expect(ImageSource.find(archive.path) == .archive(URL(fileURLWithPath: archive.path)))
        #expect(ImageSource.find(folder.path) == .reference(folder.path))
        try write("{}", "oci-layout")
        #expect(ImageSource.find(folder.path) == .layout(URL(fileURLWithPath: folder.path)))
        #expect(ImageSource.find("busybox:1") == .reference("busybox:1"))
    }
}
