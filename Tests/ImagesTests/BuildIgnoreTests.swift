// SPDX-License-Identifier: Apache-2.0
// .dockerignore and the patterns in it.

import Testing

@testable import ImageBuilder

@Suite struct BuildIgnoreTests {
    /// Rules, a path, and whether it is excluded.
    static let table: [(String, String, Bool)] = [
        ("a", "a", true), ("a", "a/b", true), ("a", "b/a", false), ("/a/", "a", true), ("./a", "a/x", true),
        ("*.o", "x.o", true), ("*.o", "d/x.o", false), ("**/*.o", "x.o", true), ("**/*.o", "d/e/x.o", true),
        ("*/x", "d/x", true), ("*/x", "d/e/x", false), ("a/**", "a/b/c", true), ("a/**", "a", false),
        ("**/node_modules", "a/b/node_modules/c", true), ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "ab", false), ("**", "anything/at/all", true), ("x?z", "xyz", true), ("x?z", "x/z", false),
        ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("\\*", "*", true),
        ("\\*", "a", false), ("*\n!a", "a", false), ("*\n!a", "b", true), ("*\n!a\na", "a", true),
        ("*.md\n!README.md", "README.md", false), ("a\n!a/b", "a/b", false), ("a\n!a/b", "a/c", true),
        ("# a\nb", "# a", false), ("  a  ", "a", true), ("a/../b", "b", true), ("../a", "a", true),
        (".", "a", false),
        ("\u{FEFF}a", "a", true), ("a\r\nb\r\n", "a", true), ("é*", "été", true), ("*?**/x", "abx", true),
        ("*?**/x", "ab/c/x", true), ("*?**/x", "x", false),
        ("**/**/x", "x", true), ("**/**/x", "a/b/x", true), ("a**/b", "axx/y/b", true),
        ("a**", "a/b/c", true),
    ]

    @Test("the last rule that matches a path or a folder above it decides", arguments: table)
    func excludes(rules: String, path: String, expected: Bool) throws {
        #expect(try IgnoreRules(rules, file: ".dockerignore").excludes(path) == expected)
    }

    @Test(
        "a folder is looked into when a later rule may take something in it back",
        arguments: [
            ("a\n!a/b", "a", true), ("a\n!b", "a", false), ("a\n!**/x", "a", true),
            ("*\n!a/b/c", "a/b", true),
            ("*\n!ab/c", "a", false), ("a", "a", false),
        ]
    )
    func mayInclude(rules: String, folder: String, expected: Bool) throws {
        #expect(try IgnoreRules(rules, file: ".dockerignore").mayInclude(below: folder) == expected)
    }

    @Test(
        "a malformed rule is reported with its line",
        arguments: ["ok\n!", "ok\n[a", "ok\n[b-a]", "ok\n[]", "ok\na\\"]
    )
    func malformed(rules: String) {
        let error = #expect(throws: DockerfileError.self) { try IgnoreRules(rules, file: ".dockerignore") }
        #expect(error?.location == DockerfileLocation(file: ".dockerignore", line: 2))
    }

    @Test("a pattern of many stars takes no time")
    func stars() throws {
        let pattern = try PathPattern(String(repeating: "*a", count: 100) + "b", allowsDoubleStar: true)
        #expect(!pattern.matches(String(repeating: "a", count: 2000).unicodeScalars))
    }
}
