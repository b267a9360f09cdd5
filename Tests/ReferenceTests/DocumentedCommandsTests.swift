// SPDX-License-Identifier: Apache-2.0
// Every command of faasctl that the documentation shows is one that the parser takes.

import ArgumentParser
import Foundation
import Testing

@testable import faasctl

@Suite("Commands in the documentation")
struct DocumentedCommandsTests {
    private static func pages() throws -> [ReferencePage] {
        var paths = ["README.md"]
        for folder in ["docs", "functions"] {
            let walker = FileManager.default.enumerator(atPath: ReferencePage.root.path + "/" + folder)
            while let path = walker?.nextObject() as? String {
                if path.hasSuffix(".md"), !path.hasPrefix("adr/") { paths.append(folder + "/" + path) }
            }
        }
        return try paths.sorted().map { path in
            let url = ReferencePage.root.appendingPathComponent(path)
            return ReferencePage(path: path, text: try String(contentsOf: url, encoding: .utf8))
        }
    }

    @Test("are taken by the parser: no example has an unknown command or flag")
    func areParsed() throws {
        let examples = try Self.pages().flatMap(CommandExamples.found)
        #expect(examples.count > 50)
        for example in examples {
            do { _ = try Faasctl.parseAsRoot(ComposePlacement.rearranged(example.words)) } catch {
                let message = Faasctl.message(for: error)
                // What only a terminal can have, and texts that ask for help.
                if message.contains("needs a terminal") || Faasctl.exitCode(for: error) == .success {
                    continue
                }
                Issue.record(
                    "\(example.place): 'faasctl \(example.words.joined(separator: " "))' is refused: \(message)"
                )
            }
        }
    }

    @Test(
        "are found as a shell reads them",
        arguments: [
            ("    faasctl list | head", ["list"]),
            ("    x | sudo faasctl secret create a # b", ["secret", "create", "a"]),
            ("    faasctl run -e 'A=b c' IMAGE sh", ["run", "-e", "A=b c", "IMAGE", "sh"]),
            ("    .build/release/faasctl serve &", ["serve"]),
        ]
    )
    func words(line: String, words: [String]) { #expect(CommandExamples.words(of: line) == words) }
}
