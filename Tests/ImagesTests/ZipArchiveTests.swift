// SPDX-License-Identifier: Apache-2.0
// ZIP packages as files of a build context; the archives are made by Python's own module.

import Foundation
import Testing

@testable import ImageStore

@Suite("A ZIP package")
struct ZipArchiveTests {
    /// One file `a/b.py` with the text `x = 1` and a line feed, deflated, and an executable `run`.
    private static let package =
        "UEsDBBQAAAAIAAAAIVw7ifaLCAAAAAYAAAAGAAAAYS9iLnB5q1CwVTDkAgBQSwMEFAAAAAgAAAAhXB2d+wQM"
        + "AAAACgAAAAMAAABydW5TVtRPyszTL87gAgBQSwECFAMUAAAACAAAACFcO4n2iwgAAAAGAAAABgAAAAAAAAAA"
        + "AAAAgIEAAAAAYS9iLnB5UEsBAhQDFAAAAAgAAAAhXB2d+wQMAAAACgAAAAMAAAAAAAAAAAAAAMCBLAAAAHJ1"
        + "blBLBQYAAAAAAgACAGUAAABZAAAAAAA="
    /// A file `../out`.
    private static let escaping =
        "UEsDBBQAAAAIAAAAIVyDFtyMAwAAAAEAAAAGAAAALi4vb3V0qwAAUEsBAhQDFAAAAAgAAAAhXIMW3IwDAAAA"
        + "AQAAAAYAAAAAAAAAAAAAAKSBAAAAAC4uL291dFBLBQYAAAAAAQABADQAAAAnAAAAAAA="

    /// A file `a` of one byte, and `b` whose declared size is the largest number there is.
    private static let overflowing =
        "UEsDBC0AAAAAAAAAIVyDFtyMAQAAAAEAAAABAAAAYXhQSwMELQAAAAgAAAAhXIMW3Iz//////////wEAFABiAQAQ"
        + "AP////////9/AwAAAAAAAACrAABQSwECLQMtAAAAAAAAACFcgxbcjAEAAAABAAAAAQAAAAAAAAAAAAAApIEAAAAA"
        + "YVBLAQItAy0AAAAIAAAAIVyDFtyM//////////8BABQAAAAAAAAAAACkgSAAAABiAQAQAP////////9/AwAAAAAA"
        + "AABQSwUGAAAAAAIAAgByAAAAVgAAAAAA"

    private static func tar(_ base64: String) throws -> [UInt8] {
        let bytes = Array(try #require(Data(base64Encoded: base64)))
        var tar: [UInt8] = []
        let writer = try TarWriter(name: "tar") { (piece) throws(ImageError) in tar += piece }
        try ZipArchive.repack(bytes, under: "code/", into: writer)
        try writer.finish()
        return tar
    }

    private static func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            try await body(folder)
            try FileManager.default.removeItem(at: folder)
        } catch {
            try FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    @Test("whose files' declared sizes have no sum is refused")
    func overflow() throws {
        #expect(throws: ImageError.self) { try Self.tar(Self.overflowing) }
    }

    @Test("becomes files below a folder, readable for all, with the modes of programs")
    func files() async throws {
        try await Self.inFolder { folder in
            let archive = folder.appendingPathComponent("tar")
            try Data(try Self.tar(Self.package)).write(to: archive)
            let context = folder.appendingPathComponent("context").path
            _ = try await UploadedContext(archive: archive.path, into: context)
            let text = try String(contentsOfFile: context + "/code/a/b.py", encoding: .utf8)
            #expect(text == "x = 1\n")
            let manager = FileManager.default
            let plain =
                try manager.attributesOfItem(atPath: context + "/code/a/b.py")[.posixPermissions] as? Int
            let program =
                try manager.attributesOfItem(atPath: context + "/code/run")[.posixPermissions] as? Int
            #expect(plain == 0o644 && program == 0o755)
        }
    }

    @Test("refuses what is no ZIP, and names that lead out")
    func hostile() async throws {
        for text in ["", "bm8gYXJjaGl2ZQ==", String(Self.package.prefix(Self.package.count / 8 * 4))] {
            #expect(throws: ImageError.self) { try Self.tar(text) }
        }
        try await Self.inFolder { folder in
            let archive = folder.appendingPathComponent("tar")
            try Data(try Self.tar(Self.escaping)).write(to: archive)
            let context = folder.appendingPathComponent("context").path
            await #expect(throws: ImageError.self) {
                try await UploadedContext(archive: archive.path, into: context)
            }
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("out").path))
            #expect(!FileManager.default.fileExists(atPath: context + "/out"))
        }
    }
}
