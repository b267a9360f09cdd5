// SPDX-License-Identifier: Apache-2.0
// The patterns in ${v#p}, ${v%p} and ${v/p/w}: `*`, `?` and literal characters. Pure.

/// A shell pattern over the characters of one variable's value.
struct ShellPattern {
    enum Token: Hashable {
        case literal(Character)
        case anyOne
        case anyRun
    }

    private let tokens: [Token]

    init(_ tokens: [Token]) { self.tokens = tokens }

    func trimmingPrefix(of value: String, longest: Bool) -> String {
        let text = Array(value)
        let lengths = matchLengths(text[...])
        guard let length = longest ? lengths.last : lengths.first else { return value }
        return String(text[length...])
    }

    func trimmingSuffix(of value: String, longest: Bool) -> String {
        let text = Array(value.reversed())
        let lengths = ShellPattern(tokens.reversed()).matchLengths(text[...])
        guard let length = longest ? lengths.last : lengths.first else { return value }
        return String(text[length...].reversed())
    }

    /// Replaces the first, or every, longest match; an empty match does not count.
    func replacing(in value: String, with replacement: String, everywhere: Bool) -> String {
        let text = Array(value)
        var result = ""
        var position = 0
        while position < text.count {
            guard let length = matchLengths(text[position...]).last, length > 0 else {
                result.append(text[position])
                position += 1
                continue
            }
            result += replacement
            position += length
            if !everywhere { break }
        }
        return result + String(text[min(position, text.count)...])
    }

    /// The lengths of all prefixes of the text that match the pattern, ascending.
    ///
    /// - Complexity: the pattern's length times the text's, for every pattern.
    private func matchLengths(_ text: ArraySlice<Character>) -> [Int] {
        // `states` holds the numbers of tokens that may be matched after each character.
        var states = closure([0])
        var lengths: [Int] = states.contains(tokens.count) ? [0] : []
        for (offset, character) in text.enumerated() {
            var next: Set<Int> = []
            for state in states where state < tokens.count {
                switch tokens[state] {
                case .literal(let literal): if literal == character { next.insert(state + 1) }
                case .anyOne: next.insert(state + 1)
                case .anyRun: next.insert(state)
                }
            }
            states = closure(next)
            if states.isEmpty { break }
            if states.contains(tokens.count) { lengths.append(offset + 1) }
        }
        return lengths
    }

    /// `*` may match the empty string.
    private func closure(_ states: Set<Int>) -> Set<Int> {
        var result = states
        for var state in states {
            while state < tokens.count, tokens[state] == .anyRun {
                state += 1
                result.insert(state)
            }
        }
        return result
    }
}
