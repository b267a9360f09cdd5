// SPDX-License-Identifier: Apache-2.0
// What a writable layer changes of the image below, as `docker diff` lists it. Pure except for the lookup in the image.

import ImageStore

/// One path that a container added, changed or removed.
package struct LayerDifference: Hashable, Sendable {
    /// What happened to it.
    package enum Kind: String, Hashable, Sendable {
        case added, changed, removed
    }

    package var kind: Kind
    /// Absolute.
    package var path: String

    package init(_ kind: Kind, _ path: String) {
        self.kind = kind
        self.path = path
    }
}

/// The tree below a layer.
struct LowerTree {
    var node: (String) throws(StepFailure) -> TreeNode?
    /// Names in a folder.
    var names: (String) throws(StepFailure) -> [String]
}

/// Compares the names of a layer with the tree below.
struct LayerComparison {
    private let lower: LowerTree
    private var kinds: [String: LayerDifference.Kind] = [:]
    /// Folders that hide what the tree below has in them.
    private var opaque: Set<String> = []

    /// Lists differences by path, folders before their content.
    ///
    /// A folder counts as changed where something in it does; one that was removed stands for its content.
    ///
    /// - Parameters:
    ///   - items: every name of the layer, folders before their content.
    ///   - lower: the image's tree.
    /// - Returns: the differences.
    /// - Throws: ``StepFailure`` where the image cannot be read, or the differences are too many.
    static func differences(_ items: [UpperItem], lower: LowerTree) throws(StepFailure) -> [LayerDifference] {
        var comparison = LayerComparison(lower: lower)
        for item in items { try comparison.add(item) }
        try comparison.addHidden(items)
        for path in Array(comparison.kinds.keys) {
            for folder in TreePath.ancestors(path) where comparison.kinds[folder] == nil && !folder.isEmpty {
                comparison.kinds[folder] = .changed
            }
        }
        return comparison.kinds.sorted { TreePath.precedes($0.key, $1.key) }
            .map { LayerDifference($0.value, "/" + $0.key) }
    }

    private init(lower: LowerTree) { self.lower = lower }

    private mutating func add(_ item: UpperItem) throws(StepFailure) {
        let before = try lower.node(item.path)
        if item.node.kind == .whiteout {
            if before != nil { kinds[item.path] = .removed }
            return
        }
        if item.node.isDirectory, item.isOpaque || opaque.contains(TreePath.parent(item.path)) {
            opaque.insert(item.path)
        }
        guard let before else {
            kinds[item.path] = .added
            return
        }
        if !Self.isSame(item.node, before) { kinds[item.path] = .changed }
    }

    /// What the tree below has in folders that hide it.
    private mutating func addHidden(_ items: [UpperItem]) throws(StepFailure) {
        let shown = Set(items.map(\.path))
        for folder in opaque where try lower.node(folder)?.isDirectory == true {
            for name in try lower.names(folder) {
                let path = TreePath.join(folder, name)
                guard !shown.contains(path) else { continue }
                guard kinds.count < SourceCollector.itemLimit else {
                    throw .limit(what: "number of changed files", limit: SourceCollector.itemLimit)
                }
                kinds[path] = .removed
            }
        }
    }

    /// As Docker compares: size and date of a folder say nothing.
    private static func isSame(_ node: TreeNode, _ before: TreeNode) -> Bool {
        guard node.kind == before.kind, node.uid == before.uid, node.gid == before.gid,
            node.mode == before.mode
        else { return false }
        return node.isDirectory
            || node.sizeBytes == before.sizeBytes && node.modifiedSeconds == before.modifiedSeconds
    }
}
