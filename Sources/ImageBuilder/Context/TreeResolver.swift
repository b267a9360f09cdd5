// SPDX-License-Identifier: Apache-2.0
// Follows links within a tree, as if its root were "/". Pure.

import ImageStore

/// The target of a path after its links are followed.
struct ResolvedPath: Hashable {
    /// Free of links, except the last component when that should not be followed.
    var path: String
    /// Nil when the target does not exist.
    var node: TreeNode?
}

enum TreeResolver {
    /// Links followed on one path; the kernel has the same limit (path_resolution(7)).
    static let linkLimit = 40

    /// Follows links as if the tree's root were "/", so that none leads out of it.
    ///
    /// - Parameters:
    ///   - path: as written; `..` refers to the parent of a link's target.
    ///   - followsLast: whether a link as the last component is followed too.
    ///   - lookup: returns the file at a path that is free of links.
    /// - Returns: its target, which may be absent.
    /// - Throws: ``StepFailure`` for too many links, or a file where a folder is needed.
    static func resolve(
        _ path: String,
        followsLast: Bool = true,
        lookup: (String) throws(StepFailure) -> TreeNode?
    ) throws(StepFailure) -> ResolvedPath {
        var pending = Array(split(path).reversed())
        var current: [String] = []
        var node = try lookup("")
        var links = 0
        while let part = pending.popLast() {
            if part == ".." {
                _ = current.popLast()
                node = try lookup(current.joined(separator: "/"))
                continue
            }
            // An absent file or one that is no folder has nothing below it; the rest of the path is kept as written.
            let isFolder = node?.isDirectory == true
            let candidate = (current + [part]).joined(separator: "/")
            let found = isFolder ? try lookup(candidate) : nil
            if case .symbolicLink(let target) = found?.kind, followsLast || !pending.isEmpty {
                links += 1
                guard links <= linkLimit else {
                    throw .unsupportedFile(
                        path: path,
                        reason: "more than \(linkLimit) links refer to each other"
                    )
                }
                if target.hasPrefix("/") {
                    current = []
                    node = try lookup("")
                }
                pending += split(target).reversed()
                continue
            }
            if !isFolder, let node, !node.isDirectory {
                throw .destinationOccupied("/" + current.joined(separator: "/"))
            }
            current.append(part)
            node = found
        }
        return ResolvedPath(path: current.joined(separator: "/"), node: node)
    }

    private static func split(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }.filter { $0 != "." }
    }
}
