// SPDX-License-Identifier: Apache-2.0
// One name, one concept: the rule holds in the tree, and it sees what breaks it.

import Testing

@Suite("Homonyms")
struct HomonymsTests {
    private func files(_ declarations: (room: String, line: String)...) -> [SourceFile] {
        declarations.map { SourceFile("Sources/\($0.room)/File.swift", "import A\n\($0.line)\n") }
    }

    @Test("no two rooms of the tree declare a type of one name")
    func tree() {
        expectNone(Homonyms.violations(in: SourceTree.sources))
    }

    @Test(
        "a type that two rooms declare is found in both",
        arguments: [
            "struct Lease {}", "package final class Lease: Sendable {", "private enum Lease {",
            "package struct Lease: ~Copyable {", "package typealias Lease = Int", "indirect enum Lease {",
        ]
    )
    func found(line: String) {
        let found = Homonyms.violations(in: files(("A", "package protocol Lease {"), ("B", line)))
        #expect(found.map(\.path) == ["Sources/A/File.swift", "Sources/B/File.swift"])
        #expect(found.allSatisfy { $0.line == 2 && $0.message.contains("A and B") })
    }

    @Test(
        "nested types, extensions, functions and comments are no top-level types",
        arguments: [
            "    struct Lease {}", "extension Lease {}", "func lease(_ lease: Lease) {", "// struct Lease",
        ]
    )
    func notFound(line: String) {
        #expect(Homonyms.violations(in: files(("A", "struct Lease {}"), ("B", line))) == [])
    }

    @Test("one room may declare a name twice, and an allowed name may be in two rooms")
    func permitted() {
        let twice = files(("A", "private struct Lease {}"), ("A", "private struct Lease {}"))
        #expect(Homonyms.violations(in: twice) == [])
        let shared = files(("A", "struct Lease {}"), ("B", "struct Lease {}"))
        #expect(Homonyms.violations(in: shared, allowed: ["Lease": "a reason"]) == [])
        #expect(Homonyms.violations(in: shared, allowed: [:]).count == 2)
    }
}
