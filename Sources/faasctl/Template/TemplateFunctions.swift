// SPDX-License-Identifier: Apache-2.0
// The functions of templates: Go's own and Docker's.

import Foundation

/// Functions by name.
enum TemplateFunctions {
    /// Calls one.
    ///
    /// - Throws: ``TemplateError``.
    static func call(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        switch name {
        case "json": return .text(try one(name, arguments).json())
        case "lower": return .text(try one(name, arguments).text.lowercased())
        case "upper": return .text(try one(name, arguments).text.uppercased())
        case "title":
            let words = try one(name, arguments).text.split(separator: " ", omittingEmptySubsequences: false)
            return .text(words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: " "))
        case "len": return .integer(try length(one(name, arguments)))
        case "print": return .text(arguments.map(\.text).joined(separator: " "))
        case "println": return .text(arguments.map(\.text).joined(separator: " ") + "\n")
        case "printf":
            guard case .text(let format)? = arguments.first else { throw wrong(name) }
            return .text(TemplateFormat.text(format, Array(arguments.dropFirst())))
        case "index": return try index(arguments)
        case "join", "split", "truncate", "pad", "slice": return try text(name, arguments)
        case "and": return arguments.first { !$0.isTrue } ?? arguments.last ?? .null
        case "or": return arguments.first { $0.isTrue } ?? arguments.last ?? .null
        case "not": return .bool(try !one(name, arguments).isTrue)
        case "eq", "ne", "lt", "le", "gt", "ge": return .bool(try compare(name, arguments))
        default: throw TemplateError("function \"\(name)\" not defined")
        }
    }

    private static func wrong(_ name: String) -> TemplateError {
        TemplateError("wrong number or type of arguments for \(name)")
    }

    private static func one(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError)
        -> TemplateValue
    {
        guard arguments.count == 1 else { throw wrong(name) }
        return arguments[0]
    }

    private static func length(_ value: TemplateValue) throws(TemplateError) -> Int {
        switch value {
        case .text(let text): return text.utf8.count
        case .list(let values): return values.count
        case .object(let members): return members.count
        default: throw wrong("len")
        }
    }

    private static func index(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        guard var value = arguments.first else { throw wrong("index") }
        for key in arguments.dropFirst() {
            switch (value, key) {
            case (.object, .text(let name)): value = value[name] ?? .text("")
            case (.list(let values), .integer(let place)):
                guard values.indices.contains(place) else {
                    throw TemplateError("error calling index: index out of range: \(place)")
                }
                value = values[place]
            default: throw TemplateError("error calling index: cannot index \(value.text) with \(key.text)")
            }
        }
        return value
    }

    private static func text(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError)
        -> TemplateValue
    {
        switch (name, arguments.first, arguments.dropFirst().first, arguments.dropFirst(2).first) {
        case ("join", .list(let values), .text(let separator), nil):
            return .text(values.map(\.text).joined(separator: separator))
        case ("split", .text(let text), .text(let separator), nil):
            return .list(
                text.split(separator: separator, omittingEmptySubsequences: false).map { .text(String($0)) }
            )
        case ("truncate", .text(let text), .integer(let count), nil):
            return .text(String(text.prefix(max(0, count))))
        case ("pad", .text(let text), .integer(let before), .integer(let after)):
            // More would be a text of no one's terminal.
            func spaces(_ count: Int) -> String { String(repeating: " ", count: min(1024, max(0, count))) }
            return .text(text.isEmpty ? text : spaces(before) + text + spaces(after))
        case ("slice", .text(let text), .integer(let from), let to):
            let bytes = Array(text.utf8)
            var end = bytes.count
            if case .integer(let last)? = to { end = last }
            guard 0 <= from, from <= end, end <= bytes.count else {
                throw TemplateError("error calling slice: index out of range")
            }
            return .text(String(decoding: bytes[from..<end], as: UTF8.self))
        default: throw wrong(name)
        }
    }

    private static func compare(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> Bool {
        guard arguments.count >= 2 else { throw wrong(name) }
        // `eq` takes more than two: the first is compared with each other one.
        if name == "eq" { return arguments.dropFirst().contains { isEqual(arguments[0], $0) } }
        guard arguments.count == 2 else { throw wrong(name) }
        let (left, right) = (arguments[0], arguments[1])
        if name == "ne" { return !isEqual(left, right) }
        let order: (less: Bool, equal: Bool)
        if let first = number(left), let second = number(right) {
            order = (first < second, first == second)
        } else if case .text(let first) = left, case .text(let second) = right {
            order = (first < second, first == second)
        } else {
            throw TemplateError("error calling \(name): incompatible types for comparison")
        }
        return switch name {
        case "lt": order.less
        case "le": order.less || order.equal
        case "gt": !order.less && !order.equal
        default: !order.less
        }
    }

    private static func isEqual(_ left: TemplateValue, _ right: TemplateValue) -> Bool {
        if let first = number(left), let second = number(right) { return first == second }
        return left == right
    }

    private static func number(_ value: TemplateValue) -> Double? {
        switch value {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

/// `printf` with Go's verbs.
enum TemplateFormat {
    /// A wider field would be a mistake.
    private static let widthMax = 1024

    static func text(_ format: String, _ arguments: [TemplateValue]) -> String {
        var text = ""
        var rest = Array(format)[...]
        var left = arguments[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                text.append(character)
                continue
            }
            let flags = rest.prefix { "-+#0 ".contains($0) }
            rest = rest.dropFirst(flags.count)
            let width = rest.prefix(while: \.isNumber)
            rest = rest.dropFirst(width.count)
            var precision: Int?
            if rest.first == "." {
                let digits = rest.dropFirst().prefix(while: \.isNumber)
                precision = min(widthMax, Int(String(digits)) ?? 0)
                rest = rest.dropFirst(1 + digits.count)
            }
            guard let verb = rest.popFirst() else { return text + "%!(NOVERB)" }
            if verb == "%" {
                text += "%"
                continue
            }
            guard let argument = left.popFirst() else {
                text += "%!\(verb)(MISSING)"
                continue
            }
            let shown = Self.shown(argument, verb, precision)
            let padding = max(0, min(widthMax, Int(String(width)) ?? 0) - shown.count)
            let fill = String(
                repeating: flags.contains("0") && !flags.contains("-") ? "0" : " ",
                count: padding
            )
            text += flags.contains("-") ? shown + fill : fill + shown
        }
        return text
    }

    private static func shown(_ argument: TemplateValue, _ verb: Character, _ precision: Int?) -> String {
        switch (verb, argument) {
        case ("q", _): return TemplateValue.quoted(argument.text)
        case ("s", _), ("v", _):
            return precision.map { String(argument.text.prefix($0)) } ?? argument.text
        case ("d", .integer), ("t", .bool): return argument.text
        case ("x", .integer(let value)): return String(value, radix: 16)
        case ("f", .number(let value)): return fixed(value, precision ?? 6)
        case ("f", .integer(let value)): return fixed(Double(value), precision ?? 6)
        default: return "%!\(verb)(\(argument.text))"
        }
    }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        value.formatted(
            .number.precision(.fractionLength(min(digits, 15))).grouping(.never).locale(
                .init(identifier: "en_US_POSIX")
            )
        )
    }
}
