// SPDX-License-Identifier: Apache-2.0
// The text of a manifest: parsing into nodes, and `${VAR:-default}` in its scalars.

import Foundation
import Yams

/// One manifest file, or the text of one.
package struct ManifestSource: Sendable {
    /// How messages name the file, as the user gave it.
    package let file: String
    /// Values for `${NAME}`; nil leaves such text alone.
    package let variables: [String: String]?
    /// Places of values that were not parsed from this source, by their paths of keys.
    let places: [String: ManifestPlace]

    package init(file: String, variables: [String: String]?) {
        self.file = file
        self.variables = variables
        places = [:]
    }

    init(file: String, places: [String: ManifestPlace]) {
        self.file = file
        self.places = places
        variables = nil
    }

    /// A manifest is written by hand: larger ones are a mistake, and YAML aliases make small texts large.
    package static let bytesMax = 1 << 20
    /// Variables one scalar may hold; more is a mistake, and each costs a pass over the rest.
    private static let substitutionsMax = 256

    /// Parses the text; JSON is accepted since YAML contains it.
    ///
    /// - Throws: ``ManifestError`` when it is no YAML, or empty.
    package func parse(_ text: String) throws(ManifestError) -> ManifestNode {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw ManifestError(file: file, message: "the file is empty")
            }
            return ManifestNode(node: node, path: "", source: self)
        } catch let error as ManifestError {
            throw error
        } catch {
            throw syntaxError(error)
        }
    }

    /// Replaces `${NAME}` and `${NAME:-default}`; `$${` stays as `${`.
    ///
    /// - Throws: ``ManifestError`` when a variable without default is not set, or a brace is not closed.
    func substitute(_ text: String, at node: ManifestNode) throws(ManifestError) -> String {
        guard let variables, text.contains("${") else { return text }
        var result = ""
        var rest = Substring(text)
        for _ in 0..<Self.substitutionsMax {
            guard let start = rest.range(of: "${") else { return result + rest }
            let before = rest[..<start.lowerBound]
            if before.hasSuffix("$") {
                result += before.dropLast() + "${"
                rest = rest[start.upperBound...]
                continue
            }
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw node.mistake("'${' without '}' in '\(node.path)'")
            }
            result += try before + value(of: rest[start.upperBound..<end], variables, at: node)
            rest = rest[rest.index(after: end)...]
        }
        throw node.mistake("'\(node.path)' has more than \(Self.substitutionsMax) variables")
    }

    private func value(
        of expression: Substring,
        _ variables: [String: String],
        at node: ManifestNode
    ) throws(ManifestError) -> String {
        let separator = expression.range(of: ":-")
        let name = String(separator.map { expression[..<$0.lowerBound] } ?? expression)
        guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        else {
            throw node.mistake("'${\(expression)}' is not a variable, expected ${NAME} or ${NAME:-default}")
        }
        if let value = variables[name], !value.isEmpty || separator == nil { return value }
        if let separator { return String(expression[separator.upperBound...]) }
        throw node.mistake("the variable '\(name)' is not set, set it or write ${\(name):-default}")
    }

    private func syntaxError(_ error: any Error) -> ManifestError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ManifestError(file: file, line: mark.line, column: mark.column, message: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            ManifestError(
                file: file,
                line: context.mark.line,
                column: context.mark.column,
                message: "key '\(duplicates.first ?? "")' occurs twice in one map"
            )
        default:
            ManifestError(file: file, message: "not readable as YAML: \(error)")
        }
    }
}
