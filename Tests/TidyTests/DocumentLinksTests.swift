// SPDX-License-Identifier: Apache-2.0
// What the documentation points to exists: a promise names a test that is there.

import Testing

@Suite("Document links")
struct DocumentLinksTests {
    @Test("every link of the documentation leads to a file, and to the test that it names")
    func tree() {
        let tree = Dictionary(uniqueKeysWithValues: SourceTree.files.map { ($0.path, $0) })
        expectNone(SourceTree.files.flatMap { DocumentLinks.violations(in: $0, tree: tree) })
    }

    @Test(
        "a link to nothing and a link to a test that is not there are found",
        arguments: [
            ("[a](b.md)", 1), ("[it works](../Tests/A.swift)", 0), ("[it flies](../Tests/A.swift)", 1),
            ("[a](https://example.org/b), [b](../docs/c.md#x), [c](../docs)", 0), ("[a](c.md) [b](d.md)", 1),
        ]
    )
    func samples(line: String, count: Int) {
        let tree = [
            "Tests/A.swift": SourceFile("Tests/A.swift", "@Test(\"it works\")"),
            "docs/c.md": SourceFile("docs/c.md", ""),
        ]
        #expect(DocumentLinks.violations(in: SourceFile("docs/a.md", line), tree: tree).count == count)
    }
}
