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

    @Test("a secret is made once, read, replaced, listed and removed")
    func life() throws {
        #expect(try store.list() == [])
        try store.create("b", [1, 2, 0, 255])
        try store.create("a", [])
        #expect(try store.list() == ["a", "b"])
        #expect(try store.read("b") == [1, 2, 0, 255])
        #expect(try store.read("a") == [])
        #expect(throws: SecretError.exists("b")) { try store.create("b", [9]) }
        try store.update("b", [3])
        #expect(try store.read("b") == [3])
        try store.remove("b")
        #expect(throws: SecretError.notFound("b")) { try store.remove("b") }
        #expect(throws: SecretError.notFound("b")) { try store.update("b", [1]) }
        #expect(throws: SecretError.notFound("b")) { try store.read("b") }
        #expect(try store.list() == ["a"])
    }

    @Test("only the owner can read folder and files, also when the folder was wider")
    func modes() throws {
        try store.create("a", [1])
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
    func badName(name: String) throws {
        #expect(throws: SecretError.invalidName(name)) { try store.create(name, [1]) }
        #expect(throws: SecretError.invalidName(name)) { try store.update(name, [1]) }
        #expect(throws: SecretError.invalidName(name)) { try store.read(name) }
        #expect(throws: SecretError.invalidName(name)) { try store.remove(name) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    @Test(
        "letters, digits, dots, dashes and underscores make a name",
        arguments: ["a", "API_KEY", "tls.crt", "-x", "0", String(repeating: "a", count: 253)]
    )
    func goodName(name: String) throws {
        try store.create(name, [1])
        #expect(try store.list() == [name])
    }

    @Test("the largest value is stored, one byte more is refused")
    func size() throws {
        let value = [UInt8](repeating: 7, count: SecretStore.valueBytesMax)
        try store.create("a", value)
        #expect(try store.read("a") == value)
        let error = SecretError.tooLarge(
            name: "a",
            bytes: SecretStore.valueBytesMax + 1,
            bytesMax: SecretStore.valueBytesMax
        )
        #expect(throws: error) { try store.update("a", value + [1]) }
        #expect(try store.read("a") == value)
    }

    @Test("a symbolic link in the folder leads nowhere")
    func symbolicLink() throws {
        let outside = folder.path + "/outside"
        try Data("keep".utf8).write(to: URL(fileURLWithPath: outside))
        symlink(outside, path + "/link")
        #expect(throws: SecretError.self) { try store.read("link") }
        try store.update("link", [1])
        #expect(try Data(contentsOf: URL(fileURLWithPath: outside)) == Data("keep".utf8))
        #expect(try store.read("link") == [1])
    }

    @Test("what a killed process left half-written is dropped, and complete secrets stay")
    func leftover() throws {
        try store.create("a", [1])
        try Data("half".utf8).write(to: URL(fileURLWithPath: path + "/.new"))
        #expect(try store.list() == ["a"])
        _ = try SecretStore(folder: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["a"])
    }

    @Test("of many makers of one secret exactly one succeeds, and its value is whole")
    func race() async throws {
        let store = store
        let value = [UInt8](repeating: 1, count: 10_000)
        for round in 0..<50 {
            let wins = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        do throws(SecretError) {
                            try store.create("\(round)", value)
                            return 1
                        } catch {
                            #expect(error == .exists("\(round)"))
                            return 0
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(wins == 1)
            #expect(try store.read("\(round)") == value)
        }
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
