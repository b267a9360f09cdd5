// SPDX-License-Identifier: Apache-2.0
// Several files, and a service that extends another: the merge rules of the Compose Specification on long forms.

/// Merges trees.
enum TreeMerge {
    /// The later value over the earlier one.
    ///
    /// - Parameters:
    ///   - base: the earlier value.
    ///   - later: the later one.
    ///   - key: of the value, for the rules of keys; nil for a whole file.
    /// - Returns: the merged value, with the places of its parts.
    static func merge(_ base: ComposeNode, with later: ComposeNode, key: String? = nil) -> ComposeNode {
        if later.joining == .override { return later }
        if let key, replaced.contains(key), later.content != .null { return later }
        switch (base.content, later.content) {
        case (_, .null): return base.content == .null ? later : base
        case (.map(let old), .map(let new)):
            return ComposeNode(.map(merge(old, with: new)), at: later.place)
        case (.list(let old), .list(let new)):
            return ComposeNode(.list(merge(old, with: new, key: key)), at: later.place)
        default: return later
        }
    }

    private static func merge(_ base: [ComposeEntry], with later: [ComposeEntry]) -> [ComposeEntry] {
        var result = base
        for entry in later {
            let index = result.firstIndex { $0.key == entry.key }
            if entry.value.joining == .reset {
                if let index { result.remove(at: index) }
            } else if let index {
                result[index].value = merge(result[index].value, with: entry.value, key: entry.key)
                result[index].place = entry.place
            } else {
                result.append(entry)
            }
        }
        return result
    }

    /// Items with an identity replace the one of the same identity; others are appended unless they are there.
    private static func merge(_ base: [ComposeNode], with later: [ComposeNode], key: String?) -> [ComposeNode]
    {
        var result = base
        var positions: [String: Int] = [:]
        for (index, item) in base.enumerated() { positions[identity(of: item, key: key)] = index }
        for item in later {
            let identity = identity(of: item, key: key)
            if let index = positions[identity] {
                result[index] = item.isMap ? merge(result[index], with: item) : item
            } else {
                positions[identity] = result.count
                result.append(item)
            }
        }
        return result
    }

    private static func identity(of item: ComposeNode, key: String?) -> String {
        switch key {
        case "ports":
            ["host_ip", "target", "published", "protocol"].map { item[$0]?.scalar ?? "" }.joined(
                separator: "|"
            )
        case "volumes": item["target"]?.scalar ?? ""
        case "secrets", "configs":
            item["target"]?.scalar ?? item["source"]?.scalar ?? ""
        case "env_file": item["path"]?.scalar ?? ""
        default: text(of: item)
        }
    }

    /// A text that is equal for equal values, wherever they are written.
    private static func text(of node: ComposeNode) -> String {
        switch node.content {
        case .null: "null"
        case .scalar(let text): "'" + text + "'"
        case .list(let items): "[" + items.map(text).joined(separator: ",") + "]"
        case .map(let entries):
            "{" + entries.map { "\($0.key):\(text(of: $0.value))" }.joined(separator: ",") + "}"
        }
    }

    /// Lists that are one value: commands are not appended to each other.
    private static let replaced: Set<String> = ["command", "entrypoint", "test"]

    /// The tree without keys that ask to be removed where there was nothing to remove.
    static func withoutResets(_ node: ComposeNode) -> ComposeNode {
        var result = node
        if case .map(let entries) = node.content {
            result.content = .map(
                entries.filter { $0.value.joining != .reset }.map { entry in
                    var entry = entry
                    entry.value = withoutResets(entry.value)
                    return entry
                }
            )
        }
        return result
    }
}
