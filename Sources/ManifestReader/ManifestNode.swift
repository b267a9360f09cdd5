// SPDX-License-Identifier: Apache-2.0
// One YAML node with its place and its path of keys; ManifestMapping and the readers walk these.

package import FunctionModel
import Yams

/// A node of a manifest, read with the checks that decoding would skip.
package struct ManifestNode {
    let node: Node
    /// Keys from the top, for example `limits.memory`: the field's name in messages.
    package let path: String
    package let source: ManifestSource

    /// A mistake at this node.
    package func mistake(_ message: String) -> ManifestError {
        let made = source.places[path]
        return ManifestError(
            file: made?.file ?? source.file,
            line: made?.line ?? node.mark?.line,
            column: made?.column ?? node.mark?.column,
            message: message
        )
    }

    /// A mistake at this node, in the words of a value's own grammar.
    package func mistake(_ error: ModelError) -> ManifestError { mistake(error.description) }

    /// The scalar's text after substitution; `null` and structures are no text.
    package func text(_ expected: String = "text") throws(ManifestError) -> String {
        guard case .scalar(let scalar) = node, !isNull else {
            throw mistake("'\(path)' is \(kind), expected \(expected)")
        }
        return try source.substitute(scalar.string, at: self)
    }

    /// A whole number that is not quoted.
    package func integer() throws(ManifestError) -> Int {
        let text = try text("a whole number")
        guard !isQuoted, let number = Int(text) else {
            throw mistake("\(path): '\(text)' is not valid, expected a whole number")
        }
        return number
    }

    /// `true` or `false`.
    package func boolean() throws(ManifestError) -> Bool {
        switch try text("true or false") {
        case "true": return true
        case "false": return false
        case let text: throw mistake("\(path): '\(text)' is not valid, expected true or false")
        }
    }

    /// Every item of a list.
    package func list() throws(ManifestError) -> [ManifestNode] {
        guard case .sequence(let sequence) = node else {
            throw mistake("'\(path)' is \(kind), expected a list")
        }
        return sequence.enumerated().map { index, item in
            ManifestNode(node: item, path: "\(path)[\(index)]", source: source)
        }
    }

    /// The text of every item of a list.
    package func texts() throws(ManifestError) -> [String] {
        var texts: [String] = []
        for item in try list() { texts.append(try item.text()) }
        return texts
    }

    /// A map of names to text; numbers and booleans are taken as they are written.
    package func textMap() throws(ManifestError) -> [String: String] {
        var map: [String: String] = [:]
        for (key, value) in try ManifestMapping(self).entries {
            map[key] = value.isNull ? "" : try value.text()
        }
        return map
    }

    /// A value with its own grammar.
    package func value<Value>(
        _ parse: (String, String) throws(ModelError) -> Value
    ) throws(ManifestError) -> Value {
        let text = try text()
        do throws(ModelError) {
            return try parse(text, path)
        } catch {
            throw mistake(error)
        }
    }

    /// One of a closed set of words.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type
    ) throws(ManifestError) -> Choice {
        try choice(among: Array(type.allCases))
    }

    /// One of some words.
    package func choice<Choice: RawRepresentable<String>>(among choices: [Choice]) throws(ManifestError)
        -> Choice
    {
        let text = try text()
        if let choice = choices.first(where: { $0.rawValue == text }) { return choice }
        let words = choices.map(\.rawValue)
        let hint = suggestion(for: text, among: words).map { " (did you mean '\($0)'?)" } ?? ""
        let expected = (words.count > 1 ? "one of " : "") + words.joined(separator: ", ")
        throw mistake("\(path): '\(text)' is not valid, expected \(expected)\(hint)")
    }

    package var isNull: Bool { node.tag == Tag(.null) }

    package var isList: Bool {
        guard case .sequence(let sequence) = node else { return false }
        return !sequence.isEmpty
    }

    package var isMap: Bool {
        guard case .mapping = node else { return false }
        return true
    }

    private var isQuoted: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.style == .singleQuoted || scalar.style == .doubleQuoted
    }

    /// What the node is, as a phrase.
    package var kind: String {
        switch node {
        case .scalar: isNull ? "empty" : "a single value"
        case .mapping: "a map"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

extension ManifestNode {
    /// Where the value begins, from 1; nil for a node without text of its own.
    package var place: (line: Int, column: Int)? { node.mark.map { ($0.line, $0.column) } }

    /// A tag of the file's author, such as `!reset`; nil for the types of YAML itself.
    package var customTag: String? {
        let tag = node.tag.description
        return tag.hasPrefix("tag:yaml.org,2002:") ? nil : tag
    }
}
