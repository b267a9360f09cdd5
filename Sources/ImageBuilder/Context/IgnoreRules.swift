// SPDX-License-Identifier: Apache-2.0
// .dockerignore: the files of the context that a build does not see (Dockerfile reference, ".dockerignore file").
// The build context uses it; pure.

import ImageStore

/// The rules of one .dockerignore; the last that matches a path, or a folder above it, decides.
struct IgnoreRules: Hashable {
    private struct Rule: Hashable {
        var pattern: PathPattern
        /// `!pattern` includes excluded files again.
        var includes: Bool
    }

    /// Largest .dockerignore in bytes; each of its lines is matched against every file of the context.
    static let sizeLimit = 1 << 20
    /// Most lines with a pattern; see above.
    static let ruleLimit = 10_000

    private var rules: [Rule] = []

    /// Ignores nothing.
    init() {}

    /// Parses the file's text.
    init(_ text: String, file: String) throws(DockerfileError) {
        let body = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        let lines = body.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let line = Substring(bytes)
            if line.hasPrefix("#") { continue }
            do throws(SyntaxFailure) {
                try add(line.trimmingBlanks)
            } catch {
                let location = DockerfileLocation(file: file, line: index + 1)
                throw DockerfileError(location: location, text: error.text, expected: error.expected)
            }
        }
    }

    /// Reads the patterns of `--exclude`.
    init(patterns: [String]) throws(SyntaxFailure) {
        for pattern in patterns { try add(pattern[...]) }
    }

    private mutating func add(_ line: Substring) throws(SyntaxFailure) {
        guard !line.isEmpty else { return }
        let includes = line.hasPrefix("!")
        let written = includes ? line.dropFirst().trimmingBlanks : line
        let path = TreePath.clean(String(written))
        guard !written.isEmpty else { throw SyntaxFailure(String(line), expected: "a pattern after '!'") }
        guard rules.count < Self.ruleLimit else {
            throw SyntaxFailure(String(line), expected: "at most \(Self.ruleLimit) patterns")
        }
        // "/" and "." name the context itself, which cannot be excluded.
        guard !path.isEmpty else { return }
        let pattern = try PathPattern(path, allowsDoubleStar: true)
        rules.append(Rule(pattern: pattern, includes: includes))
    }

    /// Whether a path relative to the context is excluded.
    func excludes(_ path: String) -> Bool {
        let scalars = Array(path.unicodeScalars)
        // The path and each folder above it.
        let ends = scalars.indices.filter { scalars[$0] == "/" } + [scalars.count]
        var isExcluded = false
        for rule in rules where rule.includes == isExcluded {
            if ends.contains(where: { rule.pattern.matches(scalars[..<$0]) }) { isExcluded = !rule.includes }
        }
        return isExcluded
    }

    /// Whether a `!` rule may include a file below an excluded folder.
    func mayInclude(below folder: String) -> Bool {
        let prefix = folder + "/"
        return rules.contains { rule in
            rule.includes
                && (prefix.hasPrefix(rule.pattern.literalPrefix)
                    || rule.pattern.literalPrefix.hasPrefix(prefix))
        }
    }
}
