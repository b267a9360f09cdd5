// SPDX-License-Identifier: Apache-2.0
// Rules that look at single lines: each holds in the tree, and each sees a bad sample.

import Testing

@Suite("Source rules")
struct SourceRulesTests {
    @Test("the tree is found: its manifest, its rooms and this file")
    func treeIsThere() {
        #expect(SourceTree.files.contains { $0.path == "Package.swift" })
        #expect(SourceTree.files.contains { $0.path == "Tests/TidyTests/SourceRulesTests.swift" })
        #expect(Set(SourceTree.sources.compactMap(\.room)).isSuperset(of: ["FunctionModel", "Sandbox"]))
    }

    @Test("no forbidden call in the tree")
    func calls() {
        expectNone(SourceTree.swift.flatMap { ForbiddenCode.violations(in: $0) })
    }

    @Test(
        "a forbidden call is found",
        arguments: [
            "print(a)", "if a { print(b) }", "let a = try! b()", "fatalError(\"\")",
            "@Test(.disabled(\"later\"))",
        ]
    )
    func badCall(line: String) {
        #expect(ForbiddenCode.violations(in: SourceFile("Sources/A/a.swift", line)).count == 1)
    }

    @Test(
        "what only looks like a forbidden call is not",
        arguments: ["footprint(a)", "// print(a)", "let a = \"print(b)\"", "writer.print(a)", "try a() != b"]
    )
    func goodCall(line: String) {
        #expect(ForbiddenCode.violations(in: SourceFile("Sources/A/a.swift", line)) == [])
    }

    @Test("no mark of unfinished work in the tree")
    func marks() {
        expectNone(SourceTree.files.flatMap { ForbiddenCode.markViolations(in: $0) })
    }

    @Test("a mark of unfinished work is found, also in a comment", arguments: ForbiddenCode.marks)
    func badMark(mark: String) {
        #expect(ForbiddenCode.markViolations(in: SourceFile("a.c", "// \(mark): later")).count == 1)
        #expect(ForbiddenCode.markViolations(in: SourceFile("a.c", "/tmp/\(mark)YY")) == [])
    }

    @Test("no word in the tree that only one machine understands")
    func words() {
        expectNone(SourceTree.files.flatMap { ForbiddenWords.violations(in: $0) })
    }

    @Test("a word of one machine is found", arguments: ForbiddenWords.words)
    func badWord(word: String) {
        #expect(!ForbiddenWords.violations(in: SourceFile("docs/a.md", "see \(word)x")).isEmpty)
    }

    @Test("every source file and script names its licence first")
    func licences() {
        expectNone(SourceTree.files.flatMap { FileHeads.licenceViolations(in: $0) })
    }

    @Test(
        "a file without its licence is found",
        arguments: [
            ("a.swift", "import A"), ("a.c", "int a;"), ("a.h", ""), ("scripts/run", "#!/bin/sh\nset -e"),
            ("a.py", "import os"),
        ]
    )
    func badLicence(path: String, text: String) {
        #expect(FileHeads.licenceViolations(in: SourceFile(path, text)).count == 1)
        let mended = "#!/bin/sh\n# \(FileHeads.licence)\n"
        #expect(FileHeads.licenceViolations(in: SourceFile("scripts/run", mended)) == [])
    }

    @Test("C is only where it belongs")
    func c() {
        expectNone(SourceTree.sources.flatMap { FileHeads.cViolations(in: $0) })
        #expect(FileHeads.cViolations(in: SourceFile("Sources/ImageStore/tar.c", "int a;")).count == 1)
        #expect(FileHeads.cViolations(in: SourceFile("Sources/CArchive/shim.h", "int a;")) == [])
    }

    @Test("every package declaration in the tree is explained")
    func documentation() {
        expectNone(SourceTree.sources.flatMap { Documentation.violations(in: $0) })
    }

    @Test(
        "a package declaration without a comment is found",
        arguments: [
            "package struct A {}", "    package func a() {}", "package static func a() {}",
            "@objc package enum A {}",
            "package final class A {}", "    package class func a() {}",
        ]
    )
    func undocumented(line: String) {
        #expect(Documentation.violations(in: SourceFile("Sources/A/a.swift", line)).count == 1)
        let explained = "/// What it is.\n@inlinable\n" + line
        #expect(Documentation.violations(in: SourceFile("Sources/A/a.swift", explained)) == [])
    }

    @Test("every switched-off check in the tree has its reason")
    func safety() {
        expectNone(SourceTree.swift.flatMap { SafetyComments.violations(in: $0) })
    }

    @Test(
        "a switched-off check without a reason is found",
        arguments: ["final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1"]
    )
    func unsafe(line: String) {
        #expect(SafetyComments.violations(in: SourceFile("a.swift", line)).count == 1)
        #expect(SafetyComments.violations(in: SourceFile("a.swift", "// SAFETY: one thread.\n" + line)) == [])
        #expect(
            SafetyComments.violations(in: SourceFile("a.swift", "// SAFETY: x\n\n\n\n\n" + line)).count == 1
        )
    }

    @Test("no state machine in the tree looks at a clock, waits or throws dice")
    func stateMachines() {
        expectNone(SourceTree.swift.flatMap { StateMachines.violations(in: $0) })
    }

    @Test(
        "a state machine with a clock, a wait or chance is found",
        arguments: [
            "let now = Date()", "let now = ContinuousClock.now", "try await clock.wait()", "Task { a() }",
            "let a = UUID()", "let a = Int.random(in: 0..<3)", "sleep(1)",
        ]
    )
    func badState(line: String) {
        #expect(!StateMachines.violations(in: SourceFile("Sources/A/PoolState.swift", line)).isEmpty)
        #expect(StateMachines.violations(in: SourceFile("Sources/A/Pool.swift", line)) == [])
    }

    @Test("no state machine in the tree holds a continuation, a task, a channel or a descriptor")
    func stateResources() {
        expectNone(SourceTree.swift.flatMap { StateMachines.resources(in: $0) })
    }

    @Test(
        "a state machine that holds what its driver should is found",
        arguments: [
            "struct PoolState {\n    var waiter: CheckedContinuation<Void, Never>?\n}",
            "private final class State {\n    var work: Task<Void, Never>?\n}",
            "struct PoolState {\n    enum Wait { case one(CheckedContinuation<Void, Never>) }\n}",
            "enum LinkState {\n    case open(any Channel)\n}",
            "struct PoolState:\n    ~Copyable\n{\n    var socket: OwnedDescriptor\n}",
            "struct PoolState {\n    var descriptor: Int32\n}",
            "extension Pool.State {\n    func end(_ waiter: CheckedContinuation<Void, Never>) {}\n}",
            "let state = Mutex(PoolState<CheckedContinuation<Void, Never>>())",
        ]
    )
    func badStateResource(text: String) {
        #expect(StateMachines.resources(in: SourceFile("Sources/A/Pool.swift", text)).count == 1)
        #expect(StateMachines.resources(in: SourceFile("Tests/A/Pool.swift", text)) == [])
        let driver = text.replacing("State", with: "Driver")
        #expect(StateMachines.resources(in: SourceFile("Sources/A/Pool.swift", driver)) == [])
    }

    @Test("a driver beside its state machine is not mistaken for it")
    func stateBesideDriver() {
        let text = """
            struct PoolState { var isOpen = false }
            struct StageState {
                var layers: [Layer]
            }
            struct Driver { var state = PoolState(); var task: Task<Void, Never>? }
            """
        #expect(StateMachines.resources(in: SourceFile("Sources/A/Pool.swift", text)) == [])
    }

    @Test("every test in the tree runs")
    func attributes() {
        expectNone(SourceTree.swift.flatMap { TestAttributes.violations(in: $0) })
    }

    @Test(
        "a test without its attribute is found",
        arguments: [
            "    func testIt() {\n        run()\n    }",
            "    func works() throws {\n        #expect(run())\n    }",
        ]
    )
    func unattributed(function: String) {
        func sample(_ attribute: String) -> SourceFile {
            SourceFile(
                "Tests/ATests/A.swift",
                "import Testing\n@Suite struct A {\n\(attribute)\(function)\n}"
            )
        }
        #expect(TestAttributes.violations(in: sample("")).count == 1)
        #expect(TestAttributes.violations(in: sample("    @Test(\n        \"it works\"\n    )\n")) == [])
    }
}
