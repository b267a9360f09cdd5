// SPDX-License-Identifier: Apache-2.0
// Lists the upper folder of a finished RUN, or of a container. BuildRun and ContainerLayer use it; every call blocks on the disk.

import ImageStore

/// Reads the names of an upper folder.
struct UpperReader {
    let tree: FileTree
    /// Whether a program may change the folder meanwhile: what has gone is left out.
    var isLive = false
    let isCancelled: @Sendable () -> Bool

    /// Bytes of all paths and extended attributes: a build's and a container's program decide how long they are.
    static let textBytesMax = 64 << 20

    /// Every name below the root, folders before their content.
    func items() throws(StepFailure) -> [UpperItem] {
        var items: [UpperItem] = []
        var textBytes = 0
        try walk("", depth: 0, into: &items, &textBytes)
        return items
    }

    private func walk(
        _ folder: String,
        depth: Int,
        into items: inout [UpperItem],
        _ textBytes: inout Int
    ) throws(StepFailure) {
        let depthLimit = SourceCollector.depthLimit
        let itemLimit = SourceCollector.itemLimit
        guard depth < depthLimit else { throw .limit(what: "depth of folders", limit: depthLimit) }
        for name in try names(folder) {
            if isCancelled() { throw .cancelled }
            let path = TreePath.join(folder, name)
            guard let node = try tree.node(path) else { continue }
            guard items.count < itemLimit else {
                throw .limit(what: "number of changed files", limit: itemLimit)
            }
            var item = UpperItem(path: path, node: node)
            guard try read(&item, path) else { continue }
            textBytes += item.attributes.reduce(path.utf8.count) { $0 + $1.name.utf8.count + $1.value.count }
            guard textBytes <= Self.textBytesMax else {
                throw .limit(what: "bytes of changed paths and attributes", limit: Self.textBytesMax)
            }
            items.append(item)
            if node.isDirectory { try walk(path, depth: depth + 1, into: &items, &textBytes) }
        }
    }

    private func names(_ folder: String) throws(StepFailure) -> [String] {
        do throws(StepFailure) { return try tree.names(folder) } catch {
            if isGone(folder) { return [] }
            throw error
        }
    }

    /// - Returns: false when it has gone.
    private func read(_ item: inout UpperItem, _ path: String) throws(StepFailure) -> Bool {
        do throws(StepFailure) {
            switch item.node.kind {
            case .file:
                item.content = .file(tree, path: path)
                item.attributes = try tree.attributes(path)
            case .directory:
                item.attributes = try tree.attributes(path)
                item.isOpaque = try tree.isOpaque(path)
            default: break
            }
            return true
        } catch {
            if isGone(path) { return false }
            throw error
        }
    }

    private func isGone(_ path: String) -> Bool {
        // Where the second look fails as well, the first failure counts.
        isLive && !path.isEmpty && (try? tree.node(path)) == .some(nil)
    }
}
