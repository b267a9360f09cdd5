// SPDX-License-Identifier: Apache-2.0
// Commands of faasctl in the documentation's code blocks, as words. The parser then says whether they are right.

import Foundation

/// Finds `faasctl …` in the lines of code blocks.
enum CommandExamples {
    /// One example: where it is, and its words after `faasctl`.
    struct Example: Hashable, Sendable {
        var place: String
        var words: [String]
    }

    /// Every example in indented and fenced blocks of a page.
    static func found(in page: ReferencePage) -> [Example] {
        var examples: [Example] = []
        var fence: String?
        for (index, line) in page.lines.enumerated() {
            if line.hasPrefix("```") {
                fence = fence == nil ? String(line.dropFirst(3)) : nil
                continue
            }
            let isShell = fence == "sh" || (fence == nil && line.hasPrefix("    "))
            guard isShell, let words = words(of: line) else { continue }
            examples.append(Example(place: "\(page.path):\(index + 1)", words: words))
        }
        return examples
    }

    /// The words after `faasctl` up to the shell's next operator; nil when the line has none, or is a synopsis.
    static func words(of line: String) -> [String]? {
        let words = shellWords(line)
        guard let start = words.firstIndex(where: { $0 == "faasctl" || $0.hasSuffix("/faasctl") }) else {
            return nil
        }
        // The words before are an assignment, `sudo` or a pipe's left side; a file to copy is no command.
        if start > 0, ["install", "ls", "-v", "cp"].contains(words[0]) { return nil }
        let command = words[(start + 1)...].prefix {
            !["|", ";", "&", "&&", "||", ">", "<", ">>", "2>"].contains($0)
        }
        let isSynopsis = command.contains { $0.hasPrefix("[") || $0.hasSuffix("...") || $0.hasSuffix("]") }
        return command.isEmpty || isSynopsis ? nil : Array(command)
    }

    /// Splits as a shell does: quotes, comments, and operators as words of their own.
    private static func shellWords(_ line: String) -> [String] {
        var words: [String] = []
        var current = ""
        var isOpen = false
        var quote: Character?
        func close() {
            if isOpen { words.append(current) }
            current = ""
            isOpen = false
        }
        for character in line {
            if let mark = quote {
                if character == mark { quote = nil } else { current.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                isOpen = true
            } else if character == " " {
                close()
            } else if character == "#", !isOpen {
                break
            } else if ";|&<>()".contains(character) {
                close()
                words.append(String(character))
            } else {
                current.append(character)
                isOpen = true
            }
        }
        close()
        return words
    }
}
