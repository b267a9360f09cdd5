// SPDX-License-Identifier: Apache-2.0
// Variables, quotes and escapes in the arguments of instructions (Dockerfile reference, "Environment
// replacement"). The builder passes the variables in scope; pure.

/// Expands words by the rules of the Dockerfile reference: `$v ${v} ${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?w} ${v?w}
/// ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/w} ${v//p/w}`.
struct WordExpander {
    /// Deepest nesting of `${a:-${b:-…}}`, which recurses on the stack.
    static let depthLimit = 32
    /// Bytes of one expanded word: variables that repeat each other double their size with each line.
    static let sizeLimit = 1 << 20

    let escape: Character
    /// The variables in scope; other names expand to the empty string.
    let variables: [String: String]

    init(_ variables: [String: String], escape: Character = "\\") {
        self.variables = variables
        self.escape = escape
    }

    /// One word: quotes are removed, blanks stay.
    func expand(_ word: String) throws(SyntaxFailure) -> String {
        try pieces(word).map(\.text).joined()
    }

    /// Several words: split at blanks outside quotes, also at blanks in the values of variables.
    func words(_ text: String) throws(SyntaxFailure) -> [String] {
        var words: [String] = []
        var word: String?
        for piece in try pieces(text) {
            if piece.isQuoted {
                word = (word ?? "") + piece.text
                continue
            }
            for character in piece.text {
                if character.isBlank {
                    if let word { words.append(word) }
                    word = nil
                } else {
                    word = (word ?? "") + String(character)
                }
            }
        }
        return word.map { words + [$0] } ?? words
    }

    /// A here-document: only variables are expanded, quotes are characters, an escape affects `$` and itself.
    func expandDocument(_ text: String) throws(SyntaxFailure) -> String {
        var scanner = WordScanner(text, expander: self, depth: 0)
        return try scanner.document()
    }

    private func pieces(_ text: String) throws(SyntaxFailure) -> [WordScanner.Piece] {
        var scanner = WordScanner(text, expander: self, depth: 0)
        return try scanner.pieces(until: nil)
    }
}

/// One pass over one text.
struct WordScanner {
    struct Piece {
        var text: String
        var isQuoted: Bool
    }

    private let text: [Character]
    private let expander: WordExpander
    private let depth: Int
    private var position = 0
    private var size = 0

    init(_ text: String, expander: WordExpander, depth: Int) {
        self.text = Array(text)
        self.expander = expander
        self.depth = depth
    }

    private init(_ text: [Character], at position: Int, expander: WordExpander, depth: Int) {
        self.text = text
        self.position = position
        self.expander = expander
        self.depth = depth
    }

    /// Scans to the end, or to `stop` outside quotes, which is not consumed.
    mutating func pieces(until stops: Set<Character>?) throws(SyntaxFailure) -> [Piece] {
        var pieces: [Piece] = []
        while position < text.count {
            let character = text[position]
            if stops?.contains(character) == true { return pieces }
            let piece: Piece
            switch character {
            case "'": piece = try Piece(text: singleQuoted(), isQuoted: true)
            case "\"": piece = try Piece(text: doubleQuoted(), isQuoted: true)
            case "$": piece = try Piece(text: variable(), isQuoted: false)
            case expander.escape: piece = Piece(text: escaped(), isQuoted: true)
            default:
                position += 1
                piece = Piece(text: String(character), isQuoted: false)
            }
            try count(piece.text)
            if pieces.last?.isQuoted == piece.isQuoted {
                pieces[pieces.count - 1].text += piece.text
            } else {
                pieces.append(piece)
            }
        }
        return pieces
    }

    /// Scans to the end with quotes as plain characters.
    mutating func document() throws(SyntaxFailure) -> String {
        var result = ""
        while position < text.count {
            let isEscaped = text[position] == expander.escape && position + 1 < text.count
            let piece: String
            if text[position] == "$" {
                piece = try variable()
            } else if isEscaped, ["$", expander.escape].contains(text[position + 1]) {
                piece = escaped()
            } else {
                piece = String(text[position])
                position += 1
            }
            try count(piece)
            result += piece
        }
        return result
    }

    private mutating func count(_ piece: String) throws(SyntaxFailure) {
        size += piece.utf8.count
        guard size <= WordExpander.sizeLimit else {
            throw SyntaxFailure(
                String(text),
                expected: "at most \(WordExpander.sizeLimit) bytes after expansion"
            )
        }
    }

    private mutating func escaped() -> String {
        position += 1
        // An escape as the last character means itself.
        guard position < text.count else { return String(expander.escape) }
        defer { position += 1 }
        return String(text[position])
    }

    private mutating func singleQuoted() throws(SyntaxFailure) -> String {
        let start = position
        position += 1
        while position < text.count {
            if text[position] == "'" {
                position += 1
                return String(text[(start + 1)..<(position - 1)])
            }
            position += 1
        }
        throw SyntaxFailure(String(text[start...]), expected: "a closing single quote")
    }

    private mutating func doubleQuoted() throws(SyntaxFailure) -> String {
        let start = position
        var result = ""
        position += 1
        while position < text.count {
            switch text[position] {
            case "\"":
                position += 1
                return result
            case "$":
                result += try variable()
                try count(result)
            case expander.escape:
                position += 1
                guard position < text.count else { break }
                // Inside double quotes an escape affects these only; before others it is a character.
                if !["\"", "$", expander.escape].contains(text[position]) { result.append(expander.escape) }
                result.append(text[position])
                position += 1
            default:
                result.append(text[position])
                position += 1
            }
        }
        throw SyntaxFailure(String(text[start...]), expected: "a closing double quote")
    }

    // MARK: Variables

    private mutating func variable() throws(SyntaxFailure) -> String {
        position += 1
        guard position < text.count else { return "$" }
        if text[position] == "{" { return try braced() }
        guard let name = name() else { return "$" }
        return expander.variables[name] ?? ""
    }

    /// A name, or one of the shell's special parameters; nil when the text has neither.
    private mutating func name() -> String? {
        guard position < text.count else { return nil }
        let start = position
        if text[start].startsName {
            while position < text.count, text[position].continuesName { position += 1 }
        } else if text[start].isASCIIDigit || "@*#?-$!".contains(text[start]) {
            position += 1
        } else {
            return nil
        }
        return String(text[start..<position])
    }

    private mutating func braced() throws(SyntaxFailure) -> String {
        let start = position - 1
        position += 1
        guard let name = name() else { throw unsupported(from: start) }
        let value = expander.variables[name]
        guard position < text.count else { throw unclosed(from: start) }
        let operation = text[position]
        position += 1
        switch operation {
        case "}": return value ?? ""
        case ":":
            guard position < text.count, "-+?".contains(text[position]) else {
                throw unsupported(from: start)
            }
            position += 1
            let isSet = value?.isEmpty == false
            return try substitution(text[position - 1], name: name, value: isSet ? value : nil, from: start)
        case "-", "+", "?": return try substitution(operation, name: name, value: value, from: start)
        case "#", "%": return try trimming(operation, value: value ?? "", from: start)
        case "/": return try replacing(value ?? "", from: start)
        default: throw unsupported(from: start)
        }
    }

    private mutating func substitution(
        _ operation: Character,
        name: String,
        value: String?,
        from start: Int
    ) throws(SyntaxFailure) -> String {
        let word = try argument(until: ["}"], from: start)
        switch operation {
        case "-": return value ?? word
        case "+": return value == nil ? "" : word
        default:
            if let value { return value }
            throw SyntaxFailure(
                String(text[start..<position]),
                expected: word.isEmpty ? "a value for '\(name)'" : "a value for '\(name)': \(word)"
            )
        }
    }

    private mutating func trimming(
        _ operation: Character,
        value: String,
        from start: Int
    ) throws(SyntaxFailure) -> String {
        let isLongest = position < text.count && text[position] == operation
        if isLongest { position += 1 }
        let pattern = ShellPattern(try patternText(until: ["}"], from: start))
        return operation == "#"
            ? pattern.trimmingPrefix(of: value, longest: isLongest)
            : pattern.trimmingSuffix(of: value, longest: isLongest)
    }

    private mutating func replacing(_ value: String, from start: Int) throws(SyntaxFailure) -> String {
        let isGlobal = position < text.count && text[position] == "/"
        if isGlobal { position += 1 }
        let pattern = ShellPattern(try patternText(until: ["/", "}"], from: start))
        let hasReplacement = text[position - 1] == "/"
        let replacement = hasReplacement ? try argument(until: ["}"], from: start) : ""
        return pattern.replacing(in: value, with: replacement, everywhere: isGlobal)
    }

    /// The word after an operator, expanded; the scanner is behind the stop character afterwards.
    private mutating func argument(until stops: Set<Character>, from start: Int) throws(SyntaxFailure)
        -> String
    {
        guard depth < WordExpander.depthLimit else {
            throw SyntaxFailure(
                String(text),
                expected: "at most \(WordExpander.depthLimit) nested substitutions"
            )
        }
        var inner = WordScanner(text, at: position, expander: expander, depth: depth + 1)
        let word = try inner.pieces(until: stops).map(\.text).joined()
        position = inner.position
        guard position < text.count else { throw unclosed(from: start) }
        position += 1
        return word
    }

    /// A pattern: variables are expanded, escapes are kept for the pattern.
    private mutating func patternText(
        until stops: Set<Character>,
        from start: Int
    ) throws(SyntaxFailure) -> [ShellPattern.Token] {
        var tokens: [ShellPattern.Token] = []
        while position < text.count, !stops.contains(text[position]) {
            switch text[position] {
            case "*": tokens.append(.anyRun)
            case "?": tokens.append(.anyOne)
            case expander.escape where position + 1 < text.count:
                position += 1
                tokens.append(.literal(text[position]))
            case "$":
                tokens += try variable().map { .literal($0) }
                continue
            default: tokens.append(.literal(text[position]))
            }
            position += 1
        }
        guard position < text.count else { throw unclosed(from: start) }
        position += 1
        return tokens
    }

    private func unclosed(from start: Int) -> SyntaxFailure {
        SyntaxFailure(String(text[start...]), expected: "a closing brace")
    }

    private func unsupported(from start: Int) -> SyntaxFailure {
        SyntaxFailure(
            String(text[start...]),
            expected: "a name and one of :- - :+ + :? ? # ## % %% / // in ${…}"
        )
    }
}
