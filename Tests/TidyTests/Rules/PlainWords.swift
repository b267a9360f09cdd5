// SPDX-License-Identifier: Apache-2.0
// Phrases without a subject that can be named. Documents, comments and titles of tests do without them.

enum PlainWords {
    /// Matched as whole words, without regard to case.
    static let phrases = [
        "whoever", "whomever", "nobody", "anybody", "somebody", "stands ready", "stand ready", "stood ready",
        "the way of a",
    ]

    /// Lines of documents, comments and titles of tests that hold one of the phrases.
    ///
    /// Text in backticks and in code is not looked at.
    static func violations(in file: SourceFile) -> [Violation] {
        var found: [Violation] = []
        var isCode = false
        for (index, line) in file.lines.enumerated() {
            let trimmed = line.trimmed
            if file.path.hasSuffix(".md"), trimmed.hasPrefix("```") { isCode.toggle() }
            guard !isCode, isProse(trimmed, in: file) else { continue }
            let words = proseWords(trimmed)
            for phrase in phrases where words.contains(" \(phrase) ") {
                let message = "'\(phrase)': name the subject"
                found.append(Violation(path: file.path, line: index + 1, message: message))
            }
        }
        return found
    }

    private static func isProse(_ line: String, in file: SourceFile) -> Bool {
        if file.path.hasSuffix(".md") { return true }
        guard file.isSwift || file.isC else { return false }
        return line.hasPrefix("//") || line.hasPrefix("@Test(\"") || line.hasPrefix("@Suite(\"")
    }

    /// The words outside of backticks in lower case, with one space before and after each.
    private static func proseWords(_ line: String) -> String {
        let parts = line.split(separator: "`", omittingEmptySubsequences: false)
        let prose = parts.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        return " " + prose.joined(separator: " ` ").lowercased().words.joined(separator: " ") + " "
    }
}
