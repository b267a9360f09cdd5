// SPDX-License-Identifier: Apache-2.0
// A YAML map whose keys are known beforehand: the readers ask for each, anything else is a mistake.

import Yams

/// The keys and values of one map, in the order of the file.
package struct ManifestMapping {
    package let node: ManifestNode
    package let entries: [(key: String, value: ManifestNode)]
    private let marks: [String: Mark]

    /// Reads a map's keys.
    ///
    /// - Throws: ``ManifestError`` when the node is no map or a key is no text.
    package init(_ node: ManifestNode) throws(ManifestError) {
        guard case .mapping(let mapping) = node.node else {
            throw node.mistake("\(node.subject) is \(node.kind), expected a map")
        }
        var entries: [(key: String, value: ManifestNode)] = []
        var marks: [String: Mark] = [:]
        for (keyNode, value) in mapping {
            guard case .scalar(let scalar) = keyNode else {
                throw ManifestNode(node: keyNode, path: node.path, source: node.source)
                    .mistake("a key must be plain text")
            }
            let path = node.path.isEmpty ? scalar.string : "\(node.path).\(scalar.string)"
            entries.append((scalar.string, ManifestNode(node: value, path: path, source: node.source)))
            marks[scalar.string] = keyNode.mark
        }
        self.node = node
        self.entries = entries
        self.marks = marks
    }

    /// The value of a key, or nil when it is absent or left empty.
    package subscript(key: String) -> ManifestNode? {
        entries.first { $0.key == key && !$0.value.isNull }?.value
    }

    /// Refuses every key that is not among the known ones.
    ///
    /// - Parameters:
    ///   - known: the keys that may be here.
    ///   - suggested: what a misspelt key may have meant; all of them by default.
    /// - Throws: ``ManifestError`` at the first unknown key, with the nearest known one.
    package func allow(only known: [String], suggesting suggested: [String]? = nil) throws(ManifestError) {
        for entry in entries where !known.contains(entry.key) {
            let hint =
                suggestion(for: entry.key, among: suggested ?? known).map { " (did you mean '\($0)'?)" } ?? ""
            let place = node.path.isEmpty ? "" : " in '\(node.path)'"
            throw mistake(atKey: entry.key, "unknown key '\(entry.key)'\(place)\(hint)")
        }
    }

    /// Where a key begins, from 1; nil for a key that is not here.
    package func place(ofKey key: String) -> (line: Int, column: Int)? {
        marks[key].map { ($0.line, $0.column) }
    }

    /// A mistake at a key itself.
    package func mistake(atKey key: String, _ message: String) -> ManifestError {
        if let made = node.source.places[node.path.isEmpty ? key : "\(node.path).\(key)"] {
            return ManifestError(file: made.file, line: made.line, column: made.column, message: message)
        }
        let mark = marks[key]
        return ManifestError(
            file: node.source.file,
            line: mark?.line ?? node.node.mark?.line,
            column: mark?.column ?? node.node.mark?.column,
            message: message
        )
    }
}

extension ManifestNode {
    /// How messages name this node.
    fileprivate var subject: String { path.isEmpty ? "the file" : "'\(path)'" }
}
