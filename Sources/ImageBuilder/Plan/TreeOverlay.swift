// SPDX-License-Identifier: Apache-2.0
// A stage's tree during its build: an unpacked tree, and the changes of later steps. Pure except for
// the lookup in the unpacked tree, which the caller passes.

import ImageStore

/// The entries of steps since the last unpacking.
struct TreeOverlay: Sendable {
    private var nodes: [String: TreeNode] = [:]
    /// Paths where a file or link has replaced a folder: the old content stays hidden, even below a new folder.
    private var covered: Set<String> = []

    /// Adds the entries of a layer.
    mutating func add(_ entries: [LayerEntry]) {
        for entry in entries {
            let node = entry.node
            if !node.isDirectory, nodes[entry.path]?.isDirectory ?? true { cover(entry.path) }
            nodes[entry.path] = node
        }
    }

    private mutating func cover(_ path: String) {
        covered.insert(path)
        for below in nodes.keys where below.hasPrefix(path + "/") { nodes[below] = nil }
    }

    /// The file at a path that is free of links.
    func node(
        _ path: String,
        below: (String) throws(StepFailure) -> TreeNode?
    ) throws(StepFailure) -> TreeNode? {
        if let node = nodes[path] { return node }
        if !covered.isEmpty, TreePath.ancestors(path).contains(where: covered.contains) { return nil }
        if let node = try below(path) { return node }
        // An empty image has a root, too.
        return path.isEmpty ? TreeNode(kind: .directory, mode: 0o755) : nil
    }
}

extension LayerEntry {
    /// The file at the entry's path once it is unpacked.
    var node: TreeNode {
        let kind: TreeNode.Kind =
            switch self.kind {
            case .directory: .directory
            case .file, .hardLink: .file
            case .symbolicLink(let target): .symbolicLink(target: target)
            case .fifo: .fifo
            }
        return TreeNode(kind: kind, mode: mode, uid: uid, gid: gid)
    }
}
