// SPDX-License-Identifier: Apache-2.0
// Secrets as files: names that cannot leave the folder, modes, and no half-written value.

import Foundation
import FunctionStore
import Testing

@Suite struct SecretStoreTests {
    let folder: TemporaryFolder
    let store: SecretStore
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/secrets/functions"
        store = try SecretStore(folder: path)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("only the owner can read folder and files, also when the folder was wider")
    func modes() async throws {
        try await store.create("a", [1])
        #expect(try mode(path) == 0o700)
        #expect(try mode(path + "/a") == 0o600)
        chmod(path, 0o755)
        _ = try SecretStore(folder: path)
        #expect(try mode(path) == 0o700)
    }

    @Test(
        "a name that could leave or hide in the folder is refused",
        arguments: [
            "", ".", "..", ".hidden", "../a", "a/b", "/etc/passwd", "a b", "a\0", "ä", "a\n",
            String(repeating: "a", count: 254),
        ]
    )
    func badName(name: String) async throws {
        await #expect(throws: SecretError.invalidName(name)) { try await store.create(name, [1]) }
        await #expect(throws: SecretError.invalidName(name)) { try await store.update(name, [1]) }
        await #expect(throws: SecretError.invalidName(name)) { try await store.read(name) }
        await #expect(throws: SecretError.invalidName(name)) { try await store.remove(name) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    @Test(
        "letters, digits, dots, dashes and underscores make a name",
        arguments: ["a", "API_KEY", "tls.crt", "-x", "0", String(repeating: "a", count: 253)]
    )
    func goodName(name: String) async throws {
        try await store.create(name, [1])
        #expect(try await store.list() == [name])
    }

    @Test("a symbolic link in the folder leads nowhere")
    func symbolicLink() async throws {
        let outside = folder.path + "/outside"
        try Data("keep".utf8).write(to: URL(fileURLWithPath: outside))
        symlink(outside, path + "/link")
        await #expect(throws: SecretError.self) { try await store.read("link") }
        try await store.update("link", [1])
        #expect(try Data(contentsOf: URL(fileURLWithPath: outside)) == Data("keep".utf8))
        #expect(try await store.read("link") == [1])
    }

    @Test("what a killed process left half-written is dropped, and complete secrets stay")
    func leftover() async throws {
        try await store.create("a", [1])
        try Data("half".utf8).write(to: URL(fileURLWithPath: path + "/.new"))
        #expect(try await store.list() == ["a"])
        _ = try SecretStore(folder: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["a"])
    }

    @Test("a folder that cannot be made is reported with call, path and errno")
    func noFolder() throws {
        try Data().write(to: URL(fileURLWithPath: folder.path + "/file"))
        let below = folder.path + "/file/secrets"
        #expect(throws: SecretError.system(call: "mkdir", path: below, errorNumber: ENOTDIR)) {
            try SecretStore(folder: below)
        }
    }

    @Test("no error text holds a value")
    func text() throws {
        let texts = [
            SecretError.exists("a"), .notFound("a"), .invalidName("a"),
            .tooLarge(name: "a", bytes: 2, bytesMax: 1), .tooMany(countMax: 1),
            .system(call: "open", path: "/p", errorNumber: ENOSPC),
        ].map(\.description)
        #expect(texts.last == "open '/p' failed: No space left on device")
        #expect(Set(texts).count == texts.count)
    }
}
