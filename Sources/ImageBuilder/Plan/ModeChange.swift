// SPDX-License-Identifier: Apache-2.0
// `--chmod`: octal, or the symbolic form of chmod(1). Pure.

/// A change of the permission bits of copied files.
enum ModeChange: Hashable, Sendable {
    case absolute(UInt32)
    case clauses([Clause])

    /// One `who op permissions` of the symbolic form.
    struct Clause: Hashable, Sendable {
        /// The affected bits of user, group and other, including setuid, setgid and sticky.
        var who: UInt32
        var operation: Character
        /// `r`, `w`, `x`, `s`, `t`, spread over all three classes.
        var permissions: UInt32 = 0
        /// `X`: execute for folders, and for files that have an execute bit.
        var executesConditionally = false
    }

    private static let whoBits: [Character: UInt32] = ["u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777]

    /// Parses `755`, `u+x,go-w`, `a=rX`.
    init(_ text: String) throws(SyntaxFailure) {
        let failure = SyntaxFailure(
            "--chmod=\(text)",
            expected: "an octal mode up to 7777, or a symbolic one such as u+x,go-w"
        )
        if let first = text.first, first.isASCIIDigit {
            guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else { throw failure }
            self = .absolute(mode)
            return
        }
        var clauses: [Clause] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let more = Self.clauses(part) else { throw failure }
            clauses += more
        }
        self = .clauses(clauses)
    }

    private static func clauses(_ text: Substring) -> [Clause]? {
        let whoText = text.prefix { whoBits[$0] != nil }
        let who = whoText.isEmpty ? 0o7777 : whoText.reduce(0) { $0 | (whoBits[$1] ?? 0) }
        var clauses: [Clause] = []
        for letter in text.dropFirst(whoText.count) {
            if "+-=".contains(letter) {
                clauses.append(Clause(who: who, operation: letter))
                continue
            }
            guard var clause = clauses.popLast() else { return nil }
            switch letter {
            case "r": clause.permissions |= 0o444
            case "w": clause.permissions |= 0o222
            case "x": clause.permissions |= 0o111
            case "X": clause.executesConditionally = true
            case "s": clause.permissions |= 0o6000
            case "t": clause.permissions |= 0o1000
            default: return nil
            }
            clauses.append(clause)
        }
        return clauses.isEmpty ? nil : clauses
    }

    /// The changed bits.
    func applied(to mode: UInt32, isDirectory: Bool) -> UInt32 {
        switch self {
        case .absolute(let mode): mode
        case .clauses(let clauses):
            clauses.reduce(mode) { Self.apply($1, to: $0, isDirectory: isDirectory) }
        }
    }

    private static func apply(_ clause: Clause, to mode: UInt32, isDirectory: Bool) -> UInt32 {
        var bits = clause.permissions
        if clause.executesConditionally, isDirectory || mode & 0o111 != 0 { bits |= 0o111 }
        bits &= clause.who
        switch clause.operation {
        case "+": return mode | bits
        case "-": return mode & ~bits
        default: return mode & ~(clause.who & 0o777) | bits
        }
    }
}
