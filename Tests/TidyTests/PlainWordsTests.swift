// SPDX-License-Identifier: Apache-2.0
// Plain words: the rule holds in the tree, and it sees what breaks it.

import Testing

@Suite("Plain words")
struct PlainWordsTests {
    @Test("no document, comment or title of the tree hides its subject")
    func tree() {
        expectNone(SourceTree.files.flatMap { PlainWords.violations(in: $0) })
    }

    @Test("each phrase is found in documents, comments and titles", arguments: PlainWords.phrases)
    func found(phrase: String) {
        let samples = [
            SourceFile("docs/a.md", "First line.\nThere \(phrase), it says."),
            SourceFile("Sources/A/a.swift", "let a = 1\n    /// \(phrase.uppercased()) of it."),
            SourceFile("Sources/CSpawner/a.c", "int a;\n// x \(phrase)"),
            SourceFile("Tests/ATests/a.swift", "\n    @Test(\"what \(phrase) sees\")"),
        ]
        for sample in samples {
            #expect(PlainWords.violations(in: sample).map(\.line) == [2], "\(sample.path)")
        }
    }

    @Test(
        "names in code and longer words are not found",
        arguments: [
            ("docs/a.md", "the user `nobody` of the host"), ("docs/a.md", "```\nsudo -u nobody\n```"),
            ("a.swift", "let nobody = 65534"), ("a.swift", "run(\"nobody\")"), ("a.swift", "// `nobody`"),
            ("a.swift", "// nobodyElse"), ("docs/a.md", "it stands"), ("scripts/a", "# nobody"),
        ]
    )
    func notFound(path: String, text: String) {
        #expect(PlainWords.violations(in: SourceFile(path, text)) == [])
    }
}
