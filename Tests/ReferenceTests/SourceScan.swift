// SPDX-License-Identifier: Apache-2.0
// Names that only the text of the sources has: statuses, environment variables, device nodes.

import Foundation

/// Reads source files of one folder.
enum SourceScan {
    /// The texts of all files below a folder of the tree that have one of these endings.
    static func texts(in folder: String, endings: [String] = [".swift"]) throws -> [String] {
        let root = ReferencePage.root.appendingPathComponent(folder)
        let walker = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        var texts: [String] = []
        while let url = walker?.nextObject() as? URL {
            guard endings.contains(where: { url.lastPathComponent.hasSuffix($0) }) else { continue }
            texts.append(try String(contentsOf: url, encoding: .utf8))
        }
        return texts
    }

    /// Every first capture of a pattern.
    static func captures(
        _ pattern: Regex<(Substring, Substring)>,
        in texts: [String]
    ) -> Set<String> {
        var found: Set<String> = []
        for text in texts { for match in text.matches(of: pattern) { found.insert(String(match.1)) } }
        return found
    }
}
