// SPDX-License-Identifier: Apache-2.0
// Paths inside a tree: relative to its root, components joined by "/"; empty for the root. Pure.

/// Functions over paths that cannot lead out of a tree.
package enum TreePath {
    /// Resolves `.`, `..` and repeated slashes in the text; `..` at the root is the root.
    package static func clean(_ path: String) -> String {
        components(path).joined(separator: "/")
    }

    /// The components of the cleaned path.
    package static func components(_ path: String) -> [String] {
        var result: [String] = []
        for part in path.utf8.split(separator: UInt8(ascii: "/")).map({ String(Substring($0)) }) {
            switch part {
            case ".": continue
            case "..": _ = result.popLast()
            default: result.append(part)
            }
        }
        return result
    }

    /// `name` below `folder`; either may be empty.
    package static func join(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        return name.isEmpty ? folder : folder + "/" + name
    }

    /// The last component; empty for the root.
    package static func name(_ path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }

    /// The path without its last component.
    package static func parent(_ path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
    }

    /// Every folder above the path, topmost first, without the root.
    package static func ancestors(_ path: String) -> [String] {
        path.utf8.indices.filter { path.utf8[$0] == UInt8(ascii: "/") }.map { String(path[..<$0]) }
    }

    /// Whether a path as written denotes a folder.
    package static func namesFolder(_ written: String) -> Bool {
        written.hasSuffix("/") || written == "." || written == ".." || written.hasSuffix("/.")
            || written.hasSuffix("/..")
    }

    /// Order by bytes, independent of locale and Unicode version.
    package static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
