// SPDX-License-Identifier: Apache-2.0
// A Go template (text/template), as --format takes it: what scripts use of it.

/// A template and its evaluation.
struct Template: Hashable, Sendable {
    private let nodes: [TemplateNode]

    /// Parses a template; `\t` and `\n` written out are a tab and a line's end, as in Docker.
    ///
    /// - Throws: ``TemplateError``.
    init(_ text: String) throws(TemplateError) { nodes = try TemplateParser.parse(text) }

    /// The text for one value.
    ///
    /// - Throws: ``TemplateError``.
    func render(_ value: TemplateValue) throws(TemplateError) -> String {
        var run = Run(root: value)
        try run.write(nodes, value)
        return run.text
    }

    private struct Run {
        let root: TemplateValue
        var variables: [String: TemplateValue] = [:]
        var text = ""

        mutating func write(_ nodes: [TemplateNode], _ dot: TemplateValue) throws(TemplateError) {
            for node in nodes {
                switch node {
                case .text(let plain): text += plain
                case .output(let pipeline):
                    let value = try value(of: pipeline, dot)
                    if pipeline.variables.isEmpty { text += value.text }
                case .branch(let condition, let then, let otherwise):
                    try write(try value(of: condition, dot).isTrue ? then : otherwise, dot)
                case .with(let condition, let then, let otherwise):
                    let value = try value(of: condition, dot)
                    if value.isTrue { try write(then, value) } else { try write(otherwise, dot) }
                case .range(let pipeline, let each, let otherwise):
                    try repeated(pipeline, each, otherwise, dot)
                }
            }
        }

        private mutating func repeated(
            _ pipeline: TemplatePipeline,
            _ each: [TemplateNode],
            _ otherwise: [TemplateNode],
            _ dot: TemplateValue
        ) throws(TemplateError) {
            var plain = pipeline
            plain.variables = []
            let value = try value(of: plain, dot)
            var elements: [(key: TemplateValue, value: TemplateValue)] = []
            switch value {
            case .null: break
            case .list(let values): elements = values.enumerated().map { (.integer($0.offset), $0.element) }
            case .object(let members):
                elements = members.sorted { $0.name < $1.name }.map { (.text($0.name), $0.value) }
            default: throw TemplateError("range can't iterate over \(value.text)")
            }
            if elements.isEmpty { return try write(otherwise, dot) }
            for element in elements {
                if let last = pipeline.variables.last { variables[last] = element.value }
                if pipeline.variables.count == 2 { variables[pipeline.variables[0]] = element.key }
                try write(each, element.value)
            }
        }

        private mutating func value(of pipeline: TemplatePipeline, _ dot: TemplateValue) throws(TemplateError)
            -> TemplateValue
        {
            var last: TemplateValue?
            for command in pipeline.commands { last = try value(of: command, dot, piped: last) }
            let value = last ?? .null
            for name in pipeline.variables { variables[name] = value }
            return value
        }

        private mutating func value(
            of command: [TemplateOperand],
            _ dot: TemplateValue,
            piped: TemplateValue?
        ) throws(TemplateError) -> TemplateValue {
            if case .function(let name)? = command.first {
                var arguments: [TemplateValue] = []
                for operand in command.dropFirst() { arguments.append(try value(of: operand, dot)) }
                if let piped { arguments.append(piped) }
                return try TemplateFunctions.call(name, arguments)
            }
            if let answer = try answer(of: command, dot, piped: piped) { return answer }
            guard command.count == 1, piped == nil, let operand = command.first else {
                throw TemplateError("can't give argument to non-function")
            }
            return try value(of: operand, dot)
        }

        /// What a method answers; nil when the command is no call of one.
        private mutating func answer(
            of command: [TemplateOperand],
            _ dot: TemplateValue,
            piped: TemplateValue?
        ) throws(TemplateError) -> TemplateValue? {
            guard case .field(let names)? = command.first,
                case .method(let method) = try Self.field(names, of: dot)
            else { return nil }
            var arguments: [TemplateValue] = []
            for operand in command.dropFirst() { arguments.append(try value(of: operand, dot)) }
            if let piped { arguments.append(piped) }
            guard arguments.count == 1, case .text(let argument) = arguments[0] else {
                throw TemplateError("wrong number or type of arguments for \(names.joined(separator: "."))")
            }
            return .text(method.call(argument))
        }

        private mutating func value(of operand: TemplateOperand, _ dot: TemplateValue) throws(TemplateError)
            -> TemplateValue
        {
            switch operand {
            case .value(let value): return value
            case .field(let fields): return try Self.field(fields, of: dot)
            case .variable("", let fields): return try Self.field(fields, of: root)
            case .variable(let name, let fields):
                guard let value = variables[name] else {
                    throw TemplateError("undefined variable \"$\(name)\"")
                }
                return try Self.field(fields, of: value)
            case .function(let name): return try TemplateFunctions.call(name, [])
            case .group(let pipeline, let fields): return try Self.field(fields, of: value(of: pipeline, dot))
            }
        }

        private static func field(_ names: [String], of value: TemplateValue) throws(TemplateError)
            -> TemplateValue
        {
            var value = value
            for name in names {
                switch value {
                case .object:
                    guard let inner = value[name] else {
                        throw TemplateError("map has no entry for key \"\(name)\"")
                    }
                    value = inner
                case .null: throw TemplateError("nil pointer evaluating .\(name)")
                default: throw TemplateError("can't evaluate field \(name) in \(value.text)")
                }
            }
            return value
        }
    }
}
