// SPDX-License-Identifier: Apache-2.0
// Patterns over slash-separated paths, as Go's filepath.Match has them, with `**` for .dockerignore.
// IgnoreRules and the globs of COPY drive it; pure.

/// One compiled pattern.
///
/// Matching never backtracks, so no pattern can make it explode.
struct PathPattern: Hashable {
    private enum Token: Hashable {
        case literal(Unicode.Scalar)
        /// `?`: one character but a slash.
        case anyOne
        /// `*`: characters but slashes.
        case anyRun
        /// `**` at the end: anything.
        case anything
        /// `**/`: any number of whole folders, also none.
        case anyFolders
        case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private var tokens: [Token] = []
    /// Whether anything in it is special; otherwise it is a plain path.
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
        append(scalars.isEmpty ? .anything : .anyFolders)
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

    /// Says whether the whole path matches.
    func matches(_ path: some Collection<Unicode.Scalar>) -> Bool {
        // The positions in `tokens` that may be next, each once.
        var states: [Int] = []
        var next: [Int] = []
        enter(0, &states)
        for scalar in path {
            next.removeAll(keepingCapacity: true)
            for state in states where state < tokens.count { step(state, scalar, &next) }
            swap(&states, &next)
            if states.isEmpty { return false }
        }
        return states.contains(tokens.count)
    }

    private func step(_ state: Int, _ scalar: Unicode.Scalar, _ next: inout [Int]) {
        switch tokens[state] {
        case .literal(let literal): if literal == scalar { enter(state + 1, &next) }
        case .anyOne: if scalar != "/" { enter(state + 1, &next) }
        case .anyRun: if scalar != "/" { enter(state, &next) }
        case .anything: enter(state, &next)
        case .anyFolders:
            add(state, &next)
            if scalar == "/" { enter(state + 1, &next) }
        case .oneOf(let ranges, let isNegated):
            if scalar != "/", ranges.contains(where: { $0.contains(scalar) }) != isNegated {
                enter(state + 1, &next)
            }
        }
    }

    /// Adds a position and those behind tokens that may match nothing.
    private func enter(_ state: Int, _ states: inout [Int]) {
        add(state, &states)
        guard state < tokens.count else { return }
        switch tokens[state] {
        case .anyRun, .anything, .anyFolders: enter(state + 1, &states)
        default: return
        }
    }

    private func add(_ state: Int, _ states: inout [Int]) {
        if !states.contains(state) { states.append(state) }
    }
}
