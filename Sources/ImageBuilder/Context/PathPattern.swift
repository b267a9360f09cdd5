// SPDX-License-Identifier: Apache-2.0
// Patterns over slash-separated paths in the syntax of Go's filepath.Match, with `**` for .dockerignore.
// IgnoreRules and the globs of COPY use it; pure.

/// One compiled pattern.
///
/// Matching does not backtrack, so no pattern makes it exponential.
struct PathPattern: Hashable {
    private enum Token: Hashable {
        case literal(Unicode.Scalar)
        /// `?`: one character except a slash.
        case anyOne
        /// `*`: characters except slashes.
        case anyRun
        /// `**` at the end: anything.
        case anything
        /// `**/`: any number of complete folders, including none. Always followed by ``withinFolder``.
        case anyFolders
        /// Within one of those folders, up to its slash.
        case withinFolder
        case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private var tokens: [Token] = []
    /// Whether it has a special character; otherwise it is a plain path.
    private(set) var isGlob = false
    /// The characters before the first special one.
    private(set) var literalPrefix = ""

    /// Compiles a pattern.
    ///
    /// Unless `allowsDoubleStar`, `**` is the same as `*`.
    init(_ text: String, allowsDoubleStar: Bool) throws(SyntaxFailure) {
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if !isGlob, !"*?[\\".unicodeScalars.contains(scalar) {
                literalPrefix.unicodeScalars.append(scalar)
            }
            switch scalar {
            case "*" where allowsDoubleStar && scalars.first == "*": takeDoubleStar(&scalars)
            case "*": append(.anyRun)
            case "?": append(.anyOne)
            case "[": append(try Self.characterClass(&scalars, in: text))
            case "\\":
                guard let next = scalars.popFirst() else { throw Self.malformed(text) }
                if !isGlob { literalPrefix.unicodeScalars.append(next) }
                tokens.append(.literal(next))
            default: tokens.append(.literal(scalar))
            }
        }
    }

    private mutating func append(_ token: Token) {
        isGlob = true
        tokens.append(token)
    }

    private mutating func takeDoubleStar(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        while scalars.first == "*" { scalars.removeFirst() }
        if scalars.first == "/" { scalars.removeFirst() }
        if scalars.isEmpty { return append(.anything) }
        append(.anyFolders)
        append(.withinFolder)
    }

    private static func characterClass(
        _ scalars: inout ArraySlice<Unicode.Scalar>,
        in text: String
    ) throws(SyntaxFailure) -> Token {
        let isNegated = scalars.first == "^"
        if isNegated { scalars.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while scalars.first != "]" || ranges.isEmpty {
            let low = try classMember(&scalars, in: text)
            guard scalars.first == "-" else {
                ranges.append(low...low)
                continue
            }
            scalars.removeFirst()
            let high = try classMember(&scalars, in: text)
            guard low <= high else { throw malformed(text) }
            ranges.append(low...high)
        }
        scalars.removeFirst()
        return .oneOf(ranges, isNegated: isNegated)
    }

    private static func classMember(
        _ scalars: inout ArraySlice<Unicode.Scalar>,
        in text: String
    ) throws(SyntaxFailure) -> Unicode.Scalar {
        guard var scalar = scalars.popFirst(), scalar != "-" else { throw malformed(text) }
        if scalar == "\\" {
            guard let next = scalars.popFirst() else { throw malformed(text) }
            scalar = next
        }
        return scalar
    }

    private static func malformed(_ text: String) -> SyntaxFailure {
        SyntaxFailure(text, expected: "a pattern of *, ?, [a-z] and \\ before a literal character")
    }

    /// Whether the whole path matches.
    ///
    /// - Complexity: the pattern's length times the path's at worst; about the path's length for most.
    func matches(_ path: some Collection<Unicode.Scalar>) -> Bool {
        var states = States(count: tokens.count)
        enter(0, &states)
        states.advance()
        for scalar in path {
            for state in states.current where state < tokens.count { step(state, scalar, &states) }
            states.advance()
            if states.current.isEmpty { return false }
        }
        return states.current.contains(tokens.count)
    }

    /// The positions in `tokens` that may be next, each once, and those after the current character.
    private struct States {
        private(set) var current: [Int] = []
        private var next: [Int] = []
        /// The round in which each position was added last.
        private var rounds: [Int]
        private var round = 1

        init(count: Int) { rounds = [Int](repeating: 0, count: count + 1) }

        /// False when the position is present already.
        mutating func add(_ state: Int) -> Bool {
            guard rounds[state] != round else { return false }
            rounds[state] = round
            next.append(state)
            return true
        }

        mutating func advance() {
            swap(&current, &next)
            next.removeAll(keepingCapacity: true)
            round += 1
        }
    }

    private func step(_ state: Int, _ scalar: Unicode.Scalar, _ states: inout States) {
        switch tokens[state] {
        case .literal(let literal): if literal == scalar { enter(state + 1, &states) }
        case .anyOne: if scalar != "/" { enter(state + 1, &states) }
        case .anyRun: if scalar != "/" { enter(state, &states) }
        case .anything: enter(state, &states)
        case .anyFolders: return
        case .withinFolder:
            _ = states.add(state)
            if scalar == "/" { enter(state + 1, &states) }
        case .oneOf(let ranges, let isNegated):
            if scalar != "/", ranges.contains(where: { $0.contains(scalar) }) != isNegated {
                enter(state + 1, &states)
            }
        }
    }

    /// Adds a position and those behind tokens that may match the empty string.
    private func enter(_ first: Int, _ states: inout States) {
        var state = first
        while states.add(state), state < tokens.count {
            switch tokens[state] {
            case .anyRun, .anything: state += 1
            case .anyFolders:
                _ = states.add(state + 1)
                state += 2
            default: return
            }
        }
    }
}
