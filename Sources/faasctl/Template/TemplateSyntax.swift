// SPDX-License-Identifier: Apache-2.0
// The parts of a Go template, and the words of its actions. TemplateParser makes them.

/// A part of a template.
indirect enum TemplateNode: Hashable, Sendable {
    case text(String)
    case output(TemplatePipeline)
    case branch(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    /// `with`: as a branch, and the dot becomes the value.
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, each: [TemplateNode], otherwise: [TemplateNode])
}

/// Commands that hand their result to the next one.
struct TemplatePipeline: Hashable, Sendable {
    /// Names without `$`, which get the result; `range` sets two.
    var variables: [String] = []
    var commands: [[TemplateOperand]] = []
}

/// A word of a command.
indirect enum TemplateOperand: Hashable, Sendable {
    case value(TemplateValue)
    /// `.A.B`; empty for the dot itself.
    case field([String])
    /// `$`, `$x`, `$x.A`.
    case variable(String, fields: [String])
    case function(String)
    case group(TemplatePipeline, fields: [String])
}

/// A mistake in a template.
struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// The words of one action.
struct TemplateWords {
    enum Word: Hashable {
        case name(String)
        /// With the dots: `.A.B`.
        case field([String])
        case variable(String, [String])
        case value(TemplateValue)
        /// `|`, `(`, `)`, `:=`, `=`, `,`.
        case mark(String)
    }

    private var rest: [Character]

    private init(_ text: String) { rest = Array(text) }

    /// Splits an action's text.
    ///
    /// - Throws: ``TemplateError``.
    static func split(_ text: String) throws(TemplateError) -> [Word] {
        var scanner = TemplateWords(text)
        var words: [Word] = []
        while let word = try scanner.next() { words.append(word) }
        return words
    }

    private mutating func next() throws(TemplateError) -> Word? {
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        guard let first = rest.first else { return nil }
        switch first {
        case "|", "(", ",", "=":
            rest.removeFirst()
            return .mark(String(first))
        case ")":
            rest.removeFirst()
            let fields = fields()
            return fields.isEmpty ? .mark(")") : .mark(")." + fields.joined(separator: "."))
        case ":":
            guard rest.dropFirst().first == "=" else { throw TemplateError("unexpected \":\"") }
            rest.removeFirst(2)
            return .mark(":=")
        case "\"", "`": return .value(.text(try quoted(first)))
        case ".": return .field(fields())
        case "$":
            rest.removeFirst()
            return .variable(name(), fields())
        case "-", "+", "0"..."9": return .value(try number())
        default:
            let word = name()
            switch word {
            case "": throw TemplateError("unexpected \"\(first)\" in an action")
            case "true", "false": return .value(.bool(word == "true"))
            case "nil": return .value(.null)
            default: return .name(word)
            }
        }
    }

    private mutating func name() -> String {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest.removeFirst(word.count)
        return String(word)
    }

    private mutating func fields() -> [String] {
        var fields: [String] = []
        while rest.first == "." {
            rest.removeFirst()
            let field = name()
            if field.isEmpty { break }
            fields.append(field)
        }
        return fields
    }

    private mutating func number() throws(TemplateError) -> TemplateValue {
        let word = String(rest.prefix { $0.isNumber || "+-.eE".contains($0) })
        rest.removeFirst(word.count)
        if let value = Int(word) { return .integer(value) }
        guard let value = Double(word) else { throw TemplateError("bad number \"\(word)\"") }
        return .number(value)
    }

    private mutating func quoted(_ mark: Character) throws(TemplateError) -> String {
        rest.removeFirst()
        var text = ""
        while let character = rest.first {
            rest.removeFirst()
            if character == mark { return text }
            guard character == "\\", mark == "\"" else {
                text.append(character)
                continue
            }
            guard let escaped = rest.first else { break }
            rest.removeFirst()
            switch escaped {
            case "n": text += "\n"
            case "t": text += "\t"
            case "r": text += "\r"
            case "\"", "\\": text.append(escaped)
            default: throw TemplateError("unknown escape \"\\\(escaped)\"")
            }
        }
        throw TemplateError("unterminated quoted string")
    }
}
