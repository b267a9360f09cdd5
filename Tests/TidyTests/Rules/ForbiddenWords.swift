// SPDX-License-Identifier: Apache-2.0
// Traces of one developer's machine or of papers that are not in the tree: they mean nothing to a reader.

enum ForbiddenWords {
    /// Put together here so that this file does not hold them.
    static let words = [
        "/wo" + "rk/", "/tmp" + "/w/", "bash_" + "jobs", "/fa" + "rm/", ".lib" + "rary/",
        "DESIGN" + ".md", "STYLE" + ".md", "COMMON" + ".md", "contracts" + "/sandbox",
        "contracts" + "/images",
        "contracts" + "/cgi", "contracts" + "/cron", "contracts" + "/openfaas", "contracts" + "/lambda",
    ]

    /// Lines that hold one of the words.
    static func violations(in file: SourceFile) -> [Violation] {
        var found: [Violation] = []
        for (index, line) in file.lines.enumerated() {
            for word in words where line.contains(word) {
                found.append(
                    Violation(path: file.path, line: index + 1, message: "'\(word)' is not part of this tree")
                )
            }
        }
        return found
    }
}
