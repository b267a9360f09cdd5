// SPDX-License-Identifier: Apache-2.0
// Folders of the user's machine as streams, read back as tar.

import Foundation
import Glibc
import ImageStore
import Testing

@testable import ClientFiles

@Suite struct PackedFolderTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("mayfly-client-\(UUID().uuidString)")

    /// Makes the folder with small files, and removes it after the test.
    private func with(_ files: [String: String], _ test: () throws -> Void) throws {
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            let parent = file.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        try test()
    }

    /// The names in a stream, sorted.
    private static func names(_ packed: PackedFolder) throws -> [String] {
        var reader = try TarReader(descriptor: packed.descriptor, name: "stream")
        var names: [String] = []
        while let entry = try reader.next() { names.append(entry.text) }
        try packed.finish()
        return names.sorted()
    }

    @Test("a folder goes up whole, compressed or not", arguments: [false, true])
    func whole(isCompressed: Bool) throws {
        try with(["a": "1", "d/b": "2", ".dockerignore": "a"]) {
            let packed = try PackedFolder(folder.path, isCompressed: isCompressed)
            #expect(try Self.names(packed) == [".dockerignore", "a", "d/", "d/b"])
        }
    }

    @Test("a build's folder goes up without what .dockerignore excludes")
    func context() throws {
        try with(["a": "1", "keep": "2", "Dockerfile": "FROM scratch", ".dockerignore": "a\nDockerfile"]) {
            let packed = try PackedFolder(context: folder.path, dockerfile: nil, isCompressed: false)
            #expect(try Self.names(packed) == [".dockerignore", "Dockerfile", "keep"])
        }
    }

    @Test("a folder that is not there is reported at the end, by its path")
    func missing() throws {
        let packed = try PackedFolder(folder.path, isCompressed: false)
        do throws(ClientFileError) {
            try packed.finish()
            Issue.record("finished")
        } catch {
            #expect(error.description.contains(folder.path), "\(error)")
        }
    }

    @Test("a reader that stops early is no failure of the folder")
    func stoppedReader() throws {
        try with(["big": String(repeating: "x", count: 4 << 20)]) {
            let packed = try PackedFolder(folder.path, isCompressed: false)
            try packed.finish()
        }
    }
}
