// SPDX-License-Identifier: Apache-2.0
// From the text of a Go template to its parts.

/// Reads one template.
struct TemplateParser {
    /// A deeper one is a mistake or an attack on the stack.
    private static let depthMax = 64

    private enum Piece {
        case text(String)
        case action([TemplateWords.Word])
    }

    private var pieces: ArraySlice<Piece>
    private var depth = 0

    /// Parses a template.
    ///
    /// - Throws: ``TemplateError``.
    static func parse(_ text: String) throws(TemplateError) -> [TemplateNode] {
        var parser = TemplateParser(pieces: try split(text)[...])
        let (nodes, end) = try parser.block()
        guard end == nil else { throw TemplateError("unexpected {{end}}") }
        return nodes
    }

    private init(pieces: ArraySlice<Piece>) { self.pieces = pieces }

    /// Texts and actions; `{{-` and `-}}` take the white space beside them away.
    private static func split(_ text: String) throws(TemplateError) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        var trims = false
        func plain(_ part: Substring, trimsEnd: Bool) {
            var part = part
            if trims { part = part.drop(while: \.isWhitespace) }
            while trimsEnd, part.last?.isWhitespace == true { part.removeLast() }
            if !part.isEmpty { pieces.append(.text(String(part))) }
        }
        while let opening = rest.firstRange(of: "{{") {
            let before = rest[..<opening.lowerBound]
            rest = rest[opening.upperBound...]
            guard let closing = end(of: rest) else { throw TemplateError("unclosed action") }
            var action = rest[..<closing]
            rest = rest[rest.index(closing, offsetBy: 2)...]
            let trimsBefore = action.hasPrefix("- ")
            plain(before, trimsEnd: trimsBefore)
            trims = action.hasSuffix(" -")
            if trimsBefore { action = action.dropFirst(2) }
            if trims { action = action.dropLast(2) }
            let inner = action.drop(while: \.isWhitespace)
            if inner.hasPrefix("/*") { continue }
            pieces.append(.action(try TemplateWords.split(String(inner))))
        }
        plain(rest, trimsEnd: false)
        return pieces
    }

    /// The `}}` that is in no quotes.
    private static func end(of text: Substring) -> Substring.Index? {
        var mark: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            if let open = mark {
                if character == "\\", open == "\"" {
                    index = text.index(after: index)
                } else if character == open {
                    mark = nil
                }
            } else if character == "\"" || character == "`" {
                mark = character
            } else if text[index...].hasPrefix("}}") {
                return index
            }
            guard index < text.endIndex else { return nil }
            index = text.index(after: index)
        }
        return nil
    }

    private enum End: Hashable {
        case end
        /// With what follows it: `else if X`.
        case otherwise([TemplateWords.Word])
    }

    /// Everything up to the end of a block, or of the template.
    private mutating func block() throws(TemplateError) -> ([TemplateNode], End?) {
        var nodes: [TemplateNode] = []
        while let piece = pieces.popFirst() {
            guard case .action(let words) = piece else {
                if case .text(let text) = piece { nodes.append(.text(text)) }
                continue
            }
            guard case .name(let name)? = words.first else {
                nodes.append(.output(try Self.pipeline(words)))
                continue
            }
            let rest = Array(words.dropFirst())
            switch name {
            case "end": return (nodes, .end)
            case "else": return (nodes, .otherwise(rest))
            case "if", "with", "range": nodes.append(try control(name, rest))
            default: nodes.append(.output(try Self.pipeline(words)))
            }
        }
        return (nodes, nil)
    }

    private mutating func control(_ name: String, _ words: [TemplateWords.Word]) throws(TemplateError)
        -> TemplateNode
    {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw TemplateError("more than \(Self.depthMax) blocks in each other")
        }
        let pipeline = try Self.pipeline(words)
        let (body, end) = try block()
        var otherwise: [TemplateNode] = []
        switch end {
        case nil: throw TemplateError("unexpected EOF: {{\(name)}} has no {{end}}")
        case .end: break
        case .otherwise(let more):
            if case .name(let inner)? = more.first, inner == name || inner == "if" {
                otherwise = [try control(inner, Array(more.dropFirst()))]
            } else {
                let (rest, last) = try block()
                guard last == .end else { throw TemplateError("expected {{end}} after {{else}}") }
                otherwise = rest
            }
        }
        return switch name {
        case "if": .branch(pipeline, then: body, otherwise: otherwise)
        case "with": .with(pipeline, then: body, otherwise: otherwise)
        default: .range(pipeline, each: body, otherwise: otherwise)
        }
    }

    // MARK: Actions

    private static func pipeline(_ words: [TemplateWords.Word]) throws(TemplateError) -> TemplatePipeline {
        var rest = words[...]
        let result = try pipeline(&rest, depth: 0)
        guard rest.isEmpty else { throw TemplateError("unexpected \")\" in an action") }
        return result
    }

    private static func pipeline(
        _ words: inout ArraySlice<TemplateWords.Word>,
        depth: Int
    ) throws(TemplateError) -> TemplatePipeline {
        guard depth <= depthMax else {
            throw TemplateError("more than \(depthMax) parentheses in each other")
        }
        var pipeline = TemplatePipeline()
        if let assignment = words.firstIndex(where: { $0 == .mark(":=") || $0 == .mark("=") }) {
            for word in words[..<assignment] {
                if case .variable(let name, []) = word { pipeline.variables.append(name) }
            }
            words = words[(assignment + 1)...]
        }
        var command: [TemplateOperand] = []
        loop: while let word = words.first {
            switch word {
            case .mark(let mark) where mark.hasPrefix(")"): break loop
            case .mark("|"):
                guard !command.isEmpty else { throw TemplateError("missing value for command") }
                pipeline.commands.append(command)
                command = []
            case .mark("("):
                words = words.dropFirst()
                let inner = try Self.pipeline(&words, depth: depth + 1)
                guard case .mark(let mark)? = words.first, mark.hasPrefix(")") else {
                    throw TemplateError("unclosed left paren")
                }
                let fields = mark.dropFirst(2).split(separator: ".").map(String.init)
                command.append(.group(inner, fields: fields))
            case .mark(let mark): throw TemplateError("unexpected \"\(mark)\" in an action")
            case .name(let name): command.append(.function(name))
            case .field(let fields): command.append(.field(fields))
            case .variable(let name, let fields): command.append(.variable(name, fields: fields))
            case .value(let value): command.append(.value(value))
            }
            words = words.dropFirst()
        }
        guard !command.isEmpty else { throw TemplateError("missing value for command") }
        pipeline.commands.append(command)
        return pipeline
    }
}
