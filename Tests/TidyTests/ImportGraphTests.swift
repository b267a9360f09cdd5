// SPDX-License-Identifier: Apache-2.0
// The import graph holds in the tree, and the rule sees what breaks it.

import Testing

@Suite("Import graph")
struct ImportGraphTests {
    @Test("no file of the tree imports what its room must not")
    func tree() {
        expectNone(SourceTree.sources.flatMap { ImportGraph.violations(in: $0) })
    }

    @Test("no target of the manifest depends on a room that it must not import")
    func manifest() throws {
        let manifest = try #require(SourceTree.files.first { $0.path == "Package.swift" })
        expectNone(ImportGraph.manifestViolations(in: manifest))
    }

    @Test(
        "an import outside the graph is found",
        arguments: [
            ("Sources/Gateway/A.swift", "import Sandbox"),
            ("Sources/FunctionModel/A.swift", "import Foundation"),
            ("Sources/FunctionModel/A.swift", "import Logging"),
            ("Sources/FunctionStore/A.swift", "@testable import Scheduler"),
            ("Sources/Scheduler/A.swift", "import NIOPosix"),
            ("Sources/Scheduler/A.swift", "package import Hummingbird"),
            ("Sources/ImageStore/A.swift", "internal import struct GRDB.Row"),
            ("Sources/Gateway/A.swift", "import COpenSSL"),
            ("Sources/Scheduler/A.swift", "import CArchive"),
            ("Sources/ImageStore/A.swift", "import CSeccomp"),
            ("Sources/Gateway/A.swift", "import SomethingNew"),
            ("Sources/Cellar/A.swift", "import Foundation"),
            ("Sources/ImageStore/shim.h", "#include \"plan.h\""),
            ("Sources/CSpawner/a.c", "#include \"../ImageStore/plan.h\""),
        ]
    )
    func bad(path: String, line: String) {
        #expect(ImportGraph.violations(in: SourceFile(path, line)).count == 1)
    }

    @Test(
        "an import inside the graph is not",
        arguments: [
            ("Sources/FunctionModel/A.swift", "package import FoundationEssentials"),
            ("Sources/ImageStore/A.swift", "import Sandbox"),
            ("Sources/OCI/A.swift", "import COpenSSL"),
            ("Sources/Gateway/A.swift", "// import Sandbox"),
            ("Sources/Gateway/A.swift", "let text = \"import Sandbox\""),
            ("Sources/CSpawner/a.c", "#include \"wire.h\""),
            ("Sources/CSpawner/sandbox/a.c", "#include \"slot/slot.h\""),
        ]
    )
    func good(path: String, line: String) {
        #expect(ImportGraph.violations(in: SourceFile(path, line)) == [])
    }

    @Test("a manifest with a dependency outside the graph is found")
    func badManifest() {
        let manifest = SourceFile(
            "Package.swift",
            ".target(name: \"Gateway\",\n dependencies: [\"Sandbox\"])"
        )
        #expect(ImportGraph.manifestViolations(in: manifest).map(\.line) == [2])
    }

    @Test("every system library has one importer, OpenSSL three: digests, connections, signatures")
    func systemLibraries() {
        func importers(_ library: String) -> [String] {
            ImportGraph.allowed.filter { $0.key != "faasctl" && $0.value.contains(library) }.map(\.key)
                .sorted()
        }
        #expect(importers("CArchive") == ["ImageStore"])
        #expect(importers("CCurl") == ["HTTPClient"])
        #expect(importers("CSeccomp") == ["Sandbox"])
        #expect(importers("COpenSSL") == ["ACME", "OCI", "TLS"])
    }

    @Test("the graph has no cycle")
    func acyclic() {
        var left = ImportGraph.allowed
        while let leaf = left.first(where: { $0.value.isDisjoint(with: Set(left.keys)) }) {
            left[leaf.key] = nil
        }
        #expect(left.isEmpty)
    }

    @Test("the picture of the rooms in ARCHITECTURE.md is made of the table")
    func picture() throws {
        let page = try #require(SourceTree.files.first { $0.path == "docs/ARCHITECTURE.md" })
        let start = try #require(page.lines.firstIndex(of: "graph BT")) - 1
        let end = try #require(page.lines[(start + 1)...].firstIndex(of: "```"))
        #expect(Array(page.lines[start...end]) == ImportGraph.picture)
    }

    @Test("every arrow of the table is an import that some file has")
    func usedArrows() {
        var found: [String: Set<String>] = [:]
        for file in SourceTree.files where file.isSwift {
            guard let room = file.room, file.path.hasPrefix("Sources/") else { continue }
            found[room, default: []].formUnion(file.code.compactMap(ImportGraph.importedModule))
        }
        for (room, imports) in ImportGraph.allowed where room != "CSpawner" {
            #expect(imports.subtracting(found[room] ?? []) == [], "arrows of \(room) without an import")
        }
    }
}
