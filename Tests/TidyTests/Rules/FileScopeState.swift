// SPDX-License-Identifier: Apache-2.0
// C keeps its mutable state in one struct per process: a variable elsewhere is hidden state.

import Foundation

enum FileScopeState {
    /// The structs, each with the name of its one variable.
    static let allowed: Set<String> = [
        "supervisor", "warden", "spawner", "slot",
        // The slot's as well: of functions with `template` only.
        "template",
        // The gateway's, for a signal handler, which gets no argument.
        "first_thread",
    ]

    /// Variables of files and static variables of functions that can change, besides the allowed ones.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isC, let room = file.room, FileHeads.cRooms.contains(room) else { return [] }
        var scan = StatementScan(withoutPreprocessor(file.code))
        return scan.statements().compactMap { statement in
            guard let name = mutableVariable(statement.text) else { return nil }
            return Violation(
                path: file.path,
                line: statement.line,
                message: "\(name) is mutable state outside of its process's struct"
            )
        }
    }

    private static func withoutPreprocessor(_ lines: [String]) -> [String] {
        var continues = false
        return lines.map { line in
            let isDirective = continues || line.trimmed.hasPrefix("#")
            continues = isDirective && line.trimmed.hasSuffix("\\")
            return isDirective ? "" : line
        }
    }

    /// A parenthesis that a declaration has first begins its parameters, or the name of a pointer to a function.
    private static func isNoFunction(_ head: String) -> Bool {
        guard let open = head.firstIndex(of: "(") else { return true }
        return head[open...].hasPrefix("(*")
    }

    /// The name that a statement declares, when it is a variable that can change and none of the allowed ones.
    private static func mutableVariable(_ statement: String) -> String? {
        let head = String(statement.prefix { $0 != "=" }).withoutBrackets
        let words = head.words.filter { $0 != "static" && $0 != "extern" && $0 != "volatile" }
        guard let first = words.first, let name = words.last, first != "typedef",
            isNoFunction(head)
        else { return nil }
        let isType = ["struct", "union", "enum"].contains(words.first { $0 != "const" })
        let declares: Bool
        if let block = head.range(of: "{}", options: .backwards) {
            declares = !head[block.upperBound...].trimmingPrefix { $0 == " " }.isEmpty
        } else {
            declares = words.filter { $0 != "const" }.count >= (isType ? 3 : 2)
        }
        let qualified =
            head.split(separator: "*", omittingEmptySubsequences: false).last.map(String.init) ?? head
        let isConstant = (head.contains("*") ? qualified : head).words.contains("const")
        guard declares, !isConstant else { return nil }
        return allowed.contains(name) && words.contains("struct") && words.filter { $0 == name }.count == 2
            ? nil : name
    }
}

/// Finds what a C file declares at its own level, and the static variables of its functions.
private struct StatementScan {
    struct Statement {
        var text: String
        var line: Int
    }

    private let characters: [Character]
    private var position = 0
    private var line = 1

    init(_ lines: [String]) { characters = Array(lines.joined(separator: "\n")) }

    /// Blocks of types and initial values are `{}` in the text.
    mutating func statements() -> [Statement] {
        var found: [Statement] = []
        var current = Statement(text: "", line: 1)
        while position < characters.count {
            let character = characters[position]
            if character == "{" {
                let isBody = current.text.trimmed.hasSuffix(")")
                let inside = block()
                if isBody {
                    found += inside
                    current = Statement(text: "", line: line)
                } else {
                    current.text += "{}"
                }
                continue
            }
            if character == ";" {
                found.append(current)
                current = Statement(text: "", line: line)
            } else {
                if current.text.trimmed.isEmpty { current = Statement(text: "", line: line) }
                current.text.append(character == "\n" ? " " : character)
            }
            advance()
        }
        return found
    }

    /// Passes over a block; gives its static declarations.
    private mutating func block() -> [Statement] {
        var found: [Statement] = []
        var current = Statement(text: "", line: line)
        advance()
        while position < characters.count, characters[position] != "}" {
            let character = characters[position]
            if character == "{" {
                let inside = block()
                let isStatic = current.text.words.first == "static"
                found += inside
                current =
                    isStatic
                    ? Statement(text: current.text + "{}", line: current.line)
                    : Statement(text: "", line: line)
                continue
            }
            if character == ";" {
                if current.text.words.first == "static" { found.append(current) }
                current = Statement(text: "", line: line)
            } else {
                if current.text.trimmed.isEmpty { current = Statement(text: "", line: line) }
                current.text.append(character == "\n" ? " " : character)
            }
            advance()
        }
        advance()
        return found
    }

    private mutating func advance() {
        if position < characters.count, characters[position] == "\n" { line += 1 }
        position += 1
    }
}

extension String {
    /// Without array bounds and attributes.
    fileprivate var withoutBrackets: String {
        var result = ""
        var depth = 0
        for character in replacing("__attribute__((aligned(16)))", with: "") {
            if character == "[" { depth += 1 }
            if depth == 0 { result.append(character) }
            if character == "]" { depth -= 1 }
        }
        return result
    }
}
