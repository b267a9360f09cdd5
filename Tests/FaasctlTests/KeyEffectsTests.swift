// SPDX-License-Identifier: Apache-2.0
// No setting that does nothing: every key and flag names the test that shows its effect.

import ArgumentParser
import Foundation
import FunctionModel
import Testing

@testable import Server
@testable import faasctl

@Suite struct KeyEffectsTests {
    /// The names of all tests but those of this list, which names them too.
    private static let tests: String = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let walker = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var text = ""
        while let file = walker?.nextObject() as? URL {
            guard file.pathExtension == "swift", file.lastPathComponent != "KeyEffects.swift" else {
                continue
            }
            // A file that cannot be read shows as a missing test.
            text += (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        }
        return text
    }()

    private static func expectComplete(_ keys: [String], _ effects: [String: String], _ what: String) {
        for key in keys where effects[key] == nil {
            Issue.record(
                "\(what): '\(key)' is accepted, and KeyEffects.swift names no test that shows its effect"
            )
        }
        for key in effects.keys.sorted() where !keys.contains(key) {
            Issue.record("\(what): '\(key)' is not accepted any more: remove it from KeyEffects.swift")
        }
        for (key, test) in effects.sorted(by: { $0.key < $1.key }) where !tests.contains("\"\(test)\"") {
            Issue.record("\(what): '\(key)': there is no test \"\(test)\"")
        }
    }

    @Test("every key of function.yaml names the test that shows its effect")
    func function() {
        Self.expectComplete(ManifestSchema.function.leaves, KeyEffects.function, "function.yaml")
    }

    @Test("every key of stack.yaml names the test that shows its effect")
    func stack() {
        Self.expectComplete(ManifestSchema.stack.leaves, KeyEffects.stack, "stack.yaml")
        let entry = Set(ManifestSchema.entry.leaves).subtracting(KeyEffects.function.keys)
        #expect(entry.isEmpty, "keys of an entry that function.yaml lacks")
    }

    @Test("every key of serve's configuration file names the test that shows its effect")
    func configuration() {
        Self.expectComplete(ServeConfigurationFile.leaves, KeyEffects.configuration, "config.yaml")
    }

    @Test("every flag of deploy names the test that shows its effect")
    func deployFlags() throws {
        let flags = try Self.flags(of: DeployCommand.self)
        Self.expectComplete(flags, KeyEffects.deployFlags, "deploy")
    }

    /// Long names as the parser knows them.
    private static func flags(of command: any ParsableCommand.Type) throws -> [String] {
        struct Dump: Decodable {
            struct Name: Decodable { var kind: String, name: String }
            struct Argument: Decodable { var names: [Name]? }
            struct Command: Decodable { var arguments: [Argument]? }
            var command: Command
        }
        let dump = try JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8))
        let names = (dump.command.arguments ?? []).compactMap { $0.names?.first { $0.kind == "long" }?.name }
        return names.filter { !["help", "version"].contains($0) }
    }
}
