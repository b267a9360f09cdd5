// SPDX-License-Identifier: Apache-2.0
// Nodes made of values: a reader of another format passes a part of its file on to the readers of manifests.

import Yams

/// A value and where it is written.
package struct PlacedValue: Hashable, Sendable {
    /// What the value is.
    package indirect enum Content: Hashable, Sendable {
        case null
        case text(String)
        case list([PlacedValue])
        /// Keys that differ from each other.
        case map([PlacedEntry])
    }

    package var content: Content
    package var place: ManifestPlace

    package init(_ content: Content, at place: ManifestPlace) {
        self.content = content
        self.place = place
    }
}

/// A key of a map and its value.
package struct PlacedEntry: Hashable, Sendable {
    package var key: String
    package var value: PlacedValue

    package init(_ key: String, _ value: PlacedValue) {
        self.key = key
        self.value = value
    }
}

/// A place in a file, as editors count.
package struct ManifestPlace: Hashable, Sendable {
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

extension ManifestNode {
    /// A node of a value; its mistakes have the value's places.
    ///
    /// - Parameters:
    ///   - value: with the places of its parts.
    ///   - path: the keys that lead to the value.
    package init(_ value: PlacedValue, path: String) {
        var places: [String: ManifestPlace] = [:]
        let node = Self.node(of: value, path: path, &places)
        let source = ManifestSource(file: value.place.file, places: places)
        self.init(node: node, path: path, source: source)
    }

    private static func node(
        of value: PlacedValue,
        path: String,
        _ places: inout [String: ManifestPlace]
    ) -> Node {
        places[path] = value.place
        switch value.content {
        case .null: return .scalar(Node.Scalar("null", Tag(.null)))
        case .text(let text): return .scalar(Node.Scalar(text, Tag(.str)))
        case .list(let items):
            return .sequence(
                Node.Sequence(items.enumerated().map { node(of: $1, path: "\(path)[\($0)]", &places) })
            )
        case .map(let entries):
            let pairs = entries.map { entry in
                let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                return (Node(entry.key, Tag(.str)), node(of: entry.value, path: inner, &places))
            }
            return .mapping(Node.Mapping(pairs))
        }
    }
}
