// SPDX-License-Identifier: Apache-2.0
// What a template shows: values as JSON has them, members in their order.

/// A value in a template.
indirect enum TemplateValue: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var name: String
        var value: TemplateValue
    }

    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([TemplateValue])
    case object([Member])
    /// Not a value: a call of it is one. JSON leaves it out.
    case method(TemplateMethod)

    /// An object of members in this order.
    static func members(_ pairs: KeyValuePairs<String, TemplateValue>) -> TemplateValue {
        .object(pairs.map { Member(name: $0.key, value: $0.value) })
    }

    /// An object of texts, by name.
    static func texts(_ map: [String: String]) -> TemplateValue {
        .object(map.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: .text($0.value)) })
    }

    /// A list of texts.
    static func texts(_ list: [String]) -> TemplateValue { .list(list.map { .text($0) }) }

    subscript(_ name: String) -> TemplateValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// What `if` takes for true, as Go has it: nothing that is empty or zero.
    var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .text(let value): !value.isEmpty
        case .list(let values): !values.isEmpty
        case .object(let members): !members.isEmpty
        case .method: true
        }
    }

    /// As `{{.}}` prints it.
    var text: String {
        switch self {
        case .null: "<no value>"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value):
            value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
        case .text(let value): value
        case .list(let values): "[" + values.map(\.text).joined(separator: " ") + "]"
        case .object(let members):
            "map[" + members.map { "\($0.name):\($0.value.text)" }.joined(separator: " ") + "]"
        case .method: ""
        }
    }

    private var isMethod: Bool { if case .method = self { true } else { false } }

    /// As JSON; with `indent` one member a line.
    func json(indent: String? = nil, depth: Int = 0) -> String {
        switch self {
        case .null, .method: "null"
        case .bool, .integer, .number: text
        case .text(let value): Self.quoted(value)
        case .list(let values):
            Self.block(values.map { $0.json(indent: indent, depth: depth + 1) }, "[", "]", indent, depth)
        case .object(let members):
            Self.block(
                members.filter { !$0.value.isMethod }.map {
                    Self.quoted($0.name) + (indent == nil ? ":" : ": ")
                        + $0.value.json(indent: indent, depth: depth + 1)
                },
                "{",
                "}",
                indent,
                depth
            )
        }
    }

    private static func block(
        _ parts: [String],
        _ opening: String,
        _ closing: String,
        _ indent: String?,
        _ depth: Int
    ) -> String {
        guard let indent, !parts.isEmpty else { return opening + parts.joined(separator: ",") + closing }
        let inner = "\n" + String(repeating: indent, count: depth + 1)
        let outer = "\n" + String(repeating: indent, count: depth)
        return opening + inner + parts.joined(separator: "," + inner) + outer + closing
    }

    /// A JSON text; `<`, `>` and `&` are escaped, as Go does it.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || "<>&".unicodeScalars.contains(scalar):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// A method of an entry that takes one text, as `.Label "KEY"` of Docker's lists does.
enum TemplateMethod: Hashable, Sendable {
    /// The label with that key; empty where there is none.
    case label([String: String])
    /// The head of the column of that label: the last part of its key, as words.
    case labelHead

    func call(_ argument: String) -> String {
        switch self {
        case .label(let labels): labels[argument] ?? ""
        case .labelHead:
            String((argument.split(separator: ".").last ?? "").map { "-_".contains($0) ? " " : $0 })
        }
    }
}
