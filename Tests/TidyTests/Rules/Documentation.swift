// SPDX-License-Identifier: Apache-2.0
// What other rooms may use is explained where it is declared. The formatter's own rule sees only `public`.

enum Documentation {
    /// Declarations that need words of their own.
    ///
    /// A property's or initializer's name and type say enough where the type around it is explained.
    private static let kinds: Set<String> = [
        "func", "struct", "class", "enum", "protocol", "actor", "typealias", "macro",
    ]
    /// Required by the standard library or the language, and explained there.
    private static let known: Set<String> = ["CodingKeys", "encode", "hash", "makeAsyncIterator"]

    /// Package declarations without a `///` above.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift, file.room != nil else { return [] }
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            guard let name = declaredName(line), !isDocumented(file, above: index) else { continue }
            found.append(
                Violation(path: file.path, line: index + 1, message: "\(name) needs a /// comment")
            )
        }
        return found
    }

    private static func declaredName(_ line: String) -> String? {
        let words = line.words
        guard let access = words.firstIndex(of: "package") else { return nil }
        guard let kind = words[access...].firstIndex(where: { kinds.contains($0) }) else { return nil }
        let modifiers: Set<String> = [
            "final", "static", "class", "mutating", "consuming", "borrowing", "nonisolated", "indirect",
            "override",
            "isolated", "distributed", "prefix", "postfix", "infix",
        ]
        guard words[(access + 1)..<kind].allSatisfy({ modifiers.contains($0) }) else { return nil }
        // `class func`: the keyword before was a modifier.
        let isModifier = kind + 1 < words.count && kinds.contains(words[kind + 1])
        let nameIndex = isModifier ? kind + 2 : kind + 1
        // An operator has no word for a name, and everyone knows what it does.
        guard nameIndex < words.count, line.contains("\(words[nameIndex - 1]) \(words[nameIndex])") else {
            return nil
        }
        return known.contains(words[nameIndex]) ? nil : words[nameIndex]
    }

    private static func isDocumented(_ file: SourceFile, above index: Int) -> Bool {
        var line = index - 1
        while line >= 0 {
            let text = file.lines[line].trimmed
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") || text.hasPrefix("//") || text.hasPrefix("#if") else { return false }
            line -= 1
        }
        return false
    }
}
