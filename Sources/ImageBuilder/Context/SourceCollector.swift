// SPDX-License-Identifier: Apache-2.0
// Finds the sources of COPY and ADD in a tree: globs, links, .dockerignore, --exclude, --parents. Steps of a
// build use it; every call blocks on the disk.

import ImageStore
import FoundationEssentials

/// The rules by which one instruction selects files of one tree.
struct SourceCollector {
    /// Most files of one instruction: more than any context has, and few enough for the memory.
    static let itemLimit = 1_000_000
    /// Deepest nesting of folders; the kernel's PATH_MAX allows no more than 2048.
    static let depthLimit = 2048

    let tree: FileTree
    /// The tree's name in messages: `the build context`, `stage 'x'`.
    let place: String
    /// .dockerignore; empty for stages and images.
    var ignore = IgnoreRules()
    var excludes = IgnoreRules()
    var keepsParents = false
    /// Whether files keep their owners: those of stages and images do, those of the context do not.
    var keepsOwners = false
    let isCancelled: @Sendable () -> Bool

    /// Every file of a source; a wildcard without a match has none.
    ///
    /// - Throws: ``StepFailure/noSource(_:place:)``, ``StepFailure/ignoredSource(_:)`` and failures of reading.
    func collect(_ written: String) throws(StepFailure) -> [CopySource] {
        if keepsParents { return try withParents(written).map { [$0] } ?? [] }
        var sources: [CopySource] = []
        for path in try matches(TreePath.clean(written), written: written) {
            sources += try source(path, name: TreePath.name(path), written: written).map { [$0] } ?? []
        }
        return sources
    }

    // MARK: Globs

    private func matches(_ path: String, written: String) throws(StepFailure) -> [String] {
        var found = [""]
        for component in TreePath.components(path) {
            let pattern: PathPattern
            do throws(SyntaxFailure) {
                pattern = try PathPattern(component, allowsDoubleStar: false)
            } catch {
                throw .argument(text: written, expected: error.expected)
            }
            var next: [String] = []
            for folder in found {
                guard pattern.isGlob else {
                    next.append(TreePath.join(folder, component))
                    continue
                }
                guard let resolved = try resolve(folder), resolved.node?.isDirectory == true else { continue }
                for name in try tree.names(resolved.path) where pattern.matches(name.unicodeScalars) {
                    next.append(TreePath.join(folder, name))
                }
            }
            found = next
            guard found.count <= Self.itemLimit else {
                throw .limit(what: "matches of '\(written)'", limit: Self.itemLimit)
            }
        }
        return found
    }

    private func missing(_ written: String) -> StepFailure { .noSource(written, place: place) }

    /// The target of a path; nil when a part of the path is a file instead of a folder.
    private func resolve(_ path: String) throws(StepFailure) -> ResolvedPath? {
        do throws(StepFailure) { return try tree.resolve(path) } catch .destinationOccupied { return nil }
    }

    /// Whether a source is a pattern instead of a name.
    private func isPattern(_ written: String) -> Bool {
        TreePath.components(written).contains {
            (try? PathPattern($0, allowsDoubleStar: false))?.isGlob == true
        }
    }

    // MARK: Listing

    /// Nil when a pattern matched an excluded or absent file.
    private func source(_ path: String, name: String, written: String) throws(StepFailure) -> CopySource? {
        let isGlob = isPattern(written)
        guard let resolved = try resolve(path) else {
            if isGlob { return nil }
            throw missing(written)
        }
        guard let node = resolved.node else {
            if isGlob { return nil }
            // The command line does not send excluded files.
            if ignore.excludes(resolved.path) { throw .ignoredSource(written) }
            throw missing(written)
        }
        let isExcluded = !resolved.path.isEmpty && ignore.excludes(resolved.path)
        if !node.isDirectory {
            if isExcluded {
                if isGlob { return nil }
                throw .ignoredSource(written)
            }
            if excludes.excludes(name) { return nil }
            guard let item = try item(node, at: resolved.path, as: "") else {
                throw .unsupportedFile(path: written, reason: "it is a socket")
            }
            return CopySource(name: name, items: [item], isContents: false, keepsOwners: keepsOwners)
        }
        if isExcluded, !ignore.mayInclude(below: resolved.path) {
            if isGlob { return nil }
            throw .ignoredSource(written)
        }
        var items = [SourceItem(path: "", node: node)]
        items[0].attributes = try tree.attributes(resolved.path)
        try walk(resolved.path, as: "", depth: 0, into: &items)
        return CopySource(name: name, items: items, isContents: true, keepsOwners: keepsOwners)
    }

    private func walk(
        _ folder: String,
        as place: String,
        depth: Int,
        into items: inout [SourceItem]
    ) throws(StepFailure) {
        guard depth < Self.depthLimit else { throw .limit(what: "depth of folders", limit: Self.depthLimit) }
        for name in try tree.names(folder) {
            if isCancelled() { throw .cancelled }
            let path = TreePath.join(folder, name)
            let target = TreePath.join(place, name)
            let isExcluded = ignore.excludes(path) || excludes.excludes(target)
            guard let node = try tree.node(path) else { continue }
            if isExcluded {
                let mayReturn = ignore.mayInclude(below: path) || excludes.mayInclude(below: target)
                guard node.isDirectory, mayReturn else { continue }
            }
            guard let item = try item(node, at: path, as: target) else { continue }
            guard items.count < Self.itemLimit else {
                throw .limit(what: "number of files", limit: Self.itemLimit)
            }
            items.append(item)
            guard node.isDirectory else { continue }
            let count = items.count
            try walk(path, as: target, depth: depth + 1, into: &items)
            // An excluded folder is present only if a `!` rule includes a file below it.
            if isExcluded, items.count == count { items.removeLast() }
        }
    }

    /// Nil for sockets, which cannot be copied.
    private func item(_ node: TreeNode, at path: String, as place: String) throws(StepFailure) -> SourceItem?
    {
        switch node.kind {
        case .file:
            let attributes = try tree.attributes(path)
            return SourceItem(
                path: place,
                node: node,
                attributes: attributes,
                content: .file(tree, path: path)
            )
        case .directory:
            return SourceItem(path: place, node: node, attributes: try tree.attributes(path))
        case .symbolicLink, .fifo: return SourceItem(path: place, node: node)
        case .socket: return nil
        case .device, .whiteout: throw .unsupportedFile(path: path, reason: "it is a device")
        }
    }

    // MARK: --parents

    /// All files of a source, below the folders that lead to it from `/./` or else from the root.
    private func withParents(_ written: String) throws(StepFailure) -> CopySource? {
        let pieces = written.components(separatedBy: "/./")
        let pivot = pieces.count > 1 ? TreePath.clean(pieces[0]) : ""
        let rest = pieces.count > 1 ? pieces.dropFirst().joined(separator: "/") : written
        var items: [SourceItem] = []
        var seen: Set<String> = [""]
        let full = TreePath.join(pivot, TreePath.clean(rest))
        for path in try matches(full, written: written) {
            guard let source = try source(path, name: TreePath.name(path), written: written) else { continue }
            let place = pivot.isEmpty ? path : String(path.dropFirst(pivot.count + 1))
            for folder in TreePath.ancestors(place) where seen.insert(folder).inserted {
                guard let node = try tree.resolve(TreePath.join(pivot, folder)).node else { continue }
                items.append(SourceItem(path: folder, node: node))
            }
            for item in source.items where seen.insert(TreePath.join(place, item.path)).inserted {
                var moved = item
                moved.path = TreePath.join(place, item.path)
                items.append(moved)
            }
        }
        guard !items.isEmpty else { return nil }
        return CopySource(name: "", items: items, isContents: true, keepsOwners: keepsOwners)
    }
}
