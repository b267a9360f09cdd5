// SPDX-License-Identifier: Apache-2.0
// Logins as header fields, and images that a build reads.

import Foundation
import Testing

@testable import ClientFiles

@Suite struct RegistryLoginTests {
    @Test("a login is one field in the form of Docker's file, and no description shows its password")
    func field() throws {
        let login = RegistryLogin(user: "me", password: "s3cret")
        let field = try #require(try login.field(for: "r.example"))
        #expect(field.name == "X-Registry-Config")
        let data = try #require(Data(base64Encoded: field.value))
        let entries = try JSONDecoder().decode([String: [String: String]].self, from: data)
        #expect(entries == ["r.example": ["auth": Data("me:s3cret".utf8).base64EncodedString()]])
        #expect("\(login)" == "me:***" && !String(reflecting: login).contains("s3cret"))
    }

    @Test("a login that is too long for a field is refused")
    func tooLong() {
        let login = RegistryLogin(user: "me", password: String(repeating: "x", count: 64 << 10))
        #expect(throws: ClientFileError.self) { try login.field(for: "r.example") }
    }

    @Test("a Dockerfile's base images are found, and one with a mistake has none")
    func images() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("mayfly-client-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func find(_ text: String) throws -> [String] {
            let file = folder.appendingPathComponent("Dockerfile")
            try text.write(to: file, atomically: true, encoding: .utf8)
            return ReferencedImages.find(
                context: folder.path,
                dockerfile: nil,
                arguments: ["TAG": "2"],
                target: nil,
                platform: nil
            )
        }
        #expect(try find("ARG TAG=1\nFROM a.example/b:$TAG\nCMD x\n") == ["a.example/b:2"])
        #expect(try find("FORM x\n").isEmpty)
    }
}
