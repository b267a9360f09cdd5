// SPDX-License-Identifier: Apache-2.0
// The `--name=value` words between an instruction and its arguments. InstructionParser uses it; pure.

/// Options of one instruction, checked against its valid options.
struct InstructionOptions {
    enum Kind: Hashable {
        /// Has a value and occurs at most once.
        case text
        /// Has a value and occurs any number of times.
        case list
        /// `--name`, `--name=true` or `--name=false`.
        case flag
    }

    /// The text after the options.
    private(set) var rest = ""
    private var values: [String: [String]] = [:]

    init(_ line: LogicalLine, allowed: [String: Kind]) throws(SyntaxFailure) {
        var text = line.rest[...]
        while text.hasPrefix("--") {
            let word = Self.firstWord(text)
            text = text.dropFirst(word.count).drop(while: \.isBlank)
            // `--` alone ends the options.
            if word == "--" { break }
            let parts = word.dropFirst(2).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let name = String(parts.first ?? "")
            guard let kind = allowed[name] else {
                let known = allowed.keys.sorted()
                let list = known.isEmpty ? "no options" : "one of --" + known.joined(separator: ", --")
                throw SyntaxFailure(
                    String(word),
                    expected: "\(list) after \(line.keyword)" + nearestHint(name, among: known)
                )
            }
            try add(name, kind: kind, value: parts.count == 2 ? String(parts[1]) : nil, word: String(word))
        }
        rest = String(text)
    }

    private mutating func add(_ name: String, kind: Kind, value: String?, word: String) throws(SyntaxFailure)
    {
        switch kind {
        case .flag:
            guard value == nil || ["true", "false", "1", "0"].contains(value?.lowercased()) else {
                throw SyntaxFailure(word, expected: "--\(name), --\(name)=true or --\(name)=false")
            }
            values[name] = [value ?? "true"]
        case .text, .list:
            guard let value, !value.isEmpty else { throw SyntaxFailure(word, expected: "--\(name)=VALUE") }
            if kind == .text, values[name] != nil {
                throw SyntaxFailure(word, expected: "--\(name) only once")
            }
            values[name, default: []].append(value)
        }
    }

    /// The value of a `.text` option.
    mutating func take(_ name: String) -> String? { values.removeValue(forKey: name)?.first }
    /// The values of a `.list` option, in order.
    mutating func takeAll(_ name: String) -> [String] { values.removeValue(forKey: name) ?? [] }
    /// Whether a `.flag` option is set; nil when it is absent.
    mutating func takeFlag(_ name: String) -> Bool? {
        values.removeValue(forKey: name)?.first.map { ["true", "1"].contains($0.lowercased()) }
    }

    /// Up to the first blank outside double quotes.
    private static func firstWord(_ text: Substring) -> Substring {
        var isQuoted = false
        return text.prefix { character in
            if character == "\"" { isQuoted.toggle() }
            return isQuoted || !character.isBlank
        }
    }
}
