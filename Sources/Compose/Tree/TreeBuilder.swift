// SPDX-License-Identifier: Apache-2.0
// From YAML to the tree: bounds, merge keys `<<`, and the tags of the Compose Specification.

import ManifestReader

/// Copies parsed YAML into a ``ComposeNode``.
struct TreeBuilder {
    /// Values of one file after its aliases are followed: aliases of aliases make small files large.
    ///
    /// The largest projects in public use stay under a tenth of it.
    static let nodesMax = 100_000
    /// Maps and lists inside each other: the specification itself needs 8.
    static let depthMax = 32

    let file: String
    private var nodesLeft = Self.nodesMax

    init(file: String) { self.file = file }

    /// Parses a file's text.
    ///
    /// - Throws: ``ManifestError`` when it is no YAML, too large, or its top is no map.
    static func tree(of text: String, file: String) throws(ManifestError) -> ComposeNode {
        guard text.utf8.count <= ManifestSource.bytesMax else {
            throw ManifestError(file: file, message: "it is larger than \(ManifestSource.bytesMax >> 10) KiB")
        }
        let top = try ManifestSource(file: file, variables: nil).parse(text)
        var builder = TreeBuilder(file: file)
        let tree = try builder.build(top, depth: 0)
        guard tree.isMap else { throw tree.place.mistake("the file is \(tree.kind), expected a map") }
        return tree
    }

    private func place(_ place: (line: Int, column: Int)?) -> SourcePlace {
        SourcePlace(file: file, line: place?.line ?? 1, column: place?.column ?? 1)
    }

    private mutating func build(_ node: ManifestNode, depth: Int) throws(ManifestError) -> ComposeNode {
        guard depth < Self.depthMax else {
            throw node.mistake("more than \(Self.depthMax) maps and lists inside each other")
        }
        nodesLeft -= 1
        guard nodesLeft >= 0 else {
            throw node.mistake("more than \(Self.nodesMax) values, counting each use of an alias")
        }
        var result = ComposeNode(.null, at: place(node.place))
        switch node.customTag {
        case nil: break
        case "!reset":
            result.joining = .reset
            return result
        case "!override": result.joining = .override
        case let tag?: throw node.mistake("the tag '\(tag)' is not supported, expected !reset or !override")
        }
        if node.isMap {
            result.content = .map(try entries(of: ManifestMapping(node), depth: depth))
        } else if node.kind == "a list" {
            var items: [ComposeNode] = []
            for item in try node.list() { items.append(try build(item, depth: depth + 1)) }
            result.content = .list(items)
        } else if !node.isNull {
            result.content = .scalar(try node.text())
        }
        return result
    }

    /// The map's own keys, then those of its merge keys that it does not set itself.
    private mutating func entries(
        of mapping: ManifestMapping,
        depth: Int
    ) throws(ManifestError) -> [ComposeEntry] {
        var own: [ComposeEntry] = []
        var merged: [ComposeEntry] = []
        for entry in mapping.entries {
            let value = try build(entry.value, depth: depth + 1)
            guard entry.key == Self.mergeKey else {
                own.append(ComposeEntry(entry.key, at: place(mapping.place(ofKey: entry.key)), value))
                continue
            }
            for source in value.items.isEmpty ? [value] : value.items {
                guard source.isMap else {
                    throw source.place.mistake("'<<' is \(source.kind), expected a map or a list of maps")
                }
                merged += source.entries
            }
        }
        var known = Set(own.map(\.key))
        for entry in merged where known.insert(entry.key).inserted { own.append(entry) }
        return own
    }

    /// The key of YAML 1.1 whose value is a map to take further keys from.
    private static let mergeKey = "<<"
}
