// SPDX-License-Identifier: Apache-2.0
// Lists the upper folder of a finished RUN. BuildRun uses it; every call blocks on the disk.

import ImageStore

/// Reads the names of an upper folder.
struct UpperReader {
    let tree: FileTree
    let isCancelled: @Sendable () -> Bool

    /// Every name below the root, folders before their content.
    func items() throws(StepFailure) -> [UpperItem] {
        var items: [UpperItem] = []
        try walk("", depth: 0, into: &items)
        return items
    }

    private func walk(_ folder: String, depth: Int, into items: inout [UpperItem]) throws(StepFailure) {
        let depthLimit = SourceCollector.depthLimit
        let itemLimit = SourceCollector.itemLimit
        guard depth < depthLimit else { throw .limit(what: "depth of folders", limit: depthLimit) }
        for name in try tree.names(folder) {
            if isCancelled() { throw .cancelled }
            let path = TreePath.join(folder, name)
            guard let node = try tree.node(path) else { continue }
            guard items.count < itemLimit else {
                throw .limit(what: "number of changed files", limit: itemLimit)
            }
            var item = UpperItem(path: path, node: node)
            switch node.kind {
            case .file:
                item.content = .file(tree, path: path)
                item.attributes = try tree.attributes(path)
            case .directory:
                item.attributes = try tree.attributes(path)
                item.isOpaque = try tree.isOpaque(path)
            default: break
            }
            items.append(item)
            if node.isDirectory { try walk(path, depth: depth + 1, into: &items) }
        }
    }
}
