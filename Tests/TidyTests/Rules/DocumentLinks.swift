// SPDX-License-Identifier: Apache-2.0
// Links of the documentation have a target, and the label of a link to a test is a title in that file.

enum DocumentLinks {
    /// Relative links whose target is absent, and links into Tests whose label the file does not hold.
    ///
    /// - Parameters:
    ///   - file: a Markdown file.
    ///   - tree: every file of the tree by its path.
    /// - Returns: one violation per dead link.
    static func violations(in file: SourceFile, tree: [String: SourceFile]) -> [Violation] {
        guard file.path.hasSuffix(".md") else { return [] }
        var found: [Violation] = []
        for (index, line) in file.lines.enumerated() {
            for link in links(line) where !link.target.contains("://") && !link.target.hasPrefix("#") {
                guard let message = fault(link, from: file.path, tree: tree) else { continue }
                found.append(Violation(path: file.path, line: index + 1, message: message))
            }
        }
        return found
    }

    private static func fault(
        _ link: (label: String, target: String),
        from path: String,
        tree: [String: SourceFile]
    ) -> String? {
        let target = resolve(link.target, from: path)
        guard let file = tree[target] else {
            let isFolder = tree.keys.contains { $0.hasPrefix(target + "/") }
            return isFolder ? nil : "\(link.target) does not exist"
        }
        guard target.hasPrefix("Tests/"), !file.lines.contains(where: { $0.contains(link.label) }) else {
            return nil
        }
        return "\(file.name) has no test '\(link.label)'"
    }

    /// `[label](target)`, as often as it occurs.
    private static func links(_ line: String) -> [(label: String, target: String)] {
        var found: [(label: String, target: String)] = []
        var rest = line[...]
        while let middle = rest.firstRange(of: "](") {
            let label = rest[..<middle.lowerBound].split(separator: "[", omittingEmptySubsequences: false)
                .last
            guard let end = rest[middle.upperBound...].firstIndex(of: ")") else { break }
            found.append((String(label ?? ""), String(rest[middle.upperBound..<end])))
            rest = rest[end...]
        }
        return found
    }

    private static func resolve(_ target: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "#")[0].split(separator: "/") {
            if part == ".." {
                if !parts.isEmpty { parts.removeLast() }
            } else if part != "." {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
