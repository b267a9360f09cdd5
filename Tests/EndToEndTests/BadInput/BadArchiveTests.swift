// SPDX-License-Identifier: Apache-2.0
// Truncated, forged and hostile archives: refused, and nothing outside the image changes.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct BadArchiveTests {
        @Test("an image for another architecture is refused")
        func refusesForeignArchitecture() async throws {
            var image = try await ImageFixture.hello()
            image.architecture = ImageFixture.foreignArchitecture
            try await Self.expectRefusal(image, words: [ImageFixture.foreignArchitecture])
        }

        @Test("a layer whose bytes do not match its digest is refused")
        func refusesForgedLayer() async throws {
            var image = try await ImageFixture.hello()
            var layer = Tar.archive(image.members)
            layer[layer.count / 2] ^= 1
            image.forgedLayer = layer
            try await Self.expectRefusal(image, words: ["digest"])
        }

        @Test("a layer whose content does not match the configuration's digest is refused")
        func refusesForgedConfiguration() async throws {
            var image = try await ImageFixture.hello()
            image.claimedDiffID = String(repeating: "0", count: 64)
            try await Self.expectRefusal(image, words: [])
        }

        @Test("a truncated archive and one that is no archive are refused")
        func refusesTruncated() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let whole = folder.url.appendingPathComponent("whole.tar")
            try await ImageFixture.hello().writeArchive(to: whole, name: "bad")
            let bytes = try Data(contentsOf: whole)
            try await GatewayUnderTest.with { gateway in
                for (index, part) in [bytes.prefix(bytes.count / 2), Data("no archive".utf8), Data()]
                    .enumerated()
                {
                    let file = folder.url.appendingPathComponent("part\(index).tar")
                    try part.write(to: file)
                    let result = try await gateway.faasctl("deploy", "bad", "--image", file.path)
                    #expect(result.code == 1)
                    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
                }
                let images = try await gateway.require("image", "list", "--output", "json")
                #expect(!images.contains("bad"))
            }
        }

        @Test("members that point outside the image change nothing there")
        func containsHostileMembers() async throws {
            let outside = try TemporaryFolder()
            defer { outside.remove() }
            try outside.write("untouched", to: "file")
            let path = outside.url.path
            let up = String(repeating: "../", count: 24)
            let hostile: [[TarMember]] = [
                [TarMember(name: up + path.dropFirst() + "/traversal", content: Data("x".utf8))],
                [TarMember(name: path + "/absolute", content: Data("x".utf8))],
                [
                    TarMember(name: "link", type: "2", link: path),
                    TarMember(name: "link/through", content: Data("x".utf8)),
                ],
                [
                    TarMember(name: "link", type: "2", link: up + path.dropFirst()),
                    TarMember(name: "link/through", content: Data("x".utf8)),
                ],
                [
                    TarMember(name: "hard", type: "1", link: path + "/file"),
                    TarMember(name: "hard", content: Data("changed".utf8)),
                ],
                [TarMember(name: "disk", type: "3", mode: 0o666, device: (1, 1))],
            ]
            try await GatewayUnderTest.with { gateway in
                let hello = try await ImageFixture.hello()
                for (index, members) in hostile.enumerated() {
                    var image = hello
                    image.members += members
                    let file = outside.url.appendingPathComponent("image\(index).tar")
                    try await image.writeArchive(to: file, name: "hostile\(index)")
                    // Refused or contained: both are fine, as long as the outside stays as it was.
                    let result = try await gateway.faasctl("deploy", "hostile\(index)", "--image", file.path)
                    if result.code == 0 {
                        let answer = try await gateway.call("/function/hostile\(index)")
                        #expect(answer.status == 200, "member \(index): \(answer.text)")
                    } else {
                        #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
                    }
                    try FileManager.default.removeItem(at: file)
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["file"])
                #expect(try String(contentsOfFile: path + "/file", encoding: .utf8) == "untouched")
            }
        }

        /// Deploys a bad image and expects one line; a good function goes on answering.
        private static func expectRefusal(_ image: ImageFixture, words: [String]) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let file = folder.url.appendingPathComponent("bad.tar")
            try await image.writeArchive(to: file, name: "bad")
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                let result = try await gateway.faasctl("deploy", "bad", "--image", file.path)
                #expect(result.code == 1)
                #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
                for word in words { #expect(result.error.contains(word), "\(word) in: \(result.error)") }
                #expect(try await gateway.call("/function/bad").status == 404)
                #expect(try await gateway.call("/hello").status == 200)
            }
        }
    }
}
