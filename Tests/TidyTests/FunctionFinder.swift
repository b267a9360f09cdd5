// SPDX-License-Identifier: Apache-2.0
// Finds functions and their extent in code that CodeView has blanked. The rules on sizes and tests use it.

/// One function with a body.
struct FunctionSpan {
    var name: String
    /// Line of the declaration's keyword, and of the closing brace; counted from 1.
    var firstLine: Int
    var lastLine: Int
    /// From the keyword to the opening brace.
    var signature: String

    var lineCount: Int { lastLine - firstLine + 1 }
}

enum FunctionFinder {
    private static let keywords: Set<String> = ["func", "init", "deinit", "subscript"]
    /// With these at the start of the next line a declaration is not over yet.
    private static let continuations = ["->", "{", "throws", "async", "rethrows", "where"]

    /// Functions, initializers and subscripts with a body, nested ones too.
    static func swiftFunctions(in file: SourceFile) -> [FunctionSpan] {
        let code = Array(file.code.joined(separator: "\n").utf8)
        let lines = LineIndex(code)
        var spans: [FunctionSpan] = []
        var position = 0
        while position < code.count {
            guard Ascii.isWord(code[position]) else {
                position += 1
                continue
            }
            let end = endOfWord(code, position)
            let word = String(decoding: code[position..<end], as: UTF8.self)
            let start = position
            position = end
            guard keywords.contains(word), start == 0 || code[start - 1] != Ascii.dot else { continue }
            guard let open = openingBrace(code, after: end), let close = matchingBrace(code, from: open)
            else { continue }
            let name = word == "func" ? nameAfter(code, end) : word
            spans.append(
                FunctionSpan(
                    name: name,
                    firstLine: lines.line(of: start),
                    lastLine: lines.line(of: close),
                    signature: String(decoding: code[start..<open], as: UTF8.self)
                )
            )
        }
        return spans
    }

    /// Definitions at file level: a brace at depth zero that follows a parenthesis.
    static func cFunctions(in file: SourceFile) -> [FunctionSpan] {
        let code = Array(file.code.joined(separator: "\n").utf8)
        let lines = LineIndex(code)
        var spans: [FunctionSpan] = []
        var position = 0
        while position < code.count {
            guard code[position] == Ascii.openBrace, let close = matchingBrace(code, from: position) else {
                position += 1
                continue
            }
            var before = position - 1
            while before >= 0, code[before] == Ascii.space || code[before] == Ascii.newline { before -= 1 }
            if before >= 0, code[before] == Ascii.close {
                let open = matchingParenthesis(code, endingAt: before)
                let start = startOfDefinition(code, before: open)
                spans.append(
                    FunctionSpan(
                        name: nameBefore(code, open),
                        firstLine: lines.line(of: start),
                        lastLine: lines.line(of: close),
                        signature: String(decoding: code[start..<position], as: UTF8.self)
                    )
                )
            }
            position = close + 1
        }
        return spans
    }

    private static func endOfWord(_ code: [UInt8], _ start: Int) -> Int {
        var end = start
        while end < code.count, Ascii.isWord(code[end]) { end += 1 }
        return end
    }

    private static func nameAfter(_ code: [UInt8], _ position: Int) -> String {
        var start = position
        while start < code.count, code[start] == Ascii.space { start += 1 }
        let end = endOfWord(code, start)
        return end > start ? String(decoding: code[start..<end], as: UTF8.self) : "operator"
    }

    private static func nameBefore(_ code: [UInt8], _ position: Int) -> String {
        var start = position
        while start > 0, Ascii.isWord(code[start - 1]) { start -= 1 }
        return String(decoding: code[start..<position], as: UTF8.self)
    }

    /// The brace that opens the body, or nil for a requirement without one.
    private static func openingBrace(_ code: [UInt8], after start: Int) -> Int? {
        var depth = 0
        var position = start
        while position < code.count {
            switch code[position] {
            case Ascii.open, Ascii.openBracket: depth += 1
            case Ascii.close, Ascii.closeBracket:
                depth -= 1
                if depth < 0 { return nil }
            case Ascii.openBrace where depth == 0: return position
            case Ascii.closeBrace where depth == 0: return nil
            case Ascii.newline where depth == 0 && !continues(code, after: position): return nil
            default: break
            }
            position += 1
        }
        return nil
    }

    private static func continues(_ code: [UInt8], after newline: Int) -> Bool {
        var last = newline - 1
        while last >= 0, code[last] == Ascii.space { last -= 1 }
        if last >= 0, code[last] != Ascii.close, !Ascii.isWord(code[last]), code[last] != UInt8(ascii: "?"),
            code[last] != Ascii.closeBracket, code[last] != UInt8(ascii: ">")
        {
            return true
        }
        var next = newline + 1
        while next < code.count, code[next] == Ascii.space || code[next] == Ascii.newline { next += 1 }
        return continuations.contains { code[next...].starts(with: $0.utf8) }
    }

    private static func matchingBrace(_ code: [UInt8], from open: Int) -> Int? {
        var depth = 0
        for position in open..<code.count {
            if code[position] == Ascii.openBrace { depth += 1 }
            if code[position] == Ascii.closeBrace {
                depth -= 1
                if depth == 0 { return position }
            }
        }
        return nil
    }

    private static func matchingParenthesis(_ code: [UInt8], endingAt close: Int) -> Int {
        var depth = 0
        var position = close
        while position >= 0 {
            if code[position] == Ascii.close { depth += 1 }
            if code[position] == Ascii.open {
                depth -= 1
                if depth == 0 { return position }
            }
            position -= 1
        }
        return 0
    }

    private static func startOfDefinition(_ code: [UInt8], before position: Int) -> Int {
        var start = position
        let ends: Set<UInt8> = [Ascii.closeBrace, UInt8(ascii: ";"), Ascii.newline]
        while start > 0, !ends.contains(code[start - 1]) { start -= 1 }
        return start
    }
}

/// Line numbers of byte positions.
private struct LineIndex {
    private let starts: [Int]

    init(_ code: [UInt8]) {
        var starts = [0]
        for position in code.indices where code[position] == Ascii.newline { starts.append(position + 1) }
        self.starts = starts
    }

    func line(of position: Int) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle } else { high = middle }
        }
        return low + 1
    }
}
