// SPDX-License-Identifier: Apache-2.0
// From the text of a Dockerfile to logical lines: comments dropped, continuations joined, here-documents
// attached. The parser uses it; no IO.

/// One instruction before its arguments are parsed.
struct LogicalLine: Hashable {
    /// Line that it begins on; counts from 1.
    var line: Int
    /// Upper-cased, because instruction names compare so.
    var keyword: String
    /// The keyword as written, for messages.
    var writtenKeyword: String
    /// The text after the keyword, trimmed.
    var rest: String
    var heredocs: [Heredoc] = []

    /// The instruction as written, with continuations joined and without here-documents.
    var text: String { rest.isEmpty ? keyword : keyword + " " + rest }
}

/// Cuts a Dockerfile into logical lines.
struct DockerfileLexer {
    /// Instructions whose arguments may begin here-documents.
    private static let heredocKeywords: Set<String> = ["RUN", "COPY", "ADD", "ONBUILD"]
    /// Most here-documents of one instruction.
    private static let heredocLimit = 64

    private let file: String
    private let lines: [Substring]
    private var position = 0
    private(set) var directives = ParserDirectives()
    private(set) var warnings: [DockerfileWarning] = []

    /// Reads the directives; ``next()`` reads the rest.
    init(_ text: String, file: String) throws(DockerfileError) {
        self.file = file
        // A byte order mark is not content, and "\r\n" is one Character to Swift, so lines are cut as bytes.
        let body = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        lines = body.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(
            Substring.init
        )
        try readDirectives()
    }

    /// The next instruction, nil at the end.
    mutating func next() throws(DockerfileError) -> LogicalLine? {
        while position < lines.count {
            let start = position
            let first = Self.trimmingEnd(lines[position]).drop(while: \.isBlank)
            position += 1
            if first.isEmpty || first.hasPrefix("#") { continue }
            return try instruction(joined(first, from: start), line: start + 1)
        }
        return nil
    }

    // MARK: Directives

    private mutating func readDirectives() throws(DockerfileError) {
        var seen: Set<String> = []
        while position < lines.count {
            let line = Self.trimmingEnd(lines[position]).drop(while: \.isBlank)
            guard let (name, value) = Self.directive(line), ["syntax", "escape", "check"].contains(name)
            else { return }
            guard seen.insert(name).inserted else {
                throw error(line, at: position + 1, expected: "the directive '\(name)' only once")
            }
            switch name {
            case "escape":
                guard value == "\\" || value == "`" else {
                    throw error(line, at: position + 1, expected: "escape=\\ or escape=`")
                }
                directives.escape = value == "`" ? "`" : "\\"
            case "syntax": directives.syntax = value
            default: directives.check = value
            }
            position += 1
        }
    }

    /// `# name=value`, the name lower-cased.
    private static func directive(_ line: Substring) -> (name: String, value: String)? {
        guard line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
        let name = line[..<equals].dropFirst().trimmingBlanks
        let value = line[line.index(after: equals)...].trimmingBlanks
        guard let first = name.first, first.isASCIILetter, !value.isEmpty else { return nil }
        guard name.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit }) else { return nil }
        return (name.lowercased(), String(value))
    }

    // MARK: Lines

    /// Joins continuation lines; comments between them are dropped.
    private mutating func joined(_ first: Substring, from start: Int) -> String {
        var text = ""
        var piece = first
        while let head = continued(piece) {
            text += head
            var warned = false
            while position < lines.count {
                let line = Self.trimmingEnd(lines[position]).drop(while: \.isBlank)
                if !line.isEmpty, !line.hasPrefix("#") { break }
                if line.isEmpty, position + 1 < lines.count, !warned {
                    warned = true
                    let text =
                        "an empty line inside an instruction; remove it or end the instruction before it"
                    warnings.append(DockerfileWarning(line: position + 1, text: text))
                }
                position += 1
            }
            guard position < lines.count else { return text }
            piece = Self.trimmingEnd(lines[position])
            position += 1
        }
        return text + piece
    }

    /// The line without its continuation mark; nil when it has none.
    ///
    /// A doubled escape is a literal one.
    private func continued(_ line: Substring) -> Substring? {
        let trimmed = line.trimmingBlanksAtEnd
        guard trimmed.last == directives.escape else { return nil }
        let head = trimmed.dropLast()
        return head.last == directives.escape ? nil : head
    }

    private mutating func instruction(_ text: String, line: Int) throws(DockerfileError) -> LogicalLine {
        let trimmed = text[...].trimmingBlanks
        let written = trimmed.prefix { !$0.isBlank }
        var result = LogicalLine(
            line: line,
            keyword: written.uppercased(),
            writtenKeyword: String(written),
            rest: String(trimmed.dropFirst(written.count).trimmingBlanks)
        )
        guard Self.heredocKeywords.contains(result.keyword) else { return result }
        let marks: [Heredoc]
        do throws(SyntaxFailure) { marks = try heredocMarks(of: result) } catch {
            throw self.error(error.text, at: line, expected: error.expected)
        }
        for mark in marks.prefix(Self.heredocLimit + 1) {
            guard result.heredocs.count < Self.heredocLimit else {
                throw error(trimmed, at: line, expected: "at most \(Self.heredocLimit) here-documents")
            }
            result.heredocs.append(try heredoc(mark, line: line))
        }
        return result
    }

    // MARK: Here-documents

    /// The marks of an instruction that may have here-documents; of ONBUILD it is the inner one.
    private func heredocMarks(of line: LogicalLine) throws(SyntaxFailure) -> [Heredoc] {
        if line.keyword == "ONBUILD" {
            let inner = line.rest.prefix { !$0.isBlank }.uppercased()
            guard Self.heredocKeywords.contains(inner) else { return [] }
        }
        return try HeredocMark.all(in: line.rest, escape: directives.escape).map(\.heredoc)
    }

    private mutating func heredoc(_ mark: Heredoc, line: Int) throws(DockerfileError) -> Heredoc {
        var result = mark
        while position < lines.count {
            var content = lines[position]
            let isLast = position == lines.count - 1
            position += 1
            if mark.stripsTabs { content = content.drop { $0 == "\t" } }
            if Self.trimmingEnd(content) == mark.name { return result }
            result.content += content
            if !isLast { result.content += "\n" }
        }
        throw error("<<" + mark.name, at: line, expected: "a line '\(mark.name)' that ends the here-document")
    }

    // MARK: Small things

    private static func trimmingEnd(_ line: Substring) -> Substring {
        line.unicodeScalars.last == "\r" ? Substring(line.unicodeScalars.dropLast()) : line
    }

    private func error(_ text: some StringProtocol, at line: Int, expected: String) -> DockerfileError {
        DockerfileError(
            location: DockerfileLocation(file: file, line: line),
            text: String(text),
            expected: expected
        )
    }
}
